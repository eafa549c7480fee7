package outbox

// An Observation is something that an operator may want to know and that has no caller
// to return it to.
type Observation struct {
	// Op is what was done or tried.
	Op Op
	// ID is the row, for OpRetry, OpDead and OpStuck.
	ID string
	// Rows is how many rows it is about.
	Rows int
	// Events is, for OpRelay, how many events the rows were merged into.
	Events int
	// Err is the error. It is nil for OpRelay and OpRecovered.
	Err error
}

// Op names what an [Observation] is about.
type Op string

const (
	// OpRelay is a relay that has purged rows which their savers had left.
	OpRelay Op = "relay"
	// OpRetry is a row whose event failed alone, while the Purger worked otherwise. It
	// is tried again.
	OpRetry Op = "retry"
	// OpDead is a row that has become a dead letter.
	OpDead Op = "dead"
	// OpOutage is a Purger that has begun to fail every event.
	OpOutage Op = "outage"
	// OpRecovered is a Purger that works again.
	OpRecovered Op = "recovered"
	// OpClaim is a database that did not let a relay read or settle rows. They stay and
	// are tried again, perhaps once more.
	OpClaim Op = "claim"
	// OpStuck is a row that the database neither deletes nor changes, or does not find
	// by its id: because of a trigger or a missing right, for instance. This process
	// leaves it alone for a while, which doubles up to Options.MaxBackoff, and then
	// tries it again. A person has to look at it.
	OpStuck Op = "stuck"
	// OpDelete is a database that did not delete rows which [Outbox.Purged] had named.
	// They will be purged once more.
	OpDelete Op = "delete"
	// OpObserve is a panic of Observe itself. If Observe panics again when it is told,
	// that is ignored.
	OpObserve Op = "observe"
)
