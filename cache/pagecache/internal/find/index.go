package find

import (
	"net/http"
	"time"

	"github.com/uncache/uncache/cache/internal/engine"
	"github.com/uncache/uncache/cache/pagecache/internal/rfc9111"
	"github.com/uncache/uncache/cache/pagecache/internal/stored"
)

// Why a response was not stored, where HTTP allowed it.
const (
	ReasonOlder        rfc9111.Reason = "older" // than what is stored
	ReasonPurged       rfc9111.Reason = "purged"
	ReasonRolledBack   rfc9111.Reason = "rolled-back" // what it may show
	ReasonStore        rfc9111.Reason = "store-failed"
	ReasonTooManyNames rfc9111.Reason = "too-many-dependencies"
)

// An Index finds what is stored for a request, and stores what varies. It is safe for
// concurrent use.
type Index struct {
	engine *engine.Cache
	values *engine.Values[*stored.Response]
	memo   *Memo
	codec  stored.Codec
	most   int // variants of one target URI
	keep   func(*stored.Response) time.Duration
	rounds noteRounds
}

// NewIndex returns an Index over the values that codec writes. most is how many variants
// of one target URI are stored at most, and keep says for how long a response is.
func NewIndex(e *engine.Cache, values *engine.Values[*stored.Response], memo *Memo, codec stored.Codec, most int, keep func(*stored.Response) time.Duration) *Index {
	return &Index{engine: e, values: values, memo: memo, codec: codec, most: most, keep: keep}
}

// Place gives p the key by which requests find it whose values of some fields are
// those in asked.
func (x *Index) Place(p *stored.Response, id Identity, vary []string, asked http.Header) {
	p.Key = id.Primary
	if x.codec.SetVary(p, vary); len(vary) > 0 {
		p.Key = string(id.Keys.AppendVariant(nil, []byte(id.Primary), p.Vary, asked))
	}
}
