package cache

import (
	"context"
	"time"

	"github.com/uncache/uncache/internal/isnil"
)

// A Backend is a [Cache] and a [Log]: what coherent.New needs. memory.New and
// rediscache.New return one.
type Backend interface {
	Cache
	Log
}

// Join makes a Backend of a Cache and a Log that come from different places: a
// third party's store with somebody's log. The optional abilities of either
// ([HeadGetter] excepted, which reads both) stay usable.
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
	j := joined{Cache: c, Log: l}
	local, isLocal := c.(Local)
	head, hasHead := l.(LocalLog)
	switch {
	case isLocal && hasHead:
		return struct {
			joined
			localValues
			LocalHead
		}{j, local, head}
	case isLocal:
		return struct {
			joined
			localValues
		}{j, local}
	case hasHead:
		return struct {
			joined
			LocalHead
		}{j, head}
	}
	return j
}

// localValues is the ability of a [Local].
type localValues interface {
	GetLocal(key []byte) (value any, ok bool)
	SetLocal(key string, value any, size int, ttl time.Duration)
}

type joined struct {
	Cache
	Log
}

// Tiers lets a Cache that is several caches stay so when it is joined. A tier
// that reads a head beside its values reads that of a log of its own, which is
// not the one that was joined: it is hidden.
func (j joined) Tiers() []Cache {
	tiers := append([]Cache(nil), Tiers(j.Cache)...)
	for i, t := range tiers {
		if h, ok := t.(HeadGetter); ok {
			tiers[i] = withoutHead(h)
		}
	}
	return tiers
}

// withoutHead returns h with all that it can do except reading a head.
func withoutHead(h HeadGetter) Cache {
	leaser, leases := h.(Leaser)
	reacher, reaches := h.(Reacher)
	switch {
	case leases && reaches:
		return struct {
			Leaser
			reach
		}{leaser, reacher}
	case leases:
		return struct{ Leaser }{leaser}
	case reaches:
		return struct{ Reacher }{reacher}
	}
	return struct{ Cache }{h}
}

type reach interface {
	Reach(ctx context.Context) error
}
