package rfc9111

// A Reason says in a word why a response must not be stored, or must not answer a
// request. It stands in Cache-Status as the detail. docs/cache-status.md has the table
// of all.
type Reason string

const (
	Storable Reason = "" // there is none

	ReasonRequest    Reason = "request-no-store"
	ReasonStatus     Reason = "status"
	ReasonNoStore    Reason = "no-store"
	ReasonNoCache    Reason = "no-cache"
	ReasonPrivate    Reason = "private"
	ReasonSetCookie  Reason = "set-cookie"
	ReasonAuth       Reason = "authorization"
	ReasonVary       Reason = "vary-any"
	ReasonPartial    Reason = "partial"
	ReasonTrailer    Reason = "trailer"
	ReasonNoLifetime Reason = "no-lifetime"
	ReasonFieldName  Reason = "field-name"
	ReasonCondition  Reason = "condition" // a 304 to the visitor's own
)
