package prom

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("uncache_"+name, help, labels, nil)
}

var (
	requests = desc("requests_total", "Requests of visitors, by the words of Cache-Status.", "outcome", "reason")
	routes   = desc("route_requests_total", "Requests of visitors, by the pattern that served them.", "route", "outcome")
	render   = desc("render_seconds", "How long handlers took to render, for visitors and in the background.")

	purges    = desc("purges_total", "Purges of this process, by the widest kind of name in them.", "kind", "result")
	purge     = desc("purge_seconds", "How long purges took that succeeded.")
	bytes     = desc("stored_bytes", "What a store in this process's memory holds; tier 0 is the nearest.", "tier")
	evictions = desc("evictions_total", "Values that left a store in memory, or were too large for it.", "tier", "cause")
	viewAge   = desc("view_age_seconds", "How long ago this process knew that it had read all of the log.")
	available = desc("available", "Whether the backend answers: 1 or 0.")

	saveToPurge = desc("save_to_purge_seconds", "For how long old pages could be served after a save: from COMMIT to the return of the purge.")

	pending = desc("outbox_pending", "Rows of the outbox that wait to be purged.")
	dead    = desc("outbox_dead", "Dead letters of the outbox.")
	oldest  = desc("outbox_oldest_seconds", "How long the oldest row that waits has been waiting.")
)

var (
	pageDescs   = []*prometheus.Desc{requests, routes, render}
	storeDescs  = []*prometheus.Desc{purges, purge, bytes, evictions, viewAge, available}
	outboxDescs = []*prometheus.Desc{pending, dead, oldest}
)

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, n uint64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func histogram(ch chan<- prometheus.Metric, d *prometheus.Desc, all ...cache.Histogram) {
	var count uint64
	var sum time.Duration
	buckets := make(map[float64]uint64)
	for _, h := range all {
		count += h.Count
		sum += h.Sum
		for _, b := range h.Buckets {
			buckets[b.UpTo.Seconds()] += b.Count
		}
	}
	ch <- prometheus.MustNewConstHistogram(d, count, sum.Seconds(), buckets)
}

// routeLabel returns the label of a pattern. An empty label would be none, and one that is
// no text would end the scrape.
func routeLabel(pattern string) string {
	if pattern == "" {
		return "unknown"
	}
	return strings.ToValidUTF8(pattern, "?")
}

func collectPages(ch chan<- prometheus.Metric, s *pagecache.Stats) {
	for _, r := range s.Requests {
		counter(ch, requests, r.Count, r.Outcome, r.Reason)
	}
	// Summed, since two patterns may become one label.
	byRoute := make(map[[2]string]uint64)
	for _, r := range s.Routes {
		for outcome, n := range r.Requests {
			byRoute[[2]string{routeLabel(r.Pattern), outcome}] += n
		}
	}
	for labels, n := range byRoute {
		counter(ch, routes, n, labels[0], labels[1])
	}
	histogram(ch, render, s.Fills)
}

// kinds are those that the figures may have.
var kinds = [...]string{"all", "prefix", "route", "group", "path", "uri", "none"}

// allKinds adds the kinds that are not there yet, with zeros. An alert on failures would
// not see the first one if its counter began with 1.
func allKinds(known []coherent.PurgeStats) []coherent.PurgeStats {
	for _, kind := range kinds {
		if !slices.ContainsFunc(known, func(p coherent.PurgeStats) bool { return p.Kind == kind }) {
			known = append(known, coherent.PurgeStats{Kind: kind})
		}
	}
	return known
}

func collectStore(ch chan<- prometheus.Metric, s *coherent.Stats) {
	for _, p := range allKinds(s.Purges) {
		counter(ch, purges, p.Done, p.Kind, "done")
		counter(ch, purges, p.Failed, p.Kind, "failed")
	}
	histogram(ch, purge, s.PurgeTime)
	for i, t := range s.Tiers {
		tier := strconv.Itoa(i)
		gauge(ch, bytes, float64(t.Bytes), tier)
		counter(ch, evictions, t.Evicted, tier, "room")
		counter(ch, evictions, t.Expired, tier, "age")
		counter(ch, evictions, t.Refused, tier, "too-large")
	}
	gauge(ch, viewAge, s.ViewAge.Seconds())
	if s.Available {
		gauge(ch, available, 1)
	} else {
		gauge(ch, available, 0)
	}
}
