package prom

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

// Options says what a [Collector] reads. At least one of its fields must be set.
type Options struct {
	// Pages is the page cache, with the store below it.
	Pages *pagecache.Cache
	// Store is a coherent cache without pages. It is not read if Pages is set.
	Store *coherent.Cache
	// Invalidator is what saves are told to.
	Invalidator *invalidate.Invalidator
	// Outbox keeps its events. Its database is asked at most every ten seconds, and for
	// two at most. If it does not answer, the figures of its rows are missing.
	Outbox *outbox.Outbox
}

// ErrOptions is what [New] returns, wrapped, when options make no sense.
var ErrOptions = errors.New("invalid options")

// A Collector is a [prometheus.Collector] that reads Stats when it is scraped. It is safe
// for concurrent use.
type Collector struct {
	opts Options
	rows rows
}

var _ prometheus.Collector = (*Collector)(nil)

// New returns a Collector. Register it once.
func New(opts *Options) (*Collector, error) {
	if opts == nil || *opts == (Options{}) {
		return nil, fmt.Errorf("prom: New: there is nothing to read: %w", ErrOptions)
	}
	return &Collector{opts: *opts, rows: rows{box: opts.Outbox}}, nil
}

// Describe sends the descriptions of all metrics that Collect may send.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	all := [][]*prometheus.Desc{}
	if c.opts.Pages != nil {
		all = append(all, pageDescs)
	}
	if c.opts.Pages != nil || c.opts.Store != nil {
		all = append(all, storeDescs)
	}
	if c.opts.Invalidator != nil || c.opts.Outbox != nil {
		all = append(all, []*prometheus.Desc{saveToPurge})
	}
	if c.opts.Outbox != nil {
		all = append(all, outboxDescs)
	}
	for _, descs := range all {
		for _, d := range descs {
			ch <- d
		}
	}
}

// Collect reads the figures.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	switch {
	case c.opts.Pages != nil:
		s := c.opts.Pages.Stats()
		collectPages(ch, &s)
		collectStore(ch, &s.Store)
	case c.opts.Store != nil:
		s := c.opts.Store.Stats()
		collectStore(ch, &s)
	}
	c.collectSaves(ch)
}
