package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// measured are the costs that -measure has found, on the machine of
// docs/scale.md.
var measured = costs{
	Page: 11 * time.Microsecond, Head: 9 * time.Microsecond,
	Since: 12 * time.Microsecond, Event: 690 * time.Nanosecond, Append: 32 * time.Microsecond,
	PageBytes: pageSize + 10, HeadBytes: 70, EventBytes: 240,
}

func main() {
	f := flag.NewFlagSet("scale", flag.ExitOnError)
	one := fleet{Masters: 6, Logs: 1, Trip: 500 * time.Microsecond, Costs: measured, Length: time.Second / 4, Seed: 1}
	f.IntVar(&one.Nodes, "nodes", 0, "simulate one fleet, of this `number` of nodes, in place of the tables")
	f.Float64Var(&one.Hits, "hits", 1e6, "`number` of hits a second, of all nodes")
	f.Float64Var(&one.Near, "near", 0.9, "`share` of them that the near tier has")
	f.Float64Var(&one.Purges, "purges", 100, "`number` of purges a second")
	f.DurationVar(&one.MaxStale, "maxstale", 0, "MaxStale; 0 is strict")
	f.IntVar(&one.Masters, "masters", one.Masters, "`number` of masters of the cluster")
	f.IntVar(&one.Logs, "logs", one.Logs, "`number` of logs that hosts or tenants are split into")
	f.DurationVar(&one.Trip, "trip", one.Trip, "`time` of a round trip without any queue")
	measuring := f.Bool("measure", false, "measure what commands cost a redis-server here, and print it")
	_ = f.Parse(os.Args[1:]) // it exits
	var err error
	switch {
	case *measuring:
		err = printCosts(os.Stdout)
	case one.Nodes > 0:
		print(os.Stdout, []fleet{one})
	default:
		tables(os.Stdout, one)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func printCosts(w io.Writer) error {
	c, err := measure(context.Background(), 50_000)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "a page of 4 KiB %v, the head %v, a read of the log %v and %v an event of %d bytes, an append %v\n",
		c.Page, c.Head, c.Since, c.Event, c.EventBytes, c.Append)
	return nil
}

// tables prints those of docs/scale.md.
func tables(w io.Writer, base fleet) {
	with := func(change func(*fleet)) fleet {
		f := base
		f.Nodes, f.Hits, f.Near, f.Purges = 1000, 1e6, 0.9, 100
		change(&f)
		return f
	}
	for _, t := range []struct {
		title string
		rows  []fleet
	}{
		{"How recent the view is", []fleet{
			with(func(f *fleet) {}),
			with(func(f *fleet) { f.MaxStale = 10 * time.Millisecond }),
			with(func(f *fleet) { f.MaxStale = 50 * time.Millisecond }),
			with(func(f *fleet) { f.MaxStale = 250 * time.Millisecond }),
		}},
		{"How much the near tier has, strict", []fleet{
			with(func(f *fleet) { f.Near = 0 }),
			with(func(f *fleet) { f.Near = 0.5 }),
			with(func(f *fleet) { f.Near = 0.99 }),
			with(func(f *fleet) { f.Near = 1 }),
		}},
		{"Strict, and the log is split", []fleet{
			with(func(f *fleet) { f.Logs, f.Masters = 6, 12 }),
			with(func(f *fleet) { f.Logs, f.Masters = 12, 12 }),
			with(func(f *fleet) { f.Logs, f.Masters = 24, 24 }),
			with(func(f *fleet) { f.Near, f.Logs, f.Masters = 0, 24, 24 }),
		}},
		{"How many nodes, strict, 1,000 hits a second each", []fleet{
			with(func(f *fleet) { f.Nodes, f.Hits = 10, 1e4 }),
			with(func(f *fleet) { f.Nodes, f.Hits = 50, 5e4 }),
			with(func(f *fleet) { f.Nodes, f.Hits = 100, 1e5 }),
			with(func(f *fleet) { f.Nodes, f.Hits = 200, 2e5 }),
		}},
		{"How many purges a second", []fleet{
			with(func(f *fleet) { f.MaxStale, f.Purges = 50*time.Millisecond, 10 }),
			with(func(f *fleet) { f.MaxStale, f.Purges = 50*time.Millisecond, 300 }),
			with(func(f *fleet) { f.MaxStale, f.Purges = 50*time.Millisecond, 1000 }),
			with(func(f *fleet) { f.MaxStale, f.Purges = 250*time.Millisecond, 1000 }),
			with(func(f *fleet) { f.MaxStale, f.Purges, f.Logs = 250*time.Millisecond, 1000, 6 }),
		}},
	} {
		fmt.Fprintf(w, "### %s\n\n", t.title)
		print(w, t.rows)
	}
}

// print simulates fleets and prints a table.
func print(w io.Writer, fleets []fleet) {
	fmt.Fprintln(w, "| nodes | hits/s | near | purges/s | MaxStale | logs, masters | head reads/s | busiest master | it sends | hit waits p50 | p99 |")
	fmt.Fprintln(w, "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, f := range fleets {
		r := simulate(f)
		fmt.Fprintf(w, "| %d | %.0f | %.0f %% | %.0f | %v | %d, %d | %.0f | %s | %.1f MB/s | %s | %s |\n",
			f.Nodes, f.Hits, 100*f.Near, f.Purges, f.MaxStale, f.Logs, f.Masters, r.Reads,
			fmt.Sprintf("%.0f %%", 100*r.Busy), r.Out/1e6, shown(r.Median), shown(r.Slow))
	}
	fmt.Fprintln(w)
}

func shown(d time.Duration) string { return d.Round(10 * time.Microsecond).String() }
