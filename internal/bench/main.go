package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

// cases are what can be measured, in the order of docs/performance.md.
var cases = []struct {
	name, title string
	run         func(b *bench)
}{
	{"hit", "A hit in memory", benchHit},
	{"pages", "A hit, by how many pages there are", benchPages},
	{"header", "A hit with a fresh header map", benchHeader},
	{"redis", "A hit in Redis", benchRedis},
	{"near", "A hit in a near tier", benchNear},
	{"fill", "A fill", benchFill},
	{"purge", "A purge, by how much it covers", benchPurge},
	{"groups", "A hit, by groups and purges", benchGroups},
	{"away", "The first hit after many purges", benchAway},
	{"cold", "A cold start", benchCold},
	{"tail", "A server while there are many purges", benchTail},
	{"stampede", "A stampede", benchStampede},
	{"save", "A save during a rendering", benchSave},
	{"storm", "A storm of saves", benchStorm},
	{"memory", "Memory", benchFootprint},
	{"server", "Through a server", benchServer},
	{"ratio", "Hit ratio", benchZipf},
	{"stores", "The stores alone", benchStores},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("case", "", "the cases to run, separated by commas; default all of "+names())
	rounds := flags.Int("rounds", 25, "how many rounds each contestant runs")
	round := flags.Duration("round", 20*time.Millisecond, "how long a round takes, at least")
	scale := flags.Int("scale", 1, "divide what is stored by this, for a quick look")
	docs := flags.String("docs", "", "the directory whose performance.md and graphs are to be written")
	lines := flags.String("lines", "", "the file for benchstat's lines")
	profile := flags.String("cpuprofile", "", "the file for a CPU profile, in which contestants are labelled")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	chosen := strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })
	for _, name := range chosen {
		if !strings.Contains(names()+",", name+",") {
			return fmt.Errorf("there is no case %q among %s", name, names())
		}
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var r report
	began := time.Now()
	for _, c := range cases {
		if len(chosen) > 0 && !slices.Contains(chosen, c.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "bench:", c.name)
		b := &bench{ctx: ctx, name: c.name, rounds: max(*rounds, 1), round: *round, scale: max(*scale, 1), report: &r}
		b.section = r.begin(c.name, c.title)
		if err := b.do(c.run); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	machine := machine(began, *rounds, *round, args)
	for _, s := range r.sections {
		s.markdown(out)
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, machine)
	if *lines != "" {
		head := fmt.Sprintf("goos: %s\ngoarch: %s\npkg: github.com/uncache/uncache/internal/bench\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, processor())
		if err := os.WriteFile(*lines, []byte(head+r.lines.String()), 0o644); err != nil {
			return err
		}
	}
	if *docs != "" {
		return r.writeDocs(*docs, machine)
	}
	return nil
}

func names() string {
	all := make([]string, len(cases))
	for i, c := range cases {
		all[i] = c.name
	}
	return strings.Join(all, ",")
}

// machine says where and how the figures came about.
func machine(began time.Time, rounds int, round time.Duration, args []string) string {
	return fmt.Sprintf("Measured %s with `%s`: %d rounds of %v, %s, %s/%s, GOMAXPROCS %d, %s.",
		began.UTC().Format(time.DateOnly), strings.TrimSpace("go run . "+strings.Join(args, " ")), rounds, round,
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), processor())
}

func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	out, err := exec.Command("uname", "-m").Output()
	if err != nil {
		return "processor unknown"
	}
	return strings.TrimSpace(string(out))
}
