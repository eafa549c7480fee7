package outbox

// outcome is what became of the rows of a claim. Rows in none of its lists were not
// tried to an end, and stay as they are.
type outcome struct {
	rows    []row // that the claim took
	more    bool  // there may be others to take
	purged  []row
	failed  []failure
	skipped int       // how many rows this process leaves alone for a while
	stuck   []failure // those of them that still exist
	events  int       // how many events purged them
	outage  error     // the Purger does not work at all
}

// settled is how many rows will not be in the next claim.
func (out *outcome) settled() int { return len(out.purged) + len(out.failed) + out.skipped }

// failure is a row that failed alone, or cannot be decoded.
type failure struct {
	row
	dead bool
	err  error
}
