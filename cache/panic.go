package cache

import "errors"

// ErrPanic is wrapped by an error that was a panic: of a store, a log, a driver,
// a hook of a client, or a function in somebody's options.
//
// The library recovers such panics in each of its goroutines, and in each call of
// a store or a log, and treats them as errors. A panic of a handler stays a panic.
// The message names the value and the place. An error in the chain has a method
// Stack() []byte with the goroutine's stack.
var ErrPanic = errors.New("panic")
