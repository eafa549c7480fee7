package outbox

// outcome is what came of the rows of a claim. Those in none of its lists were
// not tried to an end, and stay as they are.
type outcome struct {
	rows   []row // that were taken
	more   bool  // there may be others to take
	purged []row
	failed []failure
	aside  int       // rows that this process leaves alone for a while
	stuck  []failure // of these, those that are there still
	events int       // that purged them
	outage error     // the Purger does not work at all
}

// settled is how many rows will not be in the next claim.
func (out *outcome) settled() int { return len(out.purged) + len(out.failed) + out.aside }

// failure is a row that failed alone, or cannot be decoded.
type failure struct {
	row
	dead bool
	err  error
}
