package main

import (
	"context"
	"net/http"
	"time"

	"github.com/dgraph-io/ristretto/v2"
	rediscachev9 "github.com/go-redis/cache/v9"
	"github.com/maypok86/otter/v2"
	"github.com/redis/rueidis"
	"github.com/viccon/sturdyc"
)

// A page by hand: its header values are prepared, to be fast.
type prepared struct {
	values [len(fields)][]string
	body   []byte
}

func newPrepared() *prepared {
	p := &prepared{body: html4K}
	for i := range fields {
		p.values[i] = []string{fields[i][1]}
	}
	return p
}

func (p *prepared) serve(w http.ResponseWriter) {
	h := w.Header()
	for i := range fields {
		h[fields[i][0]] = p.values[i]
	}
	_, _ = w.Write(p.body)
}

// handKey is the key that one would make by hand.
func handKey(r *http.Request) string {
	return r.Host + r.URL.Path + "|" + r.Header.Get("Accept-Language")
}

// byHand is a handler over a store of pages.
func byHand(load func(key string) (*prepared, bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := load(handKey(r))
		if !ok {
			http.Error(w, "not stored", http.StatusInternalServerError)
			return
		}
		p.serve(w)
	})
}

// hitPeers are the peers of a hit in memory.
func (b *bench) hitPeers() []contestant {
	ctx := b.ctx
	key := handKey(newRequest(pageURL))

	o, err := otter.New(&otter.Options[string, *prepared]{MaximumSize: 10_000})
	b.must(err)
	o.Set(key, newPrepared())

	r, err := ristretto.NewCache(&ristretto.Config[string, *prepared]{NumCounters: 100_000, MaxCost: 10_000, BufferItems: 64})
	b.must(err)
	b.cleanup(r.Close)
	r.Set(key, newPrepared(), 1)
	r.Wait()

	s := sturdyc.New[*prepared](10_000, 10, time.Hour, 10)
	s.Set(key, newPrepared())

	local := rediscachev9.New(&rediscachev9.Options{LocalCache: rediscachev9.NewTinyLFU(10_000, time.Hour)})
	b.must(local.Set(&rediscachev9.Item{Key: key, Value: html4K, TTL: time.Hour}))

	side := b.rueidis()
	b.must(side.Do(ctx, side.B().Set().Key(key).Value(rueidis.BinaryString(html4K)).Build()).Error())

	page := newPrepared()
	return append([]contestant{
		{name: "otter v2, by hand", worker: b.visits(byHand(o.GetIfPresent), pageURL)},
		{name: "ristretto v2, by hand", worker: b.visits(byHand(r.Get), pageURL)},
		{name: "sturdyc, by hand", worker: b.visits(byHand(s.Get), pageURL)},
		{name: "go-redis/cache, local, by hand", worker: b.visits(byHand(func(key string) (*prepared, bool) {
			p := *page
			return &p, local.Get(ctx, key, &p.body) == nil
		}), pageURL)},
		{name: "rueidis client-side, by hand", worker: b.visits(byHand(func(key string) (*prepared, bool) {
			p := *page
			var err error
			p.body, err = side.DoCache(ctx, side.B().Get().Key(key).Cache(), time.Hour).AsBytes()
			return &p, err == nil
		}), pageURL)},
	}, b.frameworks()...)
}

// rueidis returns a client of the case's server that caches on its side.
func (b *bench) rueidis() rueidis.Client {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{b.redis()}})
	b.must(err)
	b.cleanup(c.Close)
	b.must(c.Do(context.Background(), c.B().Ping().Build()).Error())
	return c
}
