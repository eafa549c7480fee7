// Uncache shows what a page cache does, and purges by hand: over the handler of package
// invalidate/admin, or over Redis alone where no application runs.
//
//	uncache purge   -path /blog/ -group author:ada
//	uncache explain /blog/hello/
//	uncache events  -group author:ada
//
// "uncache help" has all of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// What a script may rely on.
const (
	exitDone   = 0 // and for explain: it is a hit
	exitNo     = 1 // explain: no hit; outbox: there are dead letters
	exitUsage  = 2
	exitFailed = 3 // nothing was done, or it is not known
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	redis.SetLogger(quiet{}) // what fails is printed once
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// errUsage is an error of the one who typed the command. Its text was printed, or is in it.
type errUsage struct{ text string }

func (e errUsage) Error() string { return e.text }

func usage(format string, args ...any) error { return errUsage{fmt.Sprintf(format, args...)} }

// A command does something. It returns the exit code if there is no error.
type command struct {
	usage string // of its arguments
	help  string
	run   func(ctx context.Context, c *call, args []string) (int, error)
	flags func(c *call, f *flag.FlagSet)
}

var commands = map[string]command{
	"purge":   {"", helpPurge, purge, purgeFlags},
	"resolve": {"MODEL ID", helpResolve, resolve, nil},
	"explain": {"URL", helpExplain, explain, explainFlags},
	"events":  {"", helpEvents, events, eventFlags},
	"stats":   {"", helpStats, stats, nil},
	"outbox":  {"", helpOutbox, outbox, outboxFlags},
}

// run is the program. getenv is os.Getenv.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, help)
		return exitUsage
	}
	name, args := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(args) > 0 {
			if cmd, ok := commands[args[0]]; ok {
				fmt.Fprint(stdout, cmd.help)
				return exitDone
			}
		}
		fmt.Fprint(stdout, help)
		return exitDone
	}
	cmd, ok := commands[name]
	if !ok {
		fmt.Fprintf(stderr, "uncache: there is no command %q; \"uncache help\" lists them\n", name)
		return exitUsage
	}
	c := &call{getenv: getenv, stdout: stdout}
	flags := flag.NewFlagSet("uncache "+name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	c.connection(flags)
	if cmd.flags != nil {
		cmd.flags(c, flags)
	}
	rest, err := parse(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, cmd.help)
		return exitDone
	case err != nil:
		err = errUsage{err.Error()}
	default:
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		var code int
		if code, err = cmd.run(ctx, c, rest); err == nil {
			return code
		}
	}
	fmt.Fprintf(stderr, "uncache %s: %s\n", name, printable(err.Error()))
	if errors.As(err, new(errUsage)) {
		fmt.Fprintf(stderr, "\"uncache help %s\" has examples\n", name)
		return exitUsage
	}
	return exitFailed
}

// parse parses flags also behind arguments.
func parse(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return rest, nil
		}
		if n := len(args) - flags.NArg(); n > 0 && args[n-1] == "--" {
			return append(rest, flags.Args()...), nil
		}
		rest, args = append(rest, flags.Arg(0)), flags.Args()[1:]
	}
}
