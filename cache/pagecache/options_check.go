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
	"github.com/uncache/uncache/internal/cookie"
	"github.com/uncache/uncache/internal/option"
	"github.com/uncache/uncache/keys"
)

const (
	maxEarlyRefresh = 1000

	// minDuration is less than what anybody means, and more than a number of seconds
	// or milliseconds without a unit.
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

// ErrOptions is what [New] and [Open] return, wrapped, when options make no sense.
var ErrOptions = errors.New("invalid options")

// rules returns what the options say about HTTP.
func (o *Options) rules() rfc9111.Rules {
	p := o.proxy()
	return rfc9111.Rules{
		Name: o.Name, Targeted: o.Targeted, IgnoreVary: o.IgnoreVary,
		TTL: o.TTL, ErrorTTL: o.ErrorTTL,
		StaleWhileRevalidate: o.StaleWhileRevalidate, StaleIfError: o.StaleIfError, KeepStale: o.KeepStale,
		Transparent: p.Transparent, ClientDirectives: p.ClientDirectives, Refresh: p.Refresh,
		Heuristic: p.Heuristic, StoreSetCookie: p.StoreSetCookie,
	}
}

// proxy returns Options.Proxy, or the zero Proxy.
func (o *Options) proxy() Proxy {
	if o.Proxy == nil {
		return Proxy{}
	}
	return *o.Proxy
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
			return option.Errorf(ErrOptions, "pagecache: Options.%s: %v is negative", d.name, *d.value)
		}
		if 0 < *d.value && *d.value < minDuration { // "TTL: 600"
			return option.Errorf(ErrOptions, "pagecache: Options.%s: %v is less than %v; seconds are written %d*time.Second",
				d.name, *d.value, minDuration, int64(*d.value))
		}
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	switch {
	case !(o.EarlyRefresh >= 0 && o.EarlyRefresh <= maxEarlyRefresh): // NaN, too
		return option.Errorf(ErrOptions, "pagecache: Options.EarlyRefresh: %v is not from 0 to %v", o.EarlyRefresh, maxEarlyRefresh)
	case o.Warm < 0:
		return option.Errorf(ErrOptions, "pagecache: Options.Warm: %d is negative", o.Warm)
	case o.MaxBody < 0:
		return option.Errorf(ErrOptions, "pagecache: Options.MaxBody: %d is negative", o.MaxBody)
	case o.MaxVariants < 0:
		return option.Errorf(ErrOptions, "pagecache: Options.MaxVariants: %d is negative", o.MaxVariants)
	case strings.ContainsFunc(o.Name, notToken), o.Name != "" && !isAlpha(o.Name[0]):
		return option.Errorf(ErrOptions, "pagecache: Options.Name: %q is no token of RFC 9651, which begins with a letter", o.Name)
	}
	for field, names := range map[string]*[]string{"Targeted": &o.Targeted, "IgnoreVary": &o.IgnoreVary} {
		*names = slices.Clone(*names)
		for i, name := range *names {
			if name == "" || strings.ContainsFunc(name, notToken) {
				return option.Errorf(ErrOptions, "pagecache: Options.%s: %q is not the name of a header field", field, name)
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
			return fmt.Errorf("pagecache: default keys: %w", err)
		}
		o.Keys = b
	}
	o.SessionCookies = slices.Clone(o.SessionCookies)
	return nil
}

// notToken reports whether r may not stand in a token, of those that have a
// meaning here.
func notToken(r rune) bool {
	return (r > 0x7f || !isAlpha(byte(r))) && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// checkCookies refuses names that no cookie has: they would protect nobody.
func checkCookies(names []string) error {
	for _, name := range names {
		if err := cookie.Check(name); err != nil {
			return option.Errorf(ErrOptions, "pagecache: Options.SessionCookies: %q: %w", name, err)
		}
	}
	return nil
}

// keys returns the builders of keys: the one for which the session cookies count
// beside those of keys.Options.Cookies, and the one for which all do. They are one
// if all cookies count.
func (o *Options) keys() (counting, uncut *keys.Builder, err error) {
	counted := o.Keys.Cookies()
	if counted == nil {
		return o.Keys, o.Keys, nil
	}
	if counting, err = o.Keys.WithCookies(append(counted, o.SessionCookies...)); err != nil {
		return nil, nil, err
	}
	uncut, err = o.Keys.WithCookies(nil)
	return counting, uncut, err
}
