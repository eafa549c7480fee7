package background

import (
	"context"
	"fmt"
	"net/http"

	"github.com/uncache/uncache/internal/panics"
)

// start starts as many workers as there is work for. The caller holds mu.
func (w *Warmer) start() {
	for range min(w.Workers-w.workers, len(w.queue)) {
		if !w.Group.Go(w.work) {
			return
		}
		w.workers++
	}
}

// work renders what is queued, until the queue is empty or the Group closed.
func (w *Warmer) work() {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() {
		w.workers--
		w.start() // another, if a handler has ended this goroutine
	}()
	for len(w.queue) > 0 && !w.Group.Closed() {
		w.renderNext()
	}
}

// renderNext renders the page that was queued first. The caller holds mu, and does
// when it returns, even if the handler ends the goroutine (runtime.Goexit).
func (w *Warmer) renderNext() {
	p := w.queue[0]
	w.queue[0] = nil // the rest of the queue would hold the page
	w.queue = w.queue[1:]
	if p.next == nil {
		p.state = idle
		return
	}
	p.state = busy
	defer func() {
		if p.state == again {
			p.state = queued
			w.queue = append(w.queue, p)
			return
		}
		p.state = idle
	}()
	ctx, cancel := context.WithTimeout(withWarming(w.Group.Context()), w.Timeout)
	next, h, r := p.next, p.header(), p.build(ctx)
	w.mu.Unlock()
	defer w.mu.Lock()
	defer cancel()
	w.render(next, h, r)
}

// render has a page rendered and stored, unless a visitor came first.
func (w *Warmer) render(next http.Handler, h http.Header, r *http.Request) {
	defer func() {
		// net/http would recover from the panic of a visitor's request.
		if p := recover(); p != nil && w.Tell != nil {
			w.Tell(r, fmt.Sprint("warm-up panicked: ", p), panics.Recovered(p))
		}
	}()
	w.Render(next, h, r)
}
