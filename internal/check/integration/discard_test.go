package integration_test

import "net/http"

// discard is a client that takes everything and keeps nothing, so that only what
// is in front of it is measured.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
