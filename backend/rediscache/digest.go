package rediscache

import (
	"context"
	"crypto/sha1"
	"encoding/hex"

	"github.com/redis/go-redis/v9"
)

// appendDigest is the name by which Redis knows the append script once it has run:
// 2.3 KB less each time. It is empty where Go refuses to make it (fips140=only).
var appendDigest = digest(appendScript)

func digest(script string) (name string) {
	defer func() { _ = recover() }()
	sum := sha1.Sum([]byte(script))
	return hex.EncodeToString(sum[:])
}

// byDigest runs the append script, by its digest if Redis may know that. It does not
// after a restart, on another node of a cluster, or after SCRIPT FLUSH; then the
// script was not run, and the next run teaches it.
func (b *Backend) byDigest(run func(byDigest bool) ([]any, error)) ([]any, error) {
	if appendDigest == "" || b.noDigest.Load() {
		return run(false)
	}
	reply, err := run(true)
	switch {
	case redis.HasErrorPrefix(err, "NOSCRIPT"):
	case redis.HasErrorPrefix(err, "NOPERM"), redis.HasErrorPrefix(err, "unknown command"):
		b.noDigest.Store(true) // a user who may only EVAL
	default:
		return reply, err
	}
	return run(false)
}

// evalAppend runs the append script by c, a pipeline or a client.
func (b *Backend) evalAppend(ctx context.Context, c redis.Cmdable, byDigest bool, args []any) *redis.Cmd {
	keys := []string{b.headKey, b.eventsKey}
	if byDigest {
		return c.EvalSha(ctx, appendDigest, keys, args...)
	}
	return c.Eval(ctx, appendScript, keys, args...)
}
