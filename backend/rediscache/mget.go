package rediscache

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
)

// readHeads reads the head, and the values under keys, in one round trip.
func (b *Backend) readHeads(ctx context.Context, into []read, keys ...string) {
	var values []any
	var head cache.Position
	var err error
	refused := b.noMGET.Load()
	if !refused {
		if values, head, err = b.mget(ctx, keys); err != nil && refusesMGET(err) {
			refused = true
			b.noMGET.Store(true)
		}
	}
	if refused {
		values, head, err = b.getEach(ctx, keys)
	}
	for i, key := range keys {
		r := &into[i]
		if r.head = head; err != nil {
			r.err = failedGet(key, err)
		} else if text, ok := values[i].(string); ok {
			r.value, r.ok = bytesOf(text), true
		}
	}
}

// mget reads the values under keys and, if the server's last answer can be relied
// on, the head with the same command; otherwise it asks the server first.
func (b *Backend) mget(ctx context.Context, keys []string) (values []any, head cache.Position, err error) {
	h := b.last.Load().history
	relied := h.answer()
	args := make([]any, 0, 2+len(keys))
	args = append(args, "mget")
	if relied != nil {
		args = append(args, b.headArg)
	}
	for _, key := range keys {
		args = append(args, b.valueKey(key))
	}
	cmd := redis.NewSliceCmd(ctx, args...)
	if relied != nil {
		err = b.rdb.Process(ctx, cmd)
	} else {
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
	if relied != nil {
		text, _ := values[0].(string)
		head, values = h.plain(text, relied).pos, values[1:]
	}
	return values, head, nil
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
