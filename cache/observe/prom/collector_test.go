package prom_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/observe/prom"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/outbox"
)

type post struct{ Slug string }

// A site is all that a Collector may read.
type site struct {
	http.Handler
	pages *pagecache.Cache
	inv   *invalidate.Invalidator
	box   *outbox.Outbox
	db    *table
	reg   *prometheus.Registry
}

func newSite(t *testing.T) *site {
	t.Helper()
	backend := memory.New(nil)
	pages, err := pagecache.Open(backend, &pagecache.Options{TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{pages: pages, db: new(table), reg: prometheus.NewPedanticRegistry()}
	db := sql.OpenDB(s.db)
	if s.box, err = outbox.New(db, outbox.PostgreSQL, pages, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.pages.Close()
		_ = backend.Close()
		_ = db.Close()
	})
	s.inv = invalidate.New(pages, nil)
	invalidate.Register(s.inv, func(p *post, to *invalidate.Targets) { to.Path("/blog/" + p.Slug + "/") })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /blog/{slug}/", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "a post") })
	mux.HandleFunc("GET /private", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Cache-Control", "private") })
	s.Handler = pages.Handler(mux)
	c, err := prom.New(&prom.Options{Pages: pages, Invalidator: s.inv, Outbox: s.box})
	if err != nil {
		t.Fatal(err)
	}
	s.reg.MustRegister(c)
	return s
}

func (s *site) get(target string) {
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, target, nil))
}

// A table is a database/sql driver that answers a query with the figures of an outbox.
type table struct {
	asked atomic.Int64
	err   error
	rows  [5]driver.Value // pending, milliseconds of the oldest, dead, repeats, newer
}

func (d *table) Connect(context.Context) (driver.Conn, error) { return conn{d}, nil }
func (d *table) Driver() driver.Driver                        { return nil }

type conn struct{ *table }

func (conn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (conn) Close() error                        { return nil }
func (conn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }

func (c conn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	c.asked.Add(1)
	return &result{c.table, false}, c.err
}

type result struct {
	*table
	read bool
}

func (r *result) Columns() []string { return []string{"a", "b", "c", "d", "e"} }
func (r *result) Close() error      { return nil }

func (r *result) Next(dest []driver.Value) error {
	if r.read {
		return io.EOF
	}
	r.read = true
	copy(dest, r.rows[:])
	return nil
}

// Every metric is what happened.
func TestMetrics(t *testing.T) {
	s := newSite(t)
	s.db.rows = [5]driver.Value{int64(3), float64(1500), int64(1), int64(0), int64(0)}
	s.get("/blog/a/")
	s.get("/blog/a/")
	s.get("/blog/a/")
	s.get("/private")
	s.get("/nothing")
	if err := s.inv.Invalidate(t.Context(), &post{"a"}); err != nil {
		t.Fatal(err)
	}
	if err := s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{cache.All}}); err != nil {
		t.Fatal(err)
	}
	s.get("/blog/a/")
	held := s.pages.Stats().Store.Tiers[0].Bytes
	want := `
# HELP uncache_available Whether the backend answers: 1 or 0.
# TYPE uncache_available gauge
uncache_available 1
# HELP uncache_evictions_total Values that left a store in memory, or were too large for it.
# TYPE uncache_evictions_total counter
uncache_evictions_total{cause="age",tier="0"} 0
uncache_evictions_total{cause="room",tier="0"} 0
uncache_evictions_total{cause="too-large",tier="0"} 0
# HELP uncache_outbox_dead Dead letters of the outbox.
# TYPE uncache_outbox_dead gauge
uncache_outbox_dead 1
# HELP uncache_outbox_oldest_seconds How long the oldest row that waits has been waiting.
# TYPE uncache_outbox_oldest_seconds gauge
uncache_outbox_oldest_seconds 1.5
# HELP uncache_outbox_pending Rows of the outbox that wait to be purged.
# TYPE uncache_outbox_pending gauge
uncache_outbox_pending 3
# HELP uncache_purges_total Purges of this process, by the widest kind of name in them.
# TYPE uncache_purges_total counter
uncache_purges_total{kind="all",result="done"} 1
uncache_purges_total{kind="all",result="failed"} 0
uncache_purges_total{kind="group",result="done"} 0
uncache_purges_total{kind="group",result="failed"} 0
uncache_purges_total{kind="none",result="done"} 0
uncache_purges_total{kind="none",result="failed"} 0
uncache_purges_total{kind="path",result="done"} 1
uncache_purges_total{kind="path",result="failed"} 0
uncache_purges_total{kind="prefix",result="done"} 0
uncache_purges_total{kind="prefix",result="failed"} 0
uncache_purges_total{kind="route",result="done"} 0
uncache_purges_total{kind="route",result="failed"} 0
uncache_purges_total{kind="uri",result="done"} 0
uncache_purges_total{kind="uri",result="failed"} 0
# HELP uncache_requests_total Requests of visitors, by the words of Cache-Status.
# TYPE uncache_requests_total counter
uncache_requests_total{outcome="hit",reason=""} 2
uncache_requests_total{outcome="miss",reason=""} 2
uncache_requests_total{outcome="miss",reason="private"} 1
uncache_requests_total{outcome="miss",reason="purged"} 1
# HELP uncache_route_requests_total Requests of visitors, by the pattern that served them.
# TYPE uncache_route_requests_total counter
uncache_route_requests_total{outcome="hit",route="GET /blog/{slug}/"} 2
uncache_route_requests_total{outcome="miss",route="GET /blog/{slug}/"} 2
uncache_route_requests_total{outcome="miss",route="GET /private"} 1
uncache_route_requests_total{outcome="miss",route="unknown"} 1
# HELP uncache_stored_bytes What a store in this process's memory holds; tier 0 is the nearest.
# TYPE uncache_stored_bytes gauge
uncache_stored_bytes{tier="0"} ` + fmt.Sprint(held) + `
# HELP uncache_view_age_seconds How long ago this process knew that it had read all of the log.
# TYPE uncache_view_age_seconds gauge
uncache_view_age_seconds 0
`
	names := []string{
		"uncache_available", "uncache_evictions_total", "uncache_outbox_dead", "uncache_outbox_oldest_seconds", "uncache_outbox_pending",
		"uncache_purges_total", "uncache_requests_total", "uncache_route_requests_total", "uncache_stored_bytes", "uncache_view_age_seconds",
	}
	if err := testutil.GatherAndCompare(s.reg, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]uint64{"uncache_render_seconds": 4, "uncache_purge_seconds": 2, "uncache_save_to_purge_seconds": 1} {
		if got := histogramOf(t, s.reg, name).GetSampleCount(); got != want {
			t.Errorf("%s counts %d, want %d", name, got, want)
		}
	}
}

func histogramOf(t *testing.T, reg prometheus.Gatherer, name string) *dto.Histogram {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetHistogram()
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

// promlint finds nothing to improve.
func TestLint(t *testing.T) {
	s := newSite(t)
	s.db.rows = [5]driver.Value{int64(3), float64(1500), int64(1), int64(0), int64(0)}
	s.get("/blog/a/")
	if err := s.inv.Invalidate(t.Context(), &post{"a"}); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(s.reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if n, err := testutil.GatherAndCount(s.reg); err != nil || n < 15 {
		t.Errorf("%d metrics, %v: promlint has seen too little", n, err)
	}
}

// The database is asked at most every ten seconds. If it fails, the rest is there.
func TestOutboxIsAskedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.db.rows = [5]driver.Value{int64(3), float64(1500), int64(1), int64(0), int64(0)}
		gather := func() {
			if _, err := s.reg.Gather(); err != nil {
				t.Error(err)
			}
		}
		for range 10 {
			gather()
			time.Sleep(999 * time.Millisecond)
		}
		if got := s.db.asked.Load(); got != 1 {
			t.Errorf("asked %d times within ten seconds, want once", got)
		}
		time.Sleep(time.Second)
		s.db.err = errors.New("no database")
		gather()
		if got := s.db.asked.Load(); got != 2 {
			t.Errorf("asked %d times, want twice", got)
		}
		if n, err := testutil.GatherAndCount(s.reg, "uncache_outbox_pending"); n != 0 || err != nil {
			t.Errorf("%d figures of rows, %v: nobody knows them", n, err)
		}
		if n, err := testutil.GatherAndCount(s.reg, "uncache_available"); n != 1 || err != nil {
			t.Errorf("%d other figures, %v; want 1", n, err)
		}
	})
}

// Prometheus's own parser reads the endpoint while requests and purges go on. Counters
// never fall, and at the end they are what was done.
func TestScrapeUnderLoad(t *testing.T) {
	s := newSite(t)
	endpoint := httptest.NewServer(promhttp.HandlerFor(s.reg, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}))
	defer endpoint.Close()
	const visitors, each = 8, 500
	var wg sync.WaitGroup
	for v := range visitors {
		wg.Go(func() {
			for i := range each {
				s.get(fmt.Sprintf("/blog/%d/", i%7))
				if i%50 == v {
					if err := s.inv.Invalidate(t.Context(), &post{fmt.Sprint(i % 7)}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	var last float64
	scrapes := 0
	for over := false; !over; scrapes++ {
		select {
		case <-done:
			over = true
		default:
		}
		resp, err := http.Get(endpoint.URL)
		if err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, m := range families["uncache_requests_total"].GetMetric() {
			sum += m.GetCounter().GetValue()
		}
		if sum < last {
			t.Fatalf("requests fell from %v to %v", last, sum)
		}
		last = sum
		h := families["uncache_render_seconds"].GetMetric()[0].GetHistogram()
		if b := h.GetBucket(); len(b) < 10 || b[len(b)-1].GetCumulativeCount() != h.GetSampleCount() || math.IsNaN(h.GetSampleSum()) {
			t.Fatalf("render: %v", h)
		}
	}
	if want := float64(visitors * each); last != want {
		t.Errorf("%v requests at the end, want %v", last, want)
	}
	if got := histogramOf(t, s.reg, "uncache_save_to_purge_seconds").GetSampleCount(); got != visitors*each/50 {
		t.Errorf("%d saves, want %d", got, visitors*each/50)
	}
	t.Logf("%d scrapes", scrapes)
}

// A pattern may be no text, and two may become one label.
func TestStrangePatterns(t *testing.T) {
	s := newSite(t)
	h := s.pages.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { r.Pattern = r.URL.Query().Get("as") }))
	for _, as := range []string{"", "unknown", "other", "%ff", "%fe", "a%00b"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/?as="+as, nil))
	}
	got, err := testutil.GatherAndCount(s.reg, "uncache_route_requests_total")
	if err != nil || got != 4 { // unknown, other, ?, a\0b
		t.Errorf("%d labels, %v; want 4", got, err)
	}
}

// A store without pages, and nothing at all.
func TestNew(t *testing.T) {
	for _, opts := range []*prom.Options{nil, {}} {
		if _, err := prom.New(opts); !errors.Is(err, prom.ErrOptions) {
			t.Errorf("New(%v): %v, want ErrOptions", opts, err)
		}
	}
	b := memory.New(nil)
	defer b.Close()
	store, err := coherent.New(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	c, err := prom.New(&prom.Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(c)
	if n, err := testutil.GatherAndCount(reg, "uncache_requests_total", "uncache_view_age_seconds"); n != 1 || err != nil {
		t.Errorf("%d metrics, %v; want the age of the view alone", n, err)
	}
}

// Every kind of purge is there from the start, and none comes later.
func TestKindsOfPurges(t *testing.T) {
	s := newSite(t)
	count := func() int {
		n, err := testutil.GatherAndCount(s.reg, "uncache_purges_total")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	for _, d := range []cache.Dependency{
		cache.All, cache.Prefix("/a"), cache.Route("GET /a"), cache.Group("a"), cache.OriginGroup("a.example", "a"), cache.Path("/a"), cache.URI("a.example/a"),
	} {
		if err := s.pages.Purge(t.Context(), cache.Event{Dependencies: []cache.Dependency{d}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.pages.Purge(t.Context(), cache.Event{}); err != nil {
		t.Fatal(err)
	}
	if got := len(s.pages.Stats().Store.Purges); got != 7 || count() != before || before != 2*got {
		t.Errorf("%d kinds of purges, %d metrics before and %d after", got, before, count())
	}
}
