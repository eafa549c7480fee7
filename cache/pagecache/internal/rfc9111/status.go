package rfc9111

import "net/http"

// heuristic lists the status codes whose responses may be stored without a
// lifetime of their own (RFC 9110 §15.1). 206 is among them, but partial
// responses are never stored here.
var heuristic = map[int]bool{
	200: true, 203: true, 204: true, 300: true, 301: true, 308: true,
	404: true, 405: true, 410: true, 414: true, 501: true,
}

// understood lists the status codes whose caching requirements this cache
// implements, for must-understand (RFC 9111 §5.2.2.3).
func understood(status int) bool {
	switch status {
	case 201, 202, 302, 303, 307, 400, 402, 403, 406, 409, 411, 413, 415, 422, 500, 502, 503, 504:
		return true // RFC 9110 §15 asks nothing of caches there
	}
	return heuristic[status]
}

// NeverStored reports whether a status code says that no cache may store the response,
// whatever its header says: it is about the one who asks. RFC 6585 §3 to §6 forbids it of
// 428, 429, 431 and 511. A 226 is the rest of a response, for a client that sent A-IM and
// has the beginning; no key here has that field (RFC 3229 §10.6).
func NeverStored(status int) bool {
	switch status {
	case http.StatusIMUsed, http.StatusPreconditionRequired, http.StatusTooManyRequests,
		http.StatusRequestHeaderFieldsTooLarge, http.StatusNetworkAuthenticationRequired:
		return true
	}
	return false
}

// ttlCounts reports whether the lifetime that the options give, in place of the
// handler, counts for responses with a status code. It does where the URL alone
// decides about the status.
//
// RFC 9110 §15.1 names 405, 414 and 501 as well. But a GET is answered so because
// of a field that is in no key, such as X-HTTP-Method-Override: one visitor would
// take the page from all others.
func ttlCounts(status int) bool {
	switch status {
	case http.StatusMethodNotAllowed, http.StatusRequestURITooLong, http.StatusNotImplemented:
		return false
	}
	return heuristic[status]
}

// saysGone reports whether a status code says that the URL has no page. Anybody
// can invent such URLs.
func saysGone(status int) bool {
	return status == http.StatusNotFound || status == http.StatusGone
}

// IsError lists the status codes that a stale response may be served in place
// of (RFC 5861 §4).
func IsError(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
