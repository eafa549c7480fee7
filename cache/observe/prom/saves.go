package prom

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

const (
	every   = 10 * time.Second // how often the database is asked, at most
	timeout = 2 * time.Second  // for how long
)

// rows asks an outbox for its figures. It keeps what it was told for a while: Prometheus
// may scrape often, and several of them at once.
type rows struct {
	box *outbox.Outbox

	mu    sync.Mutex
	asked time.Time
	stats outbox.Stats
	err   error
}

func (r *rows) read() (outbox.Stats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked.IsZero() || time.Since(r.asked) >= every {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		r.stats, r.err = r.box.Stats(ctx)
		r.asked = time.Now()
	}
	return r.stats, r.err
}

func (c *Collector) collectSaves(ch chan<- prometheus.Metric) {
	var saves []cache.Histogram
	if inv := c.opts.Invalidator; inv != nil {
		saves = append(saves, inv.Stats().SaveToPurge)
	}
	if c.opts.Outbox != nil {
		s, err := c.rows.read()
		saves = append(saves, s.SaveToPurge) // right also after an error
		if err == nil {
			gauge(ch, pending, float64(s.Pending))
			gauge(ch, dead, float64(s.Dead))
			gauge(ch, oldest, s.Oldest.Seconds())
		}
	}
	if len(saves) > 0 {
		histogram(ch, saveToPurge, saves...)
	}
}
