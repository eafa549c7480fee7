package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/redistest"
)

const (
	pageSize   = 4 << 10
	readEvents = 100 // in the reads from which an event's share is told
)

// measure returns what commands cost a redis-server of this machine: the CPU
// time of its process, divided by how many there were. It does not depend on what
// else the machine does.
func measure(ctx context.Context, each int) (c costs, err error) {
	srv, err := redistest.Start(ctx, redistest.Config{})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, srv.Stop()) }()
	rdb := redis.NewClient(srv.Options())
	defer rdb.Close()
	log, err := rediscache.New(rdb, nil)
	if err != nil {
		return c, err
	}
	page := strings.Repeat("x", pageSize)
	if err := rdb.Set(ctx, "page", page, 0).Err(); err != nil {
		return c, err
	}
	event := cache.Event{
		Dependencies: []cache.Dependency{cache.Path("/blog/an-ordinary-slug/"), cache.Path("/blog/"), cache.Group("author:ada")},
		Reason:       "blog.Post 42 saved", Origin: "node-17",
	}
	m := &meter{ctx: ctx, rdb: rdb, each: each}
	c.Append = m.cost(func() error { _, err := log.Append(ctx, event); return err })
	events, err := log.Since(ctx, 0)
	for ; err == nil && events.More; events, err = log.Since(ctx, events.End()) {
	}
	if err != nil {
		return c, err
	}
	c.Page = m.cost(func() error { return rdb.Get(ctx, "page").Err() })
	c.Head = m.cost(func() error { return rdb.Get(ctx, "uncache:{log}:head").Err() })
	c.Since = m.cost(func() error { _, err := log.Since(ctx, events.Head); return err })
	out := m.sent()
	many := m.cost(func() error { _, err := log.Since(ctx, events.Head-readEvents); return err })
	bytes := (m.sent() - out) / float64(each)
	c.Event = (many - c.Since) / readEvents
	c.PageBytes, c.HeadBytes, c.EventBytes = pageSize+10, 70, int(bytes/readEvents)
	return c, m.err
}

// A meter runs commands, and reads what they cost.
type meter struct {
	ctx  context.Context
	rdb  *redis.Client
	each int
	err  error
}

// cost is the CPU time of one call of do.
func (m *meter) cost(do func() error) time.Duration {
	const clients = 16
	before := m.info("used_cpu_user:") + m.info("used_cpu_sys:")
	var wg sync.WaitGroup
	errs := make(chan error, clients)
	for range clients {
		wg.Go(func() {
			for range m.each / clients {
				if err := do(); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		m.err = errors.Join(m.err, err)
	default:
	}
	seconds := m.info("used_cpu_user:") + m.info("used_cpu_sys:") - before
	return time.Duration(seconds / float64(m.each/clients*clients) * 1e9)
}

// sent is how many bytes the server has sent.
func (m *meter) sent() float64 { return m.info("total_net_output_bytes:") }

func (m *meter) info(name string) float64 {
	text, err := m.rdb.Info(m.ctx, "everything").Result()
	if err == nil {
		_, rest, _ := strings.Cut(text, name)
		value, _, _ := strings.Cut(rest, "\r\n")
		var n float64
		if n, err = strconv.ParseFloat(value, 64); err == nil {
			return n
		}
	}
	m.err = errors.Join(m.err, fmt.Errorf("scale: INFO: %s: %w", name, err))
	return 0
}
