package stored

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Phrases are header values in which nothing but a number varies, ready to be assigned: the
// Age and the Cache-Status of a hit. Pages share them, since there are fewer ages than pages
// in one second. They are bounded: two numbers that meet in a slot replace one another.
type Phrases struct {
	before, after string // the texts on both sides of the number
	slots         [phraseSlots]atomic.Pointer[phrase]
}

// NewPhrases returns the phrases of a number between two texts.
func NewPhrases(before, after string) *Phrases { return &Phrases{before: before, after: after} }

const phraseSlots = 1 << 13 // more than the seconds of two hours

type phrase struct {
	n      int64
	values [1]string
}

// Say returns the phrase with n.
func (b *Phrases) Say(n int64) []string {
	slot := &b.slots[uint64(n)%phraseSlots]
	p := slot.Load()
	if p == nil || p.n != n {
		p = &phrase{n, [1]string{b.Text(n)}}
		slot.Store(p)
	}
	return p.values[:]
}

// Text returns the phrase with n as a string.
func (b *Phrases) Text(n int64) string { return b.before + strconv.FormatInt(n, 10) + b.after }

// Dates lets the responses of one second share their Date.
type Dates struct{ last atomic.Pointer[date] }

type date struct {
	second int64
	text   string
}

// Format writes t as HTTP does (RFC 9110 §5.6.7).
func (d *Dates) Format(t time.Time) string {
	last := d.last.Load()
	if last == nil || last.second != t.Unix() {
		last = &date{t.Unix(), t.UTC().Format(http.TimeFormat)}
		d.last.Store(last)
	}
	return last.text
}
