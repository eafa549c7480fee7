package rfc9111

import (
	"slices"
	"time"
)

// Policy is what a response says about storing and using it.
type Policy struct {
	Reason   Reason        // Storable, or why not
	Lifetime time.Duration // for how long it is fresh
	Age      time.Duration // how old it was when the handler gave it
	Shared   bool          // it may answer requests with Authorization
	Spoken   bool          // the handler said something to caches
	NoCache  bool          // it must be validated before each use
	Strict   bool          // it must not be served stale
	Grace    time.Duration // for how long it may be served stale while it is validated
	IfError  time.Duration // for how long it may be served stale if that fails
	Useful   bool          // also when it must not be served
	Drop     []string      // fields that must not be stored

	Told        bool   // the lifetime is SetTTL's
	ForVisitors bool   // it was made for a visitor, and is public
	Words       string // what is added to Cache-Control, for browsers
}

// Narrowed returns a policy that keeps to both p and q.
func (p Policy) Narrowed(q Policy) Policy {
	if p.Reason != Storable {
		return p
	}
	for _, name := range q.Drop {
		if !slices.Contains(p.Drop, name) && name != "Set-Cookie" {
			p.Reason = ReasonPrivate // the field is in what was made already
		}
	}
	if q.Reason != Storable {
		p.Reason = q.Reason
	}
	p.Lifetime, p.Age = min(p.Lifetime, q.Lifetime), max(p.Age, q.Age)
	p.Grace, p.IfError = min(p.Grace, q.Grace), min(p.IfError, q.IfError)
	p.Shared, p.ForVisitors = p.Shared && q.Shared, p.ForVisitors && q.ForVisitors
	p.NoCache, p.Strict = p.NoCache || q.NoCache, p.Strict || q.Strict
	return p
}
