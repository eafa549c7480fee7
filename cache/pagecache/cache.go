package pagecache

import (
	"sync"

	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/background"
	"github.com/uncache/uncache/cache/pagecache/internal/find"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
	"github.com/uncache/uncache/keys"
)

// A Cache is a shared HTTP cache (RFC 9111) in front of handlers. It is safe for
// concurrent use.
type Cache struct {
	opts     Options
	proxy    Proxy // zero unless Options.Proxy is set
	rules    rfc9111.Rules
	name     string
	keys     *keys.Builder // for which session cookies count
	uncut    *keys.Builder // for which all cookies count
	engine   *engine.Cache
	store    *coherent.Cache
	opened   bool // Open has made it
	values   *engine.Values[*stored.Response]
	memo     *find.Memo
	index    *find.Index
	rendered renderings
	warm     *background.Warmer // nil unless pages are warmed
	codec    stored.Codec
	clock    *clock
	shared   *gatherer       // makes the purges after unsafe requests
	short    *find.Shortcuts // nil where no hit is found at once
	scratch  sync.Pool
	count    *counts

	dates          stored.Dates
	ages, statuses *stored.Phrases
	softened       *stored.Phrases // statuses of hits on responses that were purged softly

	background *background.Group // renders in the background
	refreshing chan struct{}
	told       told
}

// told are the details that Observe was told, and will not be told again.
type told struct {
	mu      sync.Mutex
	reasons []string
	sites   map[uintptr]struct{} // where calls had a context that leads nowhere
}

// maxTold bounds the details that Observe was told once.
const maxTold = 64
