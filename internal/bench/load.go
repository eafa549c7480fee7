package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A loadMeter says how busy the machine was since it was last asked, and how much of
// that was other people's work. It reads Linux's /proc.
type loadMeter struct {
	at  time.Time
	own time.Duration
	all time.Duration // of all processors, idle or not
	off time.Duration // of all processors, idle
}

func newLoadMeter() *loadMeter {
	m := &loadMeter{at: time.Now(), own: cpuTime()}
	m.all, m.off, _ = processors()
	return m
}

// String describes the time since the last call, or since the meter was made.
func (m *loadMeter) String() string {
	before := *m
	*m = *newLoadMeter()
	average, _, _ := strings.Cut(read("/proc/loadavg"), " ")
	all := m.all - before.all
	if all <= 0 || average == "" {
		return "Load of the machine: not known here."
	}
	share := func(d time.Duration) float64 { return max(100*float64(d)/float64(all), 0) }
	own := m.own - before.own
	return fmt.Sprintf("Load of the machine: %s on %d processors. This program used %.0f %% of them, others %.0f %%.",
		average, runtime.NumCPU(), share(own), share(all-(m.off-before.off)-own))
}

// processors returns the time that all processors have been up, and idle.
func processors() (all, idle time.Duration, ok bool) {
	const tick = time.Second / 100 // USER_HZ, the same on all platforms that have /proc/stat
	line, _, _ := strings.Cut(read("/proc/stat"), "\n")
	words := strings.Fields(line)
	if len(words) < 9 || words[0] != "cpu" {
		return 0, 0, false
	}
	for i, word := range words[1:9] { // user nice system idle iowait irq softirq steal
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return 0, 0, false
		}
		all += time.Duration(n) * tick
		if i == 3 || i == 4 {
			idle += time.Duration(n) * tick
		}
	}
	return all, idle, true
}

// read returns what a file says, or nothing if it can't be read.
func read(file string) string {
	text, _ := os.ReadFile(file)
	return string(text)
}
