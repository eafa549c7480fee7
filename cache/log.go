package cache

import (
	"context"
	"time"
)

// A Position is a place in a [Log]. The first event after position p has
// position p+1. Zero is before every event.
type Position uint64

// An Event is one purge: from its position on, no response that depends on one
// of Dependencies, and whose rendering began before, may be served.
type Event struct {
	// Position is the event's place in the log. The log sets it.
	Position Position `json:"position"`

	// Time is when the purge was made. The log sets it if it is zero. It is
	// for people; nothing is decided by it.
	Time time.Time `json:"time"`

	// Dependencies names what changed. An event that names nothing is valid
	// and purges nothing.
	Dependencies []Dependency `json:"dependencies"`

	// Soft makes what depends on the event stale rather than unusable: a cache
	// that allows it may still serve it while one fill renders its successor. For
	// other caches a soft purge is a purge.
	Soft bool `json:"soft,omitempty"`

	// Reason says why, for people: "blog.Post 42 saved". A log has its first 256
	// bytes, and those of Origin.
	Reason string `json:"reason,omitempty"`

	// Origin says who, for people: a host, a process, a user. Package coherent
	// fills it in where it is empty.
	Origin string `json:"origin,omitempty"`
}

// Events is an answer of [Log.Since]: what happened in the log after a
// position, as far as the log still knows.
//
// A log that holds much answers in pages, so that no answer is without bound:
//
//	Since(0)    From 100, List 101 to 350, Head 900, More
//	Since(350)  From 350, List 351 to 720, Head 901, More
//	Since(720)  From 720, List 721 to 901, Head 901
type Events struct {
	// Head is the position of the last event, or the start of the era if there
	// has been none in it.
	Head Position

	// From is where List begins: List holds every event with a position in
	// (From, Head], in order, or with More the first of them. It is the proof
	// of continuity: a From after the position that was asked for says that
	// the events between are not known any more, and that whatever was stamped
	// before From must not be served. From is never before the position that
	// was asked for, unless that is out of reach: see [Log].Since.
	From Position

	// List holds the events. It is the caller's; the slices in it are shared
	// and must not be changed.
	List []Event

	// More says that List ends before Head. The caller keeps what it was given
	// and asks for the next page: Since(End). Each page gets on: its End is
	// after the position that was asked for. Without More, End is Head.
	More bool
}

// End returns the position that was reached: that of the last event in List, or
// From if there is none.
func (e Events) End() Position { return e.From + Position(len(e.List)) }

// A Log records purges, in one order that all processes see. It is append
// only, and it may forget its oldest events; it must never forget one silently.
//
// A log lives in eras. Within one era positions are consecutive. When the log
// has lost its head, or has reason to believe that it was taken back in time,
// it begins a new era: it re-creates the head beyond every position that was
// ever given, so that nothing stamped earlier is served again. The clock of the
// log's server in microseconds is such a position, for a log that counts less
// than a million events a second.
//
// A head more than ten years beyond that clock is none: it was damaged, or the
// clock was wrong when it was made. The new era begins at the clock, before it.
//
// Package coherent gives a log bounded events ([Event.Bounded]), of at most 10,000
// dependencies and 4 MiB.
//
// All methods are safe for concurrent use.
type Log interface {
	// Append adds e at the end and returns its position.
	//
	// The position is one more than the last one given in this era.
	// e.Position is ignored. A zero e.Time is replaced by the present.
	// When Append has returned nil, every Since that starts later, in any
	// process, has a Head at or after the position returned.
	// If Append returns an error the event may be in the log or not; appending
	// it again is harmless, in the log twice it means what it means once.
	// e.Dependencies stays the caller's: Append keeps a copy.
	// If ctx was done before the call, Append returns an error.
	Append(ctx context.Context, e Event) (Position, error)

	// Since returns the events after a position, all of them or the first page.
	//
	// The answer is as recent as the call: every Append that had returned when
	// Since was called is covered by Head.
	// Since(0) returns all that the log still has, with From set accordingly.
	// How much fits into a page is the log's choice: a few hundred kilobytes
	// are read in time over a slow link.
	// If events after the position were trimmed, evicted or lost, From is after
	// it; List is never silently incomplete.
	// If the head was lost, or is before the position asked for, Since begins a
	// new era beyond both, and returns its start as Head and From.
	// If that position is more than ten years beyond the log's clock, the era may
	// begin before it: Head and From are the start of the era, and List is empty.
	// The process that asked gives up all that it knows of the log.
	// If nothing happened since, List is empty and From and Head are the
	// position that was asked for.
	Since(ctx context.Context, after Position) (Events, error)
}
