package outbox

import (
	"math/rand/v2"
	"time"
)

// backoff returns how long to wait after try failed, which counts from 1: any
// time up to base, which doubles with every further try, up to most. Full jitter:
// what failed together is not tried again together.
func backoff(base, most time.Duration, try int) time.Duration {
	d := most
	if shift := try - 1; shift < 62 && base <= most>>shift {
		d = base << shift
	}
	return 1 + rand.N(d)
}
