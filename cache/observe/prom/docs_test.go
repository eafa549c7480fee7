package prom_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/uncache/uncache/cache/observe/prom"
)

const (
	alerts    = "../../../docs/alerts.yml"
	dashboard = "../../../docs/grafana.json"
)

// promtool runs Prometheus's own tool. Debian has it in the package prometheus.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// The alert rules are sound, fire when they should, and are silent otherwise.
func TestAlerts(t *testing.T) {
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", alerts)
	rules, err := filepath.Abs(alerts)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := os.ReadFile("testdata/alerts_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "alerts_test.yml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(cases), "ALERTS", rules, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "test", "rules", file)
}

// Prometheus understands each query of the dashboard.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	var rules strings.Builder
	rules.WriteString("groups: [{name: dashboard, rules: [\n")
	n := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			n++
			fmt.Fprintf(&rules, "{record: 'panel:%d', expr: %q},\n", n, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
		}
	}
	rules.WriteString("]}]\n")
	if n < 15 {
		t.Errorf("%d queries: the dashboard has more", n)
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}

// The dashboard and the alert rules name the metrics that there are, and each of them is
// in one.
func TestNamesInDocs(t *testing.T) {
	s := newSite(t)
	c, err := prom.New(&prom.Options{Pages: s.pages, Invalidator: s.inv, Outbox: s.box})
	if err != nil {
		t.Fatal(err)
	}
	descs := make(chan *prometheus.Desc, 100)
	c.Describe(descs)
	close(descs)
	metrics := make(map[string]bool)
	for d := range descs {
		metrics[regexp.MustCompile(`uncache_\w+`).FindString(d.String())] = true
	}
	named := make(map[string]bool)
	for _, file := range []string{alerts, dashboard} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`uncache_\w+`).FindAllString(string(text), -1) {
			name = strings.TrimSuffix(name, "_bucket")
			if named[name] = true; !metrics[name] {
				t.Errorf("%s: there is no %s", file, name)
			}
		}
	}
	page, err := os.ReadFile("../../../docs/observe.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range metrics {
		if !named[name] {
			t.Errorf("%s is neither in the dashboard nor in a rule", name)
		}
		if !strings.Contains(string(page), "`"+name) {
			t.Errorf("%s is not in docs/observe.md", name)
		}
	}
}
