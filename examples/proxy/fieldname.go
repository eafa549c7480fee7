package main

import (
	"fmt"
	"net/http"
	"strings"
)

// trimmed is a transport whose responses have no space between the name of a
// field and the colon behind it. Package net/http takes that for a part of the
// name: nobody would find the field, and it would not be passed on, so that of
// "Vary : Cookie" nothing was left. RFC 9112 §5.1 has proxies remove the space.
type trimmed struct{ http.RoundTripper }

func (t trimmed) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	for name, values := range resp.Header {
		proper := strings.TrimRight(name, " ")
		if proper == name {
			continue
		}
		switch proper = http.CanonicalHeaderKey(proper); proper {
		case "Content-Length", "Transfer-Encoding":
			// It says where the body ends, and the transport has not heard it.
			resp.Body.Close()
			return nil, fmt.Errorf("malformed response: space behind %s", proper)
		}
		delete(resp.Header, name)
		resp.Header[proper] = append(resp.Header[proper], values...)
	}
	return resp, nil
}
