package cache

import (
	"context"
	"errors"

	"github.com/uncache/uncache/internal/isnil"
)

// A Backend is a [Cache] and a [Log]: what coherent.New needs. memory.New and
// rediscache.New return one.
type Backend interface {
	Cache
	Log
}

// Join makes a Backend of a Cache and a Log that come from different places: a
// third party's store with somebody's log.
//
// The abilities of the store stay, in [Tiers] of the Backend: [Local], [Leaser].
// Those of the log stay, too: [LocalLog], [TxLog], [Waiter]. [HeadGetter] does not: it
// reads another log.
//
// The log decides how far the guarantees reach. A log in the memory of one
// process protects that process; a store shared by several processes needs a
// log that they share too.
//
// Join panics if one of them is nil.
func Join(c Cache, l Log) Backend {
	switch {
	case isnil.Value(c):
		panic("cache: Join: the Cache is nil")
	case isnil.Value(l):
		panic("cache: Join: the Log is nil")
	}
	j := joined{c, l}
	if head, ok := l.(LocalLog); ok {
		return joinedLocal{j, head}
	}
	return j
}

// joined is a Cache and a Log. What the Cache can do beside is found in its tiers.
type joined struct {
	Cache
	Log
}

// Tiers returns the tiers of the Cache. A tier that reads a head beside its values
// reads that of a log of its own, which is not the one that was joined. So that
// ability is hidden.
func (j joined) Tiers() []Cache {
	tiers := append([]Cache(nil), Tiers(j.Cache)...)
	for i, t := range tiers {
		if h, ok := t.(HeadGetter); ok {
			tiers[i] = withoutHead(h)
		}
	}
	return tiers
}

// AppendTx implements [TxLog]. A log that is none is in no transaction's database.
func (j joined) AppendTx(ctx context.Context, exec Exec, e Event) (ok bool, err error) {
	if l, ok := j.Log.(TxLog); ok {
		return l.AppendTx(ctx, exec, e)
	}
	return false, nil
}

// Wait implements [Waiter].
func (j joined) Wait(ctx context.Context, after Position) error {
	if l, ok := j.Log.(Waiter); ok {
		return l.Wait(ctx, after)
	}
	return errors.ErrUnsupported
}

// joinedLocal is a joined with a log in this process's memory.
type joinedLocal struct {
	joined
	head LocalLog
}

// Head implements [LocalLog].
func (j joinedLocal) Head() Position { return j.head.Head() }

// reach is what package coherent asks of a store that keeps connections.
type reach interface {
	Reach(ctx context.Context) error
}

// withoutHead returns h with all that it can do except reading a head.
func withoutHead(h HeadGetter) Cache {
	leaser, leases := h.(Leaser)
	connections, reaches := h.(reach)
	switch {
	case leases && reaches:
		return struct {
			Leaser
			reach
		}{leaser, connections}
	case leases:
		return struct{ Leaser }{leaser}
	case reaches:
		return struct {
			Cache
			reach
		}{h, connections}
	}
	return struct{ Cache }{h}
}
