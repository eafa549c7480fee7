// Package panics turns panics of code that the library calls into errors. In a
// goroutine of the library a panic that nobody recovers ends the process.
package panics

import (
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/uncache/uncache/cache"
)

// maxStack bounds the stack that an error keeps, in bytes.
const maxStack = 16 << 10

// An Error is a panic that was recovered. It wraps [cache.ErrPanic] and, if the
// panic's value was an error, that too.
type Error struct {
	what  string
	value any
	at    string
	stack []byte
}

// Catch makes a panic an error. Defer it: defer panics.Catch(&err).
func Catch(err *error) {
	if p := recover(); p != nil {
		*err = Recovered(p)
	}
}

// Recovered returns the error of a value that recover has just returned.
func Recovered(p any) *Error { return RecoveredFrom("panic", p) }

// RecoveredFrom is Recovered with another beginning of the message.
func RecoveredFrom(what string, p any) *Error {
	stack := debug.Stack()
	return &Error{what, p, place(), stack[:min(len(stack), maxStack)]}
}

// Error names the value, and the function and line that panicked.
func (e *Error) Error() string {
	// A value's own method may panic, too; fmt says so and goes on.
	return fmt.Sprintf("%s: %v%s", e.what, e.value, e.at)
}

// Unwrap returns [cache.ErrPanic] and, if there is one, the error that was the
// panic's value.
func (e *Error) Unwrap() []error {
	if err, ok := e.value.(error); ok {
		return []error{cache.ErrPanic, err}
	}
	return []error{cache.ErrPanic}
}

// Stack returns the stack of the goroutine that panicked, or its beginning.
func (e *Error) Stack() []byte { return e.stack }

// place says where the panic that is being recovered began.
func place() string {
	var room [32]uintptr
	frames := runtime.CallersFrames(room[:runtime.Callers(3, room[:])])
	for panicking := false; ; {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			panicking = true
		case panicking && f.Function != "":
			return fmt.Sprintf(", at %s (%s:%d)", f.Function, filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}
