package torture

import (
	"errors"
	"fmt"
	"time"
)

// CompareStats compares what the nodes have counted with what the readers and writers
// saw. The error names the figures that differ. Nodes may still be at work on the end of
// a request whose answer has arrived: it waits for them.
func (r Result) CompareStats(nodes []Node) error {
	const patience, pause = 5 * time.Second, 10 * time.Millisecond
	for began := time.Now(); ; time.Sleep(pause) {
		if err := r.compare(nodes); err == nil || time.Since(began) > patience {
			return err
		}
	}
}

func (r Result) compare(nodes []Node) error {
	counted := make(map[string]int64) // by outcome
	var requests, routes, purges, failed, fills, answered int64
	for _, n := range nodes {
		s := n.Stats()
		for _, c := range s.Requests {
			counted[c.Outcome] += int64(c.Count)
			requests += int64(c.Count)
			if c.Outcome == "miss" || c.Outcome == "stale" || c.Outcome == "vary-miss" {
				answered += int64(c.Count)
			}
		}
		for _, route := range s.Routes {
			for _, count := range route.Requests {
				routes += int64(count)
			}
		}
		for _, p := range s.Store.Purges {
			purges += int64(p.Done)
			failed += int64(p.Failed)
		}
		fills += int64(s.Fills.Count - s.Warmed - s.Refreshed)
	}
	var errs []error
	for _, f := range []struct {
		name      string
		got, want int64
	}{
		{"requests", requests, r.Requests},
		{"requests by route", routes, r.Requests},
		{"hits", counted["hit"], r.Hits},
		{"collapsed", counted["collapsed"], r.Collapsed},
		{"fills", counted["miss"] + counted["stale"], r.Fills},
		{"others", requests - counted["hit"] - counted["collapsed"] - counted["miss"] - counted["stale"], r.Bypassed},
		{"purges", purges, r.Purges},
	} {
		if f.got != f.want {
			errs = append(errs, fmt.Errorf("Stats: %d %s, want %d", f.got, f.name, f.want))
		}
	}
	// The end of the run may have stopped the last purge of each writer. A HEAD is
	// answered by the handler and is no fill.
	if failed < r.Failed {
		errs = append(errs, fmt.Errorf("Stats: %d failed purges, want %d at least", failed, r.Failed))
	}
	if fills > requests-counted["hit"]-counted["collapsed"] || fills < answered/2 {
		errs = append(errs, fmt.Errorf("Stats: %d fills for visitors, of %d misses", fills, answered))
	}
	return errors.Join(errs...)
}
