package torture

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

// A Node serves the site. All nodes of a run share a store, and none shares
// anything else with another.
type Node struct {
	// Do answers a request, which has a Host and a path and no scheme.
	Do func(*http.Request) (*http.Response, error)

	// Handler is what Do asks, if the node is in this process.
	Handler http.Handler

	// Purge purges through this node. Once it has returned nil, no node may
	// answer with what e names and was rendered before.
	Purge func(context.Context, cache.Event) error

	// Stats returns what the node has counted itself, if it is in this process.
	Stats func() pagecache.Stats
}

// NodeOptions configures a node in this process.
type NodeOptions struct {
	// MaxStale is that of coherent.Options.
	MaxStale time.Duration
	// MaxDependencies is that of coherent.Options.
	MaxDependencies int
	// Timeout is that of coherent.Options. 0: 5 s, so that a machine that is
	// slow does not bypass the cache.
	Timeout time.Duration
	// Lease is that of coherent.Options.
	Lease time.Duration
	// Warm is that of pagecache.Options.
	Warm int
	// Dawdle is that of [Site].
	Dawdle time.Duration
	// Seed is that of [Site].
	Seed uint64
	// Observe is that of coherent.Options.
	Observe func(coherent.Observation)
}

// NewNode returns a node with caches of its own over b, and a function that
// ends it.
func NewNode(b cache.Backend, r *Register, opts NodeOptions) (Node, func(), error) {
	if opts.Timeout == 0 {
		opts.Timeout = 5 * time.Second
	}
	store, err := coherent.New(b, &coherent.Options{
		MaxStale:        opts.MaxStale,
		MaxDependencies: opts.MaxDependencies,
		Timeout:         opts.Timeout,
		Lease:           opts.Lease,
		Observe:         opts.Observe,
	})
	if err != nil {
		return Node{}, nil, fmt.Errorf("torture: %w", err)
	}
	pages, err := pagecache.New(store, &pagecache.Options{TTL: time.Hour, Warm: opts.Warm})
	if err != nil {
		return Node{}, nil, fmt.Errorf("torture: %w", err)
	}
	site := &Site{Source: r, Records: r.Len(), Values: store, Dawdle: opts.Dawdle, Seed: opts.Seed}
	h := pages.Handler(site.Handler())
	return Node{Do: Direct(h), Handler: h, Purge: pages.Purge, Stats: pages.Stats}, func() {
		pages.Close()
		store.Close()
	}, nil
}

// Direct returns a Do that calls a handler without a network.
func Direct(h http.Handler) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result(), nil
	}
}

// Over returns a Do that asks the server at an address, "127.0.0.1:8080".
func Over(client *http.Client, addr string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		out := r.Clone(r.Context())
		out.RequestURI = ""
		out.URL = &url.URL{Scheme: "http", Host: addr, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		out.Body = nil
		return client.Do(out)
	}
}
