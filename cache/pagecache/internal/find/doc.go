// Package find is the way from a request to what is stored for it: the keys of a
// request, the fields that select among the responses of one target URI, and what this
// process remembers of both.
package find
