package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxForwards is the most Max-Forwards that the proxy passes on: the field is
// there to end loops.
const maxForwards = 70

// lastRecipient obeys Max-Forwards in TRACE and OPTIONS, as an intermediary must
// (RFC 9110 §7.6.2): it counts the field down, or answers for the origin where it
// is 0, and reports whether it did. What is no number is left to the origin.
func lastRecipient(w http.ResponseWriter, r *http.Request) bool {
	fields := r.Header["Max-Forwards"]
	if len(fields) != 1 || r.Method != http.MethodTrace && r.Method != http.MethodOptions {
		return false
	}
	n, err := strconv.ParseUint(strings.Trim(fields[0], " \t"), 10, 63)
	switch {
	case err != nil:
		return false
	case n > 0:
		r.Header.Set("Max-Forwards", strconv.FormatUint(min(n-1, maxForwards), 10))
		return false
	}
	w.Header().Set("Cache-Status", pseudonym+"; fwd=method; detail=max-forwards")
	if r.Method == http.MethodOptions {
		answerOptions(w)
		return true
	}
	w.Header().Set("Content-Type", "message/http")
	fmt.Fprintf(w, "%s %s %s\r\nHost: %s\r\n", r.Method, r.RequestURI, r.Proto, r.Host)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if isSecret(name) {
			continue
		}
		for _, value := range r.Header[name] {
			fmt.Fprintf(w, "%s: %s\r\n", name, value)
		}
	}
	_, _ = fmt.Fprint(w, "\r\n") // who asked is gone
	return true
}

// answerOptions answers an OPTIONS request for the origin.
func answerOptions(w http.ResponseWriter) {
	w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE")
	w.WriteHeader(http.StatusNoContent)
}

// isSecret reports whether a field must not be shown in the answer to a TRACE
// (RFC 9110 §9.3.8): a script could read there what it can't read otherwise.
func isSecret(name string) bool {
	return name == "Cookie" || name == "Authorization" || name == "Proxy-Authorization"
}
