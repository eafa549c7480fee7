// Package figures counts what happens on many processors at once.
package figures

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Columns is how many figures a Row has: as many as fill a cache line.
const Columns = 8

// A Row counts eight kinds of things. Processors that count at the same time mostly
// write to different cache lines, so that none waits for another.
type Row struct {
	table *Table // that it belongs to, or nil
	lines []line // a power of two

	times atomic.Uint64
	took  atomic.Int64
}

type line [Columns]atomic.Uint64

// maxLines bounds the memory of a Row: 2 KiB.
const maxLines = 32

// NewRow returns a Row of zeros.
func NewRow() *Row {
	n := min(runtime.GOMAXPROCS(0), maxLines)
	return &Row{lines: make([]line, 1<<bits.Len(uint(n-1)))}
}

// Add counts one more of a kind, by one atomic addition.
func (r *Row) Add(column int) {
	r.lines[place()&uintptr(len(r.lines)-1)][column].Add(1)
}

// Load returns how many of a kind were counted. What is counted meanwhile may be
// missing.
func (r *Row) Load(column int) (n uint64) {
	for i := range r.lines {
		n += r.lines[i][column].Load()
	}
	return n
}

// place is a number that differs between goroutines, mostly: where their stacks are.
// Those that run at the same time have different ones, and a goroutine keeps its own.
func place() uintptr {
	var here byte
	at := uintptr(unsafe.Pointer(&here)) >> stackBits
	return at ^ at>>5 ^ at>>11
}

// stackBits is the logarithm of a small stack's size, 8 KiB: that of a goroutine which
// serves a request.
const stackBits = 13
