// Blog is a small blog with a page cache that forgets a page the moment it
// changes: posts in SQLite or PostgreSQL, an index, author pages, two feeds, and a form that
// saves.
//
//	go run ./examples/blog                       # from the root of the repository
//	go run ./examples/blog -demo                 # plays the story by itself
//	go run ./examples/blog -posts ~/site/content # your own Markdown files
//	go run ./examples/blog -redis 127.0.0.1:6379 -nodes 2
//	go run ./examples/blog -outbox -db postgres://postgres@127.0.0.1/test
//
// What is of interest is in five short files: routes.go (every URL, once),
// rules.go (what a saved post changes), edit.go (the save), node.go (the cache in
// front of it all) and outbox.go (a purge that cannot be lost). The rest is a
// blog.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

func main() {
	// SIGPIPE: when this is piped into head, the database is deleted as well.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. It returns its exit status when ctx is done.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg := config{prefix: "uncache:"}
	flags := flag.NewFlagSet("blog", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.addr, "addr", "", "`address` to listen on (default "+defaultAddr+", or a free port if that is taken)")
	flags.StringVar(&cfg.posts, "posts", "", "`directory` of Markdown files with YAML, TOML or JSON front matter, in place of the sample posts")
	flags.StringVar(&cfg.db, "db", "", "postgres:// `URL` of a database to keep the posts in, in a schema that goes with the blog, in place of SQLite in a temporary file")
	flags.BoolVar(&cfg.outbox, "outbox", false, "keep purges in the database until they are made")
	flags.StringVar(&cfg.redis, "redis", "", "`address` or redis:// URL of a Redis to keep the pages in, in place of memory")
	flags.IntVar(&cfg.nodes, "nodes", 1, "`number` of nodes, each on a port of its own; more than one needs -redis")
	demo := flags.Bool("demo", false, "play the story against a server of its own, and say what was expected and seen")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "blog: %q: there are flags only, no arguments\n", flags.Arg(0))
		return 2
	}
	var mu sync.Mutex
	report := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(stderr, "blog:", err)
	}
	play := serve
	if *demo {
		play = demonstrate
	}
	if err := play(ctx, cfg, stdout, report); err != nil {
		report(err)
		return 1
	}
	return 0
}

// serve serves until ctx is done.
func serve(ctx context.Context, cfg config, stdout io.Writer, report func(error)) error {
	b, err := start(ctx, cfg, report)
	if err != nil {
		return err
	}
	if err := tour(ctx, b, cfg, stdout); err != nil {
		return errors.Join(err, b.close())
	}
	failed := make(chan error, len(b.nodes))
	for _, n := range b.nodes {
		go func() {
			err := <-n.served
			n.served <- err // for close
			failed <- err
		}()
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(stdout, "\nStopping.")
	case err = <-failed: // nobody has asked it to stop
	}
	return errors.Join(err, b.close())
}
