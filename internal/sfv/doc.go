// Package sfv reads and writes Structured Field Values for HTTP (RFC 9651), the
// syntax of the fields that caches are told with: Cache-Groups (RFC 9875),
// targeted Cache-Control (RFC 9213), Cache-Status (RFC 9211).
//
// The parsers do what §4.2 says, no more and no less: a field is taken as a
// whole or not at all. Do not use them for fields that are older than that
// syntax and only look like it. Cache-Control itself is one: its names are in
// any case, its lists have empty members, and one bad directive does not spoil
// the others.
//
//	groups, err := sfv.ParseList(header["Cache-Groups"])
//	names, ok := groups.Strings()
//
// What is parsed shares memory with the field lines it was parsed from, and
// takes up to some 50 times theirs: bound their length if you do
// not trust their sender. Time is linear in it. Everything is safe for concurrent use.
package sfv
