package figures

import (
	"sync"
	"testing"
	"time"
)

// Nothing is lost when many goroutines count.
func TestRowCountsAll(t *testing.T) {
	r := NewRow()
	const goroutines, each = 64, 1000
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			for range each {
				r.Add(i % Columns)
			}
		})
	}
	wg.Wait()
	for column := range Columns {
		if got, want := r.Load(column), uint64(goroutines/Columns*each); got != want {
			t.Errorf("column %d: %d, want %d", column, got, want)
		}
	}
}

// Goroutines spread over the lines, and one goroutine stays on its own.
func TestRowSpreads(t *testing.T) {
	r := &Row{lines: make([]line, 8)}
	const goroutines, each = 64, 100
	stop := make(chan struct{})
	var counted, ended sync.WaitGroup
	for range goroutines {
		counted.Add(1)
		ended.Go(func() {
			for range each {
				r.Add(0)
			}
			counted.Done()
			<-stop // so that no other goroutine gets this stack
		})
	}
	counted.Wait()
	close(stop)
	ended.Wait()
	for i := range r.lines {
		n := r.lines[i][0].Load()
		if n > goroutines*each/2 {
			t.Errorf("line %d has %d of %d: the goroutines meet on one", i, n, goroutines*each)
		}
		if n%each != 0 {
			t.Errorf("line %d has %d: a goroutine has moved", i, n)
		}
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{-time.Second, 0, 100 * time.Microsecond, 100*time.Microsecond + 1, time.Second, time.Hour} {
		h.Add(d)
	}
	s := h.Snapshot()
	if want := time.Hour + time.Second + 200*time.Microsecond + 1; s.Sum != want || s.Count != 6 {
		t.Errorf("%d times, %v; want 6 times, %v", s.Count, s.Sum, want)
	}
	for _, b := range s.Buckets {
		want := uint64(3)
		if b.UpTo >= 250*time.Microsecond {
			want = 4
		}
		if b.UpTo >= time.Second {
			want = 5
		}
		if b.Count != want {
			t.Errorf("%d took at most %v, want %d", b.Count, b.UpTo, want)
		}
	}
}

func BenchmarkRow(b *testing.B) {
	r := NewRow()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r.Add(0)
		}
	})
}
