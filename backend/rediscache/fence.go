package rediscache

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// ErrFenced is wrapped in the error of a server that has fewer replicas than its
// min-replicas-to-write. Another server may have been promoted, and have purges
// that this one will never hear of: nothing that it has stored is served.
var ErrFenced = errors.New("the server is fenced: it has lost its replicas, and another may be the master now")

// A Redis that has lost its replicas refuses writes, if min-replicas-to-write says
// so, and goes on to answer reads:
//
//	1  B is promoted; A does not know          A has lost its replica, and is fenced
//	2  a save is purged on B
//	3  a process that still reaches A reads    A's head and A's page agree
//
// ROLE, scripts that only read and WAIT are answered in step 3. UNLINK is a write,
// and is refused. Of a key that is not there it changes nothing and replicates
// nothing. It is asked together with the confirm script, and is not part of it:
// before Redis 7.0 scripts may write in spite of the fence.

// What the confirm script finds in INFO about the fence.
const (
	guardHidden  = 0 // there is no INFO
	guardAlone   = 1 // no fence, and no replica that could be promoted
	guardMissing = 2 // no fence, but replicas
	guardSet     = 3
)

// askFence asks whether the server would take a write. Ask it after the command by
// which go-redis judges whether to try again: NOREPLICAS is a reason for it, and
// takes all the time that a lookup has.
func (b *Backend) askFence(ctx context.Context, c redis.Cmdable) *redis.IntCmd {
	return c.Unlink(ctx, b.fenceKey)
}

// believe returns nil if the answer of askFence lets a head be believed, and
// whether the answer says anything of a fence. A server that cannot write to its
// disk says so first, fenced or not.
func believe(answer error, guard int64) (asked bool, err error) {
	switch {
	case answer == nil:
		return true, nil
	case redis.HasErrorPrefix(answer, "NOPERM"), redis.HasErrorPrefix(answer, "unknown command"):
		return false, nil
	case redis.HasErrorPrefix(answer, "MISCONF") && (guard == guardAlone || guard == guardMissing):
		return true, nil
	}
	return true, named(answer)
}

// named wraps [ErrFenced] around the answer of a server that is fenced.
func named(err error) error {
	if redis.HasErrorPrefix(err, "NOREPLICAS") {
		return fmt.Errorf("%w: %w", ErrFenced, err)
	}
	return err
}
