// Package instance names this process for people who read a log of purges: two
// processes on one host have two names.
package instance

import (
	"os"
	"strconv"
)

// Name returns "HOST:PID", or ":PID" where the host has no name. Call it at
// construction: it asks the system.
func Name() string {
	host, _ := os.Hostname() // the log is as good without, it only tells less
	return host + ":" + strconv.Itoa(os.Getpid())
}
