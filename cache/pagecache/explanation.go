package pagecache

import (
	"time"

	"github.com/uncache/uncache/cache"
)

// An Explanation says what a request would find, and why. [Explanation.String] is for
// people, and encoding/json gives the same for programs.
type Explanation struct {
	// Time is when it was made, and Position how far the log was read then.
	Time     time.Time      `json:"time"`
	Position cache.Position `json:"position"`
	// Method and URL are what was asked about. The URL is canonical if the request has
	// a key.
	Method string `json:"method"`
	URL    string `json:"url"`
	// Hit says that the request would be answered from the store.
	Hit bool `json:"hit"`
	// Status is the member of Cache-Status that the request would get, without the
	// name of the cache, as far as it is known before the handler answers.
	Status string `json:"status"`
	// Reason is the word in docs/cache-status.md for why it would not be a hit, or why
	// the last response was not stored. It is empty for a hit, and where nothing is
	// wrong.
	Reason string `json:"reason,omitempty"`
	// Because says it in sentences.
	Because string `json:"because"`
	// Key is the key of the URL, or empty if the request has none.
	Key string `json:"key,omitempty"`
	// Vary names the request fields that select among the stored variants.
	Vary []string `json:"vary,omitempty"`
	// Stored is what is stored of the URL: every variant, in every tier.
	Stored []StoredVariant `json:"stored"`
	// Purge is the event that ended what was stored. Where this process does not know
	// of anything that was stored, it is the last event that names the URL. It is nil
	// if the log has none. Its Dependencies are those that matter here.
	Purge *cache.Event `json:"purge,omitempty"`
	// Rendering is the last rendering of the URL in this process, or nil if it is not
	// known.
	Rendering *Rendering `json:"rendering,omitempty"`
}

// A StoredVariant is a stored response in an [Explanation].
type StoredVariant struct {
	// Key is what it is stored under, and Tier where: 0 is the nearest.
	Key  string `json:"key"`
	Tier int    `json:"tier"`
	// Selected says that the request selects it.
	Selected bool `json:"selected"`
	// Verdict is "fresh", "soft-purged" or "purged". It says nothing about age.
	Verdict string `json:"verdict"`
	// Status, Type, Bytes and ETag describe the response, and Route is the pattern
	// that served it.
	Status int    `json:"status"`
	Type   string `json:"type,omitempty"`
	Bytes  int    `json:"bytes"`
	ETag   string `json:"etag,omitempty"`
	Route  string `json:"route,omitempty"`
	// Age is how old it is, Lifetime for how long it is fresh, and Left for how long
	// it is still kept. A Left of 0 means for ever.
	Age      time.Duration `json:"age_ns"`
	Lifetime time.Duration `json:"lifetime_ns"`
	Left     time.Duration `json:"left_ns"`
	// Stamp is the position of the log at which its rendering began.
	Stamp cache.Position `json:"stamp"`
	// Dependencies are what it was made from, as far as their names are known. Only
	// hashes are stored. Unnamed is how many others there are.
	Dependencies []cache.Dependency `json:"dependencies"`
	Unnamed      int                `json:"unnamed,omitempty"`
	// Purge is the event that ended it, if one did and the log still has it. Its
	// Dependencies are those of the response.
	Purge *cache.Event `json:"purge,omitempty"`
}
