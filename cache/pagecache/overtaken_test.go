package pagecache_test

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uncache/uncache/cache/pagecache"
)

// A rendering that hangs for ever holds nobody up once another one has overtaken it:
// not at the next expiry, and not at the hundredth.
func TestRenderingThatHangsForEverIsOvertaken(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter, n int64){
		"stored":  func(w http.ResponseWriter, n int64) { fmt.Fprint(w, "page ", n) },
		"failing": func(w http.ResponseWriter, _ int64) { http.Error(w, "failed", http.StatusInternalServerError) },
		"half":    func(w http.ResponseWriter, _ int64) { _, _ = io.WriteString(w, "half"); http.Error(w, "failed", 500) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hang := make(chan struct{})
				var n atomic.Int64
				s := newSite(t, nil, &pagecache.Options{TTL: time.Second}, func(w http.ResponseWriter, _ *http.Request) {
					i := n.Add(1)
					if i == 1 {
						<-hang
					}
					time.Sleep(time.Millisecond)
					answer(w, i)
				})
				var wg sync.WaitGroup
				wg.Go(func() { s.get("/") })
				synctest.Wait()
				for i := range 100 {
					began := time.Now()
					s.get("/")
					if took := time.Since(began); i > 0 && took > 30*time.Millisecond {
						t.Errorf("expiry %d: the visitor waited %v", i, took)
					}
					time.Sleep(2 * time.Second)
				}
				close(hang)
				wg.Wait()
			})
		})
	}
}
