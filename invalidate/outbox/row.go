package outbox

import "time"

// row is a claimed row.
type row struct {
	id     rowID
	event  []byte
	size   int // of event
	tries  int
	saved  time.Time     // when it was written, about; zero if the database cannot tell
	waited time.Duration // from then to its purge
	schedule
}

func (r row) key() stuckRow { return stuckRow{r.id, r.tries, r.schedule} }
