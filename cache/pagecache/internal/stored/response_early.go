package stored

import (
	"math/rand/v2"
	"time"
)

// horizon is how long before its expiry a response may be refreshed, in units of the time
// that making it took, times Options.EarlyRefresh. Beyond it the probability of a refresh
// is below e^-14, one in a million hits.
const horizon = 14

// setLead computes how long before p's expiry hits throw the dice, so that all other hits
// pay for one comparison. It is never more than half of p's lifetime: otherwise a page that
// takes as long to make as it is fresh would be made all the time.
//
// A part is not refreshed: it is made from what visitors ask for.
func (p *Response) setLead(beta float64) {
	if p.Is(IsPart) {
		p.lead = 0
		return
	}
	// As floats, which do not overflow.
	p.lead = time.Duration(min(float64(p.Took)*beta*horizon, float64(p.Life)/2))
}

// Early throws the dice of XFetch for a hit on p, which is fresh for left: it is true if
// now - delta*beta*ln(rand) >= expiry (Vattani, Chierichetti and Lowenstein, Optimal
// Probabilistic Cache Stampede Prevention, VLDB 2015). One hit among many comes before the
// expiry by about delta*beta times the logarithm of their number. The lead is horizon times
// delta*beta, unless that was too long.
func (p *Response) Early(left time.Duration) bool {
	return rand.ExpFloat64()*float64(p.lead) >= float64(left)*horizon
}

// EndsSoon reports whether p, which is fresh for left, expires so soon that a hit throws
// the dice of [Response.Early].
func (p *Response) EndsSoon(left time.Duration) bool { return left <= p.lead }
