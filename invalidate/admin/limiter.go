package admin

import (
	"sync"
	"time"
)

// A limiter lets a number of requests through in a second, and more after a while
// without any.
type limiter struct {
	rate, burst float64

	mu     sync.Mutex
	tokens float64
	at     time.Time
}

func newLimiter(rate, burst float64) *limiter {
	return &limiter{rate: rate, burst: burst, tokens: burst, at: time.Now()}
}

// take reports whether one more request may come now.
func (l *limiter) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.tokens = min(l.tokens+now.Sub(l.at).Seconds()*l.rate, l.burst)
	l.at = now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}
