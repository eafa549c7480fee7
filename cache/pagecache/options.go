package pagecache

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/keys"
)

// Options configures a [Cache]. The zero value is the default. Durations are 0, or
// at least 1 ms.
type Options struct {
	// Keys makes the keys that responses are stored under. Default
	// keys.New("page", nil).
	//
	// If its Options.Query says which parameters count, no GET handler behind the
	// cache sees any other, not even one that says no-store: the handler is asked
	// before anybody knows what it will say, and what it read would get into a
	// page that others are given. Name all parameters that any handler reads (q,
	// token, OAuth's code and state), or leave the paths of those handlers out
	// with Skip.
	Keys *keys.Builder

	// TTL is the freshness lifetime of responses whose handler gave none. It
	// counts for the status codes 200, 203, 204, 300, 301, 308, 404 and 410. RFC
	// 9110 §15.1 also allows 405, 414 and 501, but a visitor can cause these with
	// a field that is not in the key. With 0, the default, only responses with an
	// explicit lifetime are stored.
	TTL time.Duration

	// ErrorTTL is what 404 and 410 get in place of TTL. Anybody can invent URLs
	// that do not exist; with a short ErrorTTL their responses soon make room for
	// pages. A purge of the URL ends them at once, whatever their lifetime.
	// Default 0: they get TTL.
	ErrorTTL time.Duration

	// Heuristic gives responses without a lifetime, where TTL is 0, a tenth of
	// the time since their Last-Modified, a day at most (RFC 9111 §4.2.2). It
	// counts for all status codes of RFC 9110 §15.1, and for what says public.
	Heuristic bool

	// StaleWhileRevalidate is for how long after it became stale, or while it
	// was purged softly, a response is still served while its successor is made
	// in the background, unless the response says otherwise (RFC 5861 §3,
	// must-revalidate and its kin). Default 0: not at all.
	//
	// The handler is then run in the background, after the visitor's request is
	// over, and without the middleware around the cache: no session, no CSRF
	// token, no user in the context, nor what a router has found in the path. It
	// must not hold on to what belongs to a request: a handler that is made anew
	// for each request, around the pooled context of a framework, would show one
	// visitor what was meant for another. The cache belongs around the whole
	// router, and not around one of its routes, nor among its middleware.
	//
	// Where that shows, nothing is rendered in the background, by whichever
	// option, and visitors wait as they would without it; Observe is told once,
	// with a Detail that begins "not rendered in the background". It shows where
	// the request has a Pattern with a wildcard when it enters the cache, or one
	// that may be the last of several: without a method and a host, shorter than
	// the path, and with no ServeMux inside of the cache. And it shows where the
	// middleware around the cache has put a field into Vary that is not one of
	// IgnoreVary, other than Accept-Encoding, Origin and
	// Access-Control-Request-*. It does not show where a router leaves no Pattern
	// (gorilla/mux, chi before v5.2.3), or middleware says nothing in Vary.
	StaleWhileRevalidate time.Duration

	// Refresh obeys the stale-while-revalidate of responses where
	// StaleWhileRevalidate is 0. Without either, nothing is ever run in the
	// background, whatever a handler says: see there for what it must not do.
	Refresh bool

	// EarlyRefresh, if not 0, has a fresh response made anew in the background a
	// little before it expires, by chance: the later, the more visitors there
	// are, and the longer it took to make, the likelier (XFetch). So no visitor
	// waits for the successor of a page that is asked for often, and the
	// processes that share a store do not all make it at the same moment, though
	// none is served stale; without coherent.Options.Lease several of them may
	// make it. 1 is the value of the paper; greater ones refresh
	// earlier. It is never before half of the freshness lifetime. A page that is
	// asked for less than about once in ten times the time it takes to make it,
	// mostly expires as before.
	//
	// The handler is run in the background, without the middleware around the
	// cache: see StaleWhileRevalidate for what it must not do, and where it is
	// not. Default 0: not at all.
	EarlyRefresh float64

	// Warm is how many pages are rendered at a time in the background, after a
	// purge through this Cache, so that the next visitor finds them. It warms pages
	// that this Cache has stored itself: about 4,000 of the last, in 8 MiB at most,
	// URLs and dependencies included. Up to 256 wait. Observe is told of the others.
	//
	// The handler runs without a visitor and without the middleware around the
	// cache: see StaleWhileRevalidate and docs/warming.md. [Warming] tells such a
	// request. Default 0: nothing is warmed.
	Warm int

	// StaleIfError is for how long after it became stale a response is served
	// in place of a 500, 502, 503 or 504 of the handler, unless the response
	// says otherwise (RFC 5861 §4). Default 0: not at all.
	StaleIfError time.Duration

	// KeepStale is for how long a stale response is kept that the handler can be
	// asked about: one to which it gave an ETag or a Last-Modified. It counts from
	// the moment the response became stale, or from its arrival if it was stale
	// then. With ClientDirectives it is kept, too, if it has neither, for those
	// who say max-stale. Default 10 minutes.
	KeepStale time.Duration

	// ClientDirectives makes the cache obey the Cache-Control of requests (RFC
	// 9111 §5.2.1): no-cache, max-age, min-fresh, max-stale, only-if-cached, and
	// no-store as a wish to be given nothing that is stored, either. By default
	// it does not, so that no visitor can make the handler work; that nothing of
	// the response to a request with no-store is stored holds always.
	ClientDirectives bool

	// AllETags asks a handler which is asked about a response that varies, or for
	// one, about all stored variants of the URL by their strong entity tags (RFC
	// 9111 §4.3.1); where it answers 304 for one of these, that one's body
	// answers the request. It is for handlers whose tags differ wherever their
	// responses do, as RFC 9110 §8.8.3 asks. Many don't: where the English and
	// the German page have one tag, a German would be given the English page.
	// So it is off by default; a stale response is always validated by its own
	// tag. Variants that are selected by Cookie or Authorization are never asked
	// about.
	AllETags bool

	// Targeted names the targeted cache control fields that this cache obeys in
	// place of Cache-Control and Expires, the first that is valid (RFC 9213):
	// "CDN-Cache-Control", or one of your own. "Surrogate-Control" is older than
	// that and is read as it was meant then, where it says something about
	// storing. Default none.
	Targeted []string

	// IgnoreVary names fields that count for nothing in Vary, because they stand
	// there for what somebody around the cache does: a compressor outside of it
	// adds Accept-Encoding, while what is stored is the same for all. Naming a
	// field that the handler looks at gives visitors one another's pages.
	//
	// With Accept-Encoding among them the ETags that the cache makes are weak,
	// and it answers no Range of a page to which its handler gave no strong ETag
	// of its own: one visitor may have half of the page as it is, and the other
	// half in gzip (RFC 9110 §8.8.3.3).
	IgnoreVary []string

	// Transparent leaves responses as the handler made them: no ETag is added to
	// those without, and no "Cache-Control: no-cache" to those that say nothing.
	// It is for a handler that is a proxy, whose origin speaks for itself, and is
	// asked the visitor's own conditions where nothing is stored (RFC 9111
	// §4.3.2), once in a row.
	Transparent bool

	// StoreSetCookie stores responses that set cookies, if all else allows it,
	// and gives the cookie to everybody. RFC 9111 §7.3 allows it; it is meant
	// for cookies that are the same for all visitors. A cookie that somebody around
	// the cache sets is not stored. But the page may show it, a CSRF token for one:
	// what varies by Cookie is not stored, unless StoreSetCookie, for a visitor who
	// was given a cookie there that he did not come with.
	StoreSetCookie bool

	// SessionCookies names the cookies by which handlers know their visitors. A
	// request with one of them is answered by its handler, and the answer is given
	// to nobody else. The one exception is an answer to which the handler itself,
	// not middleware around the cache, has said "Cache-Control: public": visitors
	// and strangers may be given it. See docs/sessions.md.
	//
	// Names are compared whole, in their case. Default none.
	SessionCookies []string

	// Visitor reports whether a request has a visitor behind it whom the handler
	// knows, as one with a cookie in SessionCookies has: by another field, or by
	// what middleware has put into the context. It is asked again when the handler
	// has answered, which may have signed a visitor in. It should be quick, and is
	// called from many goroutines at once. Default nil: SessionCookies alone tell.
	Visitor func(*http.Request) bool

	// MaxBody is the size in bytes up to which a response is stored. Larger
	// ones are passed through. Default 1 MiB.
	MaxBody int

	// MaxVariants is how many responses of one URL are stored, where they vary;
	// the oldest make room. It holds whatever Vary says from one response to the
	// next. Processes that store variants of one URL at the same moment, or have
	// near tiers, may each keep as many. Default 64.
	MaxVariants int

	// RefreshTimeout is how long a response that is made in the background may
	// take. Default 30 s.
	RefreshTimeout time.Duration

	// CollapseTimeout is how long a request waits for the renderings of others, in
	// this process and, by a lease, in others. Then it renders for itself, and
	// nobody waits for that. Default 10 s.
	//
	// A rendering that takes longer than twice what the stored page took (200 ms
	// where nothing is known) is joined by that of the request which has waited
	// longest; the others take what ends first. The next joins after twice that
	// time, and so on. See docs/waiting.md for long polls and streams.
	CollapseTimeout time.Duration

	// PurgeTimeout is how long the answer to an unsafe request may be held up
	// by the purge that it calls for (RFC 9111 §4.4). Requests that come at once
	// share a purge. Default 5 s.
	PurgeTimeout time.Duration

	// Name is how this cache calls itself in Cache-Status (RFC 9211). Default
	// "uncache". It is a token.
	Name string

	// StatusKey puts the key of a response into Cache-Status. Default off: it
	// tells a visitor how the cache is laid out.
	StatusKey bool

	// Skip reports whether the cache must ignore a request: no answer from the
	// store, no storing. It is asked about the request as it came and, if that
	// differs, as a handler would see it (keys.Builder.Seen). Nil ignores none.
	//
	// It is also asked about GETs of the target of an unsafe request: without any
	// field, with those of a browser, and with its own. If it says true of all,
	// nothing is stored there, and that target is not purged.
	Skip func(*http.Request) bool

	// Observe, if not nil, is told of every request. It is called from many
	// goroutines at once, before the response is written, and should return
	// quickly. What the backend does wrong is reported to the Observe of
	// coherent.Options.
	Observe func(*http.Request, Observation)
}

const (
	maxEarlyRefresh = 1000

	// minDuration is less than what anybody means, and more than a number of
	// seconds, or of milliseconds, that was given no unit.
	minDuration = time.Millisecond

	defaultPrefix         = "page"
	defaultName           = "uncache"
	defaultMaxBody        = 1 << 20
	defaultMaxVariants    = 64
	defaultKeepStale      = 10 * time.Minute
	defaultRefreshTimeout = 30 * time.Second
	defaultPurgeTimeout   = 5 * time.Second

	defaultCollapseTimeout = 10 * time.Second
)

// ErrOptions is what [New] returns, wrapped, when options make no sense.
var ErrOptions = errors.New("invalid options")

// rules returns what the options say about HTTP.
func (o *Options) rules() rfc9111.Rules {
	return rfc9111.Rules{
		Name: o.Name, Targeted: o.Targeted, IgnoreVary: o.IgnoreVary,
		TTL: o.TTL, ErrorTTL: o.ErrorTTL,
		StaleWhileRevalidate: o.StaleWhileRevalidate, StaleIfError: o.StaleIfError, KeepStale: o.KeepStale,
		Transparent: o.Transparent, ClientDirectives: o.ClientDirectives, Refresh: o.Refresh,
		Heuristic: o.Heuristic, StoreSetCookie: o.StoreSetCookie,
	}
}

// complete checks the options and fills the defaults in.
func (o *Options) complete() error {
	for _, d := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"TTL", &o.TTL, 0},
		{"ErrorTTL", &o.ErrorTTL, 0},
		{"StaleWhileRevalidate", &o.StaleWhileRevalidate, 0},
		{"StaleIfError", &o.StaleIfError, 0},
		{"KeepStale", &o.KeepStale, defaultKeepStale},
		{"RefreshTimeout", &o.RefreshTimeout, defaultRefreshTimeout},
		{"PurgeTimeout", &o.PurgeTimeout, defaultPurgeTimeout},
		{"CollapseTimeout", &o.CollapseTimeout, defaultCollapseTimeout},
	} {
		if *d.value < 0 {
			return fmt.Errorf("%w: %s is %v: it must not be negative", ErrOptions, d.name, *d.value)
		}
		if 0 < *d.value && *d.value < minDuration { // "TTL: 600"
			return fmt.Errorf("%w: %s is %v: it must be 0, or at least %v; seconds are written %d*time.Second",
				ErrOptions, d.name, *d.value, minDuration, int64(*d.value))
		}
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	switch {
	case !(o.EarlyRefresh >= 0 && o.EarlyRefresh <= maxEarlyRefresh): // NaN, too
		return fmt.Errorf("%w: EarlyRefresh is %v: it must be from 0 to %v", ErrOptions, o.EarlyRefresh, maxEarlyRefresh)
	case o.Warm < 0:
		return fmt.Errorf("%w: Warm is %d: it must not be negative", ErrOptions, o.Warm)
	case o.MaxBody < 0:
		return fmt.Errorf("%w: MaxBody is %d: it must not be negative", ErrOptions, o.MaxBody)
	case o.MaxVariants < 0:
		return fmt.Errorf("%w: MaxVariants is %d: it must not be negative", ErrOptions, o.MaxVariants)
	case strings.ContainsFunc(o.Name, notToken), o.Name != "" && !letter(o.Name[0]):
		return fmt.Errorf("%w: Name is %q: it must be a token of RFC 9651, which begins with a letter", ErrOptions, o.Name)
	}
	for option, names := range map[string]*[]string{"Targeted": &o.Targeted, "IgnoreVary": &o.IgnoreVary} {
		*names = slices.Clone(*names)
		for i, name := range *names {
			if name == "" || strings.ContainsFunc(name, notToken) {
				return fmt.Errorf("%w: %s names the field %q: it must be a token of RFC 9110", ErrOptions, option, name)
			}
			(*names)[i] = http.CanonicalHeaderKey(name)
		}
	}
	if err := checkCookies(o.SessionCookies); err != nil {
		return err
	}
	o.MaxBody = cmp.Or(o.MaxBody, defaultMaxBody)
	o.MaxVariants = cmp.Or(o.MaxVariants, defaultMaxVariants)
	o.Name = cmp.Or(o.Name, defaultName)
	if o.Keys == nil {
		b, err := keys.New(defaultPrefix, nil)
		if err != nil {
			return fmt.Errorf("default keys: %w", err)
		}
		o.Keys = b
	}
	o.SessionCookies = slices.Clone(o.SessionCookies)
	return nil
}

// notToken reports whether r may not stand in a token, of those that have a
// meaning here.
func notToken(r rune) bool {
	return (r > 0x7f || !letter(byte(r))) && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
