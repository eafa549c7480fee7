package panics

import "errors"

// ErrExit is what [Apart] returns when the function ended its goroutine.
var ErrExit = errors.New("the goroutine was ended (runtime.Goexit)")

// Apart calls f in a goroutine of its own and waits for it. It returns what f
// returns, the error of its panic, or [ErrExit]. It is for loops that must go on
// whatever they call.
func Apart(f func() error) error {
	done := make(chan error, 1)
	go func() {
		err := ErrExit
		defer func() { done <- err }()
		defer Catch(&err)
		err = f()
	}()
	return <-done
}
