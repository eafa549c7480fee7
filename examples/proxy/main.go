// Proxy is a caching reverse proxy: httputil.ReverseProxy behind package
// pagecache.
//
//	go run ./examples/proxy -origin http://127.0.0.1:8000 -addr 127.0.0.1:9010
//	go run ./examples/proxy -origin http://127.0.0.1:8000 -redis 127.0.0.1:6379 -hosts www.example.com
//
// It has no lifetime of its own to give: without -ttl it stores what HTTP allows
// (RFC 9111), for as long as HTTP allows it. The origin can speak to it alone
// with Uncache-Cache-Control, CDN-Cache-Control or Surrogate-Control (-targeted,
// RFC 9213), and purge with Cache-Group-Invalidation (RFC 9875). What it did is
// in Cache-Status.
//
// It listens for plain HTTP and believes nobody in front of it; edge.go says
// which request fields that concerns. It is an example of what goes where, in
// few lines, and not a product: there is no TLS, no configuration file, and one
// origin.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// config is what the flags say.
type config struct {
	addr                 string
	origin               *url.URL
	hosts                []string
	redis                string
	memory               size
	maxBody              size
	ttl                  time.Duration
	staleWhileRevalidate time.Duration
	staleIfError         time.Duration
	clientDirectives     bool
	targeted             []string
	allETags             bool
	storeSetCookie       bool
	underscores          bool
}

// run is the program. It returns its exit status when ctx is done.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2 // package flag has said why
	}
	if err := serve(ctx, cfg, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "proxy:", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (config, error) {
	cfg := config{
		memory: 256 << 20, maxBody: 8 << 20,
		// Surrogate-Control is older than RFC 9213, and means the same: it is for
		// reverse proxies, in place of Cache-Control.
		targeted: []string{"Uncache-Cache-Control", "CDN-Cache-Control", "Surrogate-Control"},
	}
	flags := flag.NewFlagSet("proxy", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.addr, "addr", "127.0.0.1:9010", "`address` to listen on")
	flags.Func("origin", "`URL` of the origin, http or https; a path in it is put before that of every request (required)", func(s string) error {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
			return errors.New("want http://HOST[:PORT][/PATH], or https")
		}
		cfg.origin = u
		return nil
	})
	flags.Func("hosts", "comma-separated `list` of the hosts to cache for, with a port unless it is 80 or 443; requests for others pass (default any)", func(s string) error {
		cfg.hosts = strings.Split(s, ",")
		return nil
	})
	flags.StringVar(&cfg.redis, "redis", "", "`address` or redis:// URL of a Redis to store in, in place of memory; the first request that gets no answer from it waits half a second, and then goes to the origin")
	flags.Var(&cfg.memory, "memory", "`bytes` to store at most in this process's memory: 67108864, 64M, 1G")
	flags.Var(&cfg.maxBody, "max-body", "`bytes` up to which a response is stored; larger ones pass")
	flags.DurationVar(&cfg.ttl, "ttl", 0, "freshness lifetime of responses that give none, where their status allows it (default a tenth of the time since Last-Modified)")
	flags.DurationVar(&cfg.staleWhileRevalidate, "stale-while-revalidate", 0, "for how long a stale response may be served while it is validated, unless it says otherwise (default 0: where the response asks for it)")
	flags.DurationVar(&cfg.staleIfError, "stale-if-error", time.Minute, "for how long a stale response may be served in place of an error of the origin, unless it says otherwise")
	flags.BoolVar(&cfg.clientDirectives, "client-directives", true, "obey the Cache-Control of requests; with =false no visitor can make the origin work")
	flags.Func("targeted", "comma-separated `list` of the fields that are obeyed in place of Cache-Control and Expires, the first that is valid (default "+strings.Join(cfg.targeted, ",")+")", func(s string) error {
		cfg.targeted = nil
		if s != "" {
			cfg.targeted = strings.Split(s, ",")
		}
		return nil
	})
	flags.BoolVar(&cfg.allETags, "all-etags", false, "ask the origin about all stored variants by their entity tags; for one that gives two variants of a page the same tag, it serves the wrong one")
	flags.BoolVar(&cfg.storeSetCookie, "store-set-cookie", false, "store responses that set cookies, and give the cookie to every visitor; for an origin that says private or no-store where it means one visitor")
	flags.BoolVar(&cfg.underscores, "underscores", false, "pass on request fields that have underscores in their names; without it they are dropped, as nginx does, for an origin that can't tell X_User from X-User")
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("%q: there are flags only, no arguments", flags.Arg(0))
	case cfg.origin == nil:
		err = errors.New("which origin? -origin http://127.0.0.1:8000")
	}
	if err != nil {
		fmt.Fprintln(stderr, "proxy:", err)
	}
	return cfg, err
}

// grace is how long requests under way may take when the program is stopped.
const grace = 10 * time.Second

// serve serves until ctx is done.
func serve(ctx context.Context, cfg config, stdout, stderr io.Writer) (err error) {
	p, err := newProxy(cfg, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	l, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return err
	}
	// No WriteTimeout: how long a body takes is the origin's business.
	server := &http.Server{
		Handler:           p.handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          p.log,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	fmt.Fprintf(stdout, "http://%s caches %s\n", l.Addr(), cfg.origin)
	select {
	case <-ctx.Done():
	case err := <-served: // nobody has asked it to stop
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return fmt.Errorf("requests under way were cut off after %v: %w", grace, errors.Join(err, server.Close()))
	}
	return nil
}
