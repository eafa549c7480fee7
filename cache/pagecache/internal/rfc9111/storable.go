package rfc9111

import (
	"net/http"
	"strings"
	"time"
)

// Policy applies RFC 9111 §3 to a response with header h. req is the header of its request,
// which was made at asked. told is what the handler said with SetTTL.
func (r *Rules) Policy(req http.Header, status int, h http.Header, setCookie bool, told Told, asked, now time.Time) Policy {
	cc, targeted := r.Control(h)
	p := Policy{
		Age:     initialAge(h, asked, now),
		Shared:  cc.Public || cc.SMaxAge.Set || cc.MustRevalidate,
		Spoken:  cc.Present || len(h["Expires"]) > 0 || len(h["Pragma"]) > 0,
		NoCache: cc.NoCache,
		Strict:  cc.strict(),
		Grace:   r.StaleWhileRevalidate,
		IfError: r.StaleIfError,
		Drop:    cc.Fields,
	}
	if cc.WhileRevalidate.Set && (r.Refresh || r.StaleWhileRevalidate > 0) {
		p.Grace = time.Duration(cc.WhileRevalidate.N) * time.Second
	}
	if cc.IfError.Set {
		p.IfError = time.Duration(cc.IfError.N) * time.Second
	}
	if p.Strict {
		p.Grace, p.IfError = 0, 0
	}
	var known bool
	p.Lifetime, known = r.lifetime(&cc, targeted, status, h, now)
	p.Lifetime, known = told.apply(r, status, p.Lifetime, known)
	p.Told = told.Counts(status)
	if p.NoCache {
		known = true // it will not be used without asking
	}
	if p.Lifetime <= 0 && !p.Spoken {
		p.Grace, p.IfError = 0, 0 // it was never fresh, so it can't have become stale
	}
	p.Useful = r.MaxStale(p.Lifetime, p.Strict) || validates(status, h, asked, now)
	p.Reason = r.reasonNotToStore(req, status, h, setCookie, &cc, &p, known)
	return p
}

// Control returns what a response says about caching: the first targeted field
// that is valid (RFC 9213 §2.2), or Cache-Control.
func (r *Rules) Control(h http.Header) (cc Control, targeted bool) {
	for _, name := range r.Targeted {
		fields := h[name]
		if len(fields) == 0 {
			continue
		}
		parse := parseTargeted
		if name == surrogateControl {
			parse = r.parseSurrogate
		}
		if cc, ok := parse(fields); ok {
			return cc, true
		}
	}
	return ParseControl(h["Cache-Control"]), false
}

func (r *Rules) reasonNotToStore(req http.Header, status int, h http.Header, setCookie bool, cc *Control, p *Policy, known bool) Reason {
	switch {
	case status == http.StatusNotModified:
		return ReasonCondition
	case status < 200, NeverStored(status):
		return ReasonStatus // not final, or not for caches
	case !canonical(h):
		return ReasonFieldName
	case status == http.StatusPartialContent || saysPart(status, h):
		return ReasonPartial
	case ParseControl(req["Cache-Control"]).NoStore:
		return ReasonRequest // §5.2.1.5
	case cc.MustUnderstand && !understood(status):
		return ReasonStatus // §5.2.2.3
	case cc.NoStore && !cc.MustUnderstand:
		return ReasonNoStore // §5.2.2.5; a must-understand that is met sets it aside
	case cc.Private:
		return ReasonPrivate // §5.2.2.7
	case !cc.Present && HasNoCachePragma(h):
		return ReasonNoCache
	case setCookie && !r.StoreSetCookie:
		// RFC 9111 §7.3 leaves this to the handler's Cache-Control. Handlers
		// are known to forget it, and one visitor must not get the session of
		// another.
		return ReasonSetCookie
	case len(req["Authorization"]) > 0 && !p.Shared:
		return ReasonAuth // §3.5
	case len(h["Trailer"]) > 0:
		return ReasonTrailer
	case !known:
		return ReasonNoLifetime
	}
	any := false
	ListMembers(h, "Vary", func(member string) bool {
		any = member == "*"
		return !any
	})
	if any {
		return ReasonVary // §4.1: it matches no request
	}
	// What is stale from the start is worth storing if it can be validated, or
	// served stale.
	switch {
	case p.NoCache && !p.Useful:
		return ReasonNoCache
	case r.KeepFor(p.Lifetime, p.Age, max(p.Grace, p.IfError), p.Useful) == 0:
		return ReasonNoLifetime
	}
	return Storable
}

// canonical reports whether all names of h are as net/http writes them. Those of
// others are sent, but not found: a "set-cookie" could hide from all that looks
// for Set-Cookie. Those with a space are what net/http has read of an origin that
// puts it before the colon: it drops the field, which may have been a Vary.
func canonical(h http.Header) bool {
	for name := range h {
		if name != http.CanonicalHeaderKey(name) || strings.ContainsAny(name, " \t") {
			return false
		}
	}
	return true
}

// saysPart reports whether Content-Range says that a response with another status than 206
// is a part. RFC 9110 §14.4 gives the field a meaning in a 416 only. But a 200 that names
// bytes is not taken for the whole: its status may have been lost on the way.
func saysPart(status int, h http.Header) bool {
	const unit = "bytes"
	for _, field := range h["Content-Range"] {
		if status == http.StatusRequestedRangeNotSatisfiable || len(field) >= len(unit) && strings.EqualFold(field[:len(unit)], unit) {
			return true
		}
	}
	return false
}

// HasNoCachePragma recognises what handlers wrote before there was
// Cache-Control. It has no meaning in a response (RFC 9111 §5.4), but the
// intention is plain.
func HasNoCachePragma(h http.Header) bool {
	found := false
	ListMembers(h, "Pragma", func(member string) bool {
		found = strings.EqualFold(member, "no-cache")
		return !found
	})
	return found
}
