package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Loopback reports whether a request comes from this machine, and was sent to it by that
// name: localhost or an address such as 127.0.0.1. A foreign site whose name leads to this
// machine is refused (DNS rebinding), and so is what a proxy on this machine passes on
// under another host, or with a Forwarded or X-Forwarded-For field.
func Loopback(r *http.Request) bool {
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !client.Addr().Unmap().IsLoopback() {
		return false
	}
	if len(r.Header["Forwarded"]) > 0 || len(r.Header["X-Forwarded-For"]) > 0 {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.Unmap().IsLoopback()
}

// Token returns a function for [New] that lets requests in with the header
// "Authorization: Bearer TOKEN", as cmd/uncache sends it. Use 32 random bytes or so, over
// TLS. An empty token lets nobody in. How long the comparison takes tells nothing.
func Token(token string) func(*http.Request) bool {
	want := sha256.Sum256([]byte(token))
	return func(r *http.Request) bool {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(given)))
		same := subtle.ConstantTimeCompare(got[:], want[:]) == 1
		return token != "" && strings.EqualFold(scheme, "Bearer") && same
	}
}

// defaultWho is the default of Options.Who. It does not believe the user name of Basic
// authentication: allow may not have looked at that.
func defaultWho(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
