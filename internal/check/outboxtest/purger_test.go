package outboxtest

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/invalidate/outbox"
)

// A purger notes what it is told. Its fields may be changed under mu.
type purger struct {
	mu      sync.Mutex
	down    bool                                           // fails whatever it is told
	refuses map[cache.Dependency]error                     // fails events that name one of these
	enter   func(ctx context.Context, e cache.Event) error // called first, without mu
	events  []cache.Event                                  // that have succeeded and name something
	count   map[cache.Dependency]int                       // how often each was purged
	inside  map[cache.Dependency]int                       // that are being purged now
	twice   []cache.Dependency                             // that were purged by two at once
	calls   int
	probes  int // of calls
}

func newPurger() *purger {
	return &purger{refuses: map[cache.Dependency]error{}, count: map[cache.Dependency]int{}, inside: map[cache.Dependency]int{}}
}

func (p *purger) Purge(ctx context.Context, e cache.Event) error {
	p.mu.Lock()
	p.calls++
	if len(e.Dependencies) == 0 {
		p.probes++
	}
	for _, d := range e.Dependencies {
		if p.inside[d]++; p.inside[d] > 1 {
			p.twice = append(p.twice, d)
		}
	}
	enter := p.enter
	p.mu.Unlock()
	var err error
	if enter != nil {
		err = enter(ctx, e)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range e.Dependencies {
		p.inside[d]--
		if refused := p.refuses[d]; refused != nil {
			err = refused
		}
	}
	if p.down {
		err = errDown
	}
	if err != nil || len(e.Dependencies) == 0 {
		return err
	}
	p.events = append(p.events, e)
	for _, d := range e.Dependencies {
		p.count[d]++
	}
	return nil
}

// set changes p.
func (p *purger) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// purged returns how often each dependency was purged.
func (p *purger) purged() map[cache.Dependency]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.count)
}

// has reports whether all of deps were purged.
func (p *purger) has(deps ...cache.Dependency) bool {
	count := p.purged()
	return !slices.ContainsFunc(deps, func(d cache.Dependency) bool { return count[d] == 0 })
}

func (p *purger) snapshot() (events []cache.Event, calls, probes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.events), p.calls, p.probes
}

// An observer notes what is observed.
type observer struct {
	mu   sync.Mutex
	list []outbox.Observation
}

func (o *observer) observe(obs outbox.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, obs)
}

// of returns the observations of op.
func (o *observer) of(op outbox.Op) (list []outbox.Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, obs := range o.list {
		if obs.Op == op {
			list = append(list, obs)
		}
	}
	return list
}
