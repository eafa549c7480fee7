package outbox

import (
	"math/rand/v2"
	"time"
)

// backoff returns how long to wait after the try-th try has failed: any time up to
// base, which doubles with every further try, up to most. It is full jitter: rows that
// failed together are not tried again together.
func backoff(base, most time.Duration, try int) time.Duration {
	d := most
	if shift := try - 1; shift < 62 && base <= most>>shift {
		d = base << shift
	}
	return 1 + rand.N(d)
}
