package keys

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/uncache/uncache/keys/internal/escape"
)

var (
	// ErrHost is what is wrapped by the errors of a host that is none: empty,
	// with characters that no host name has (write an internationalised name
	// in its ASCII form, "xn--..."), or with a port that is none.
	ErrHost = errors.New("malformed host")

	// ErrForeignHost is what is wrapped by the error of a URL whose host is not
	// among Options.Hosts.
	ErrForeignHost = errors.New("not one of the hosts in Options.Hosts")

	// ErrNoHost is what is wrapped by the error of a URL without a host, where
	// Options.Hosts names none to assume.
	ErrNoHost = errors.New("no host, and none in Options.Hosts")
)

// spelling is how a host was written, beyond its canonical form, as far as a
// request so written deserves a key of its own.
type spelling struct {
	dot  bool   // "example.com." and "example.com" may be two virtual hosts
	port string // "443" over http, "80" over https: not the default, though it looks like one

	// The host as a whole, if no browser would write it so: in upper case, with
	// a port or an address that could be shorter. [http.ServeMux] compares
	// hosts byte by byte, and sends such a request to another site.
	odd string
}

// appendHost appends the canonical form of a host, with its port unless that is
// 80 or 443.
//
// The canonical form is what a purge names, and a purge does not know the scheme
// that the server saw: a proxy that ends TLS may pass "Host: example.com:443" on
// over plain http. So both default ports, and a last dot, are left out of it,
// whatever the scheme; how they were spelled goes into the digest of the key,
// and so does any other spelling that is not canonical.
func appendHost(dst []byte, host, scheme string) ([]byte, spelling, error) {
	var s spelling
	name, port := host, ""
	if strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 {
			return dst, s, ErrHost
		}
		if name, port = host[:end+1], host[end+1:]; port != "" {
			if port[0] != ':' {
				return dst, s, ErrHost
			}
			port = port[1:]
		}
		addr, err := netip.ParseAddr(name[1:end])
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return dst, s, ErrHost
		}
		start := len(dst)
		dst = append(dst, '[')
		dst = addr.AppendTo(dst)
		dst = append(dst, ']')
		if string(dst[start:]) != name {
			s.odd = host
		}
	} else {
		if i := strings.LastIndexByte(host, ':'); i >= 0 {
			name, port = host[:i], host[i+1:]
		}
		if strings.HasSuffix(name, ".") {
			name, s.dot = name[:len(name)-1], true
		}
		if name == "" || name[len(name)-1] == '.' {
			return dst, s, ErrHost
		}
		for i := range len(name) {
			c := name[i]
			if !escape.Name[c] {
				return dst, s, ErrHost
			}
			if 'A' <= c && c <= 'Z' { // RFC 9110 §4.2.3: hosts are case-insensitive
				c += 'a' - 'A'
				s.odd = host
			}
			dst = append(dst, c)
		}
	}
	start := len(dst)
	dst, err := appendPort(dst, port, scheme, &s)
	switch {
	case len(port) > 1 && port[0] == '0':
		s.odd = host
	case name[0] == '[' && len(host) > len(name) && len(dst) == start && s.port == "":
		s.odd = host // ServeMux takes "[::1]:80" for "::1", and "[::1]" for "[::1]"
	}
	return dst, s, err
}

// appendPort appends a port unless it is 80 or 443, which it notes in s where
// the scheme has another default.
func appendPort(dst []byte, port, scheme string, s *spelling) ([]byte, error) {
	if port == "" { // RFC 3986 §6.2.3: "example.com:" has the default port
		return dst, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return dst, ErrHost
	}
	switch {
	case n == 80 && scheme == "http", n == 443 && scheme == "https":
	case n == 80:
		s.port = "80"
	case n == 443:
		s.port = "443"
	default:
		dst = append(dst, ':')
		dst = strconv.AppendUint(dst, n, 10)
	}
	return dst, nil
}
