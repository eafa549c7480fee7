// Package prom shows the figures of a cache to Prometheus.
//
//	collector, err := prom.New(&prom.Options{Pages: pages, Invalidator: inv, Outbox: box})
//	prometheus.MustRegister(collector)
//
// It counts nothing itself: a scrape reads Stats of what it was given. So it costs a
// request nothing. docs/observe.md says what the figures mean, docs/grafana.json is a
// dashboard, and docs/alerts.yml has alert rules.
//
// Several caches in one process need a label that tells them apart:
// prometheus.WrapRegistererWith.
//
// Do not use it to find out what became of one request: Observe and Cache-Status say that.
package prom
