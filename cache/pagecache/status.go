package pagecache

import "net/http"

// The words of RFC 9211 §2.2 for why a request went forward to the handler.
const (
	fwdBypass  = "bypass"
	fwdMethod  = "method"
	fwdRequest = "request"
	fwdMiss    = "miss"
)

// A status is our member of the Cache-Status list of a response that did not
// come from the store.
type status struct {
	fwd    string
	detail string
	stored bool
	joined bool // it was waiting for another request's fill
}

func (s status) format(name string) string {
	v := name + "; fwd=" + s.fwd
	if s.stored {
		v += "; stored"
	}
	if s.joined {
		v += "; collapsed"
	}
	if s.detail != "" {
		v += "; detail=" + s.detail
	}
	return v
}

// add appends the status to what Cache-Status says already (RFC 9211 §2).
func (s status) add(h http.Header, name string) {
	h.Add("Cache-Status", s.format(name))
}
