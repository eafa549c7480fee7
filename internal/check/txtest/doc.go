// Package txtest holds tests of package invalidate/connector, and of
// invalidate.Transact, over real databases, drivers and what is built on them.
package txtest
