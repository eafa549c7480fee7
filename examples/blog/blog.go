package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/uncache/uncache/invalidate"
)

// A config is what the flags say.
type config struct {
	addr    string // of the first node; empty: 127.0.0.1:8080, or a free port if that is taken
	posts   string // a directory of Markdown files; empty: the sample posts
	db      string // a postgres:// URL; empty: SQLite, in a temporary file
	redis   string // empty: the cache is in memory
	outbox  bool   // whether purges are kept in the database until they are made
	prefix  string // of the keys in Redis
	nodes   int
	prepare func(*site)                   // if not nil, called before anything is served
	rules   func(*invalidate.Invalidator) // nil: register
}

// A blog is the site with all its nodes, being served.
type blog struct {
	site  *site
	nodes []*node
}

// start serves a blog. report is told, by several goroutines, of what goes
// wrong while it runs and no visitor should see.
func start(ctx context.Context, cfg config, report func(error)) (_ *blog, err error) {
	if cfg.nodes < 1 {
		return nil, fmt.Errorf("-nodes %d: at least one node has to serve", cfg.nodes)
	}
	if cfg.nodes > 1 && cfg.redis == "" {
		return nil, fmt.Errorf("-nodes %d needs -redis ADDR: nodes hear of one another's saves through Redis, and a cache in memory is one node's own", cfg.nodes)
	}
	b := new(blog)
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	listeners, err := listen(cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, l := range listeners[len(b.nodes):] { // those that serve nothing
			l.Close()
		}
	}()
	if b.site, err = openSite(ctx, cfg.posts, cfg.db, report); err != nil {
		return nil, err
	}
	b.site.base = baseURL(listeners[0])
	if u, err := url.Parse(b.site.base); err == nil {
		b.site.host = u.Host
	}
	if cfg.prepare != nil {
		cfg.prepare(b.site)
	}
	for i, l := range listeners {
		n, err := newNode(ctx, fmt.Sprintf("node %d", i+1), b.site, cfg, report)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			if err := n.forget(ctx); err != nil {
				return nil, errors.Join(fmt.Errorf("purge what an earlier run has stored: %w", err), n.closeAll())
			}
		}
		n.serve(l)
		b.nodes = append(b.nodes, n)
	}
	return b, nil
}

// close gives visitors ten seconds to be served.
func (b *blog) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var errs []error
	for _, n := range b.nodes {
		errs = append(errs, n.close(ctx))
	}
	if b.site != nil {
		errs = append(errs, b.site.close())
	}
	return errors.Join(errs...)
}

const defaultAddr = "127.0.0.1:8080"

// listen opens a port for each node: the one that was asked for and those after
// it, or any other where one is taken that nobody asked for.
func listen(cfg config) (all []net.Listener, err error) {
	addr := cfg.addr
	if addr == "" {
		addr = defaultAddr
	}
	for i := range cfg.nodes {
		l, err := net.Listen("tcp", addr)
		if err != nil && (i > 0 || cfg.addr == "") {
			host, _, _ := net.SplitHostPort(addr)
			l, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
		}
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, err
		}
		all = append(all, l)
		host, port, _ := net.SplitHostPort(addr)
		if p, err := strconv.Atoi(port); err == nil && p != 0 {
			addr = net.JoinHostPort(host, strconv.Itoa(p+1))
		}
	}
	return all, nil
}

// baseURL is how a browser on this machine reaches l.
func baseURL(l net.Listener) string {
	addr := l.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(addr.Port))
}
