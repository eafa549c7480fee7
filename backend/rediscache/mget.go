package rediscache

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
)

// readHeads reads the head, and the values under keys, in one round trip. A value is a
// string, or nil if there is none.
func (b *Backend) readHeads(ctx context.Context, keys []string) (values []any, head cache.Position, err error) {
	if !b.noMGET.Load() {
		if values, head, err = b.mget(ctx, keys); err == nil || !refusesMGET(err) {
			return values, head, err
		}
		b.noMGET.Store(true)
	}
	return b.getEach(ctx, keys)
}

// mget reads the head, and the values under keys, with one command. If the server's last
// answer cannot be relied on, one of the reads that are under way asks the server in the
// same round trip. The others rely on its answer if it comes before they end:
//
//  1. the ask begins; no connection is dialled from now on
//  2. a read ends, over a connection that was there at 1
//  3. the answer is in, and says whose history that was: the read's head counts
//
// If a connection is dialled meanwhile, or the answer comes too late, their head is 0.
// Then the log is read, once for all of them.
func (b *Backend) mget(ctx context.Context, keys []string) (values []any, head cache.Position, err error) {
	h := b.last.Load().history
	args := make([]any, 0, 2+len(keys))
	args = append(args, "mget", b.headArg)
	for _, key := range keys {
		args = append(args, b.valueKey(key))
	}
	cmd := redis.NewSliceCmd(ctx, args...)
	asks := h.answer() == nil && h.mayAsk()
	if !asks {
		err = b.rdb.Process(ctx, cmd)
	} else {
		defer h.asking.Store(false)
		// The head goes first: go-redis judges by the first reply whether to try
		// again elsewhere, as when the server has become a replica.
		pipe := b.rdb.Pipeline()
		asked := b.askHead(ctx, pipe, h, 0)
		_ = pipe.Process(ctx, cmd)
		_, _ = pipe.Exec(ctx) // each command has its own error
		head, err = asked.orZero(), cmd.Err()
	}
	if values = cmd.Val(); err != nil || len(values) != len(args)-1 {
		return nil, 0, cmp.Or(err, fmt.Errorf("MGET of %d keys replied %d values", len(args)-1, len(values)))
	}
	if relied := h.answer(); !asks && relied != nil {
		text, _ := values[0].(string)
		head = h.plain(text, relied).pos
	}
	return values[1:], head, nil
}

// refusesMGET reports whether err says that MGET will be refused again, and GET
// may not be.
func refusesMGET(err error) bool {
	return redis.HasErrorPrefix(err, "CROSSSLOT") || redis.HasErrorPrefix(err, "NOPERM") || redis.HasErrorPrefix(err, "unknown command")
}

// getEach does what mget does by GETs in a pipeline, where MGET is refused: by a
// node of a cluster that is used as if it were a server by itself, and to a user
// who may only GET.
func (b *Backend) getEach(ctx context.Context, keys []string) ([]any, cache.Position, error) {
	pipe := b.rdb.Pipeline()
	head := b.readHead(ctx, pipe, b.last.Load().history, 0) // first, see mget
	cmds := make([]*redis.StringCmd, len(keys))
	for i, key := range keys {
		cmds[i] = pipe.Get(ctx, b.valueKey(key))
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	values := make([]any, len(keys))
	for i, cmd := range cmds {
		switch text, err := cmd.Result(); {
		case err == nil:
			values[i] = text
		case !errors.Is(err, redis.Nil) && !redis.HasErrorPrefix(err, "WRONGTYPE"): // which MGET takes for nothing
			return nil, 0, err
		}
	}
	return values, head.orZero(), nil
}
