// Package stored has the form of a stored response: its header as a shape that the
// pages of a site share and a list of values, its body, until when it may be used,
// and the codec that writes it as bytes and reads it again.
//
// A [Response] knows nothing of requests, options or the store. Package pagecache
// makes one of what a handler gave, a list of fields and a [Timing]; what it may be
// used for is decided there, by package rfc9111.
package stored
