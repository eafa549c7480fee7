package memory_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache"
)

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func benchKeys(b *testing.B) (*memory.Backend, [][]byte) {
	store := memory.New(nil)
	b.Cleanup(func() { store.Close() })
	keys := make([][]byte, 1<<12)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "page:example.org/blog/%d/", i)
		store.SetLocal(string(keys[i]), &keys[i], 4<<10, time.Hour)
	}
	b.ReportAllocs()
	b.ResetTimer()
	return store, keys
}

func BenchmarkGetLocal(b *testing.B) {
	store, keys := benchKeys(b)
	for i := 0; b.Loop(); i++ {
		if _, ok := store.GetLocal(keys[i%len(keys)]); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkGetLocalParallel(b *testing.B) {
	store, keys := benchKeys(b)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			store.GetLocal(keys[i%len(keys)])
		}
	})
}

// The store is full: each Set evicts.
func BenchmarkSet(b *testing.B) {
	store := memory.New(&memory.Options{MaxEntries: 1 << 12})
	defer store.Close()
	value := make([]byte, 4<<10)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = store.Set(context.Background(), fmt.Sprint("page:example.org/blog/", i), value, time.Hour)
	}
}

func BenchmarkAppend(b *testing.B) {
	log := memory.NewLog(nil)
	e := cache.Event{Dependencies: []cache.Dependency{"path:/blog/hello/", "group:author:ada"}, Reason: "blog.Post 42 saved"}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = log.Append(context.Background(), e)
	}
}

func BenchmarkSinceNothing(b *testing.B) {
	log := memory.NewLog(nil)
	head := log.Head()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = log.Since(context.Background(), head)
	}
}

func BenchmarkSinceOne(b *testing.B) {
	log := memory.NewLog(nil)
	p, _ := log.Append(context.Background(), cache.Event{})
	b.ReportAllocs()
	for b.Loop() {
		_, _ = log.Since(context.Background(), p-1)
	}
}
