package outbox

// row is a claimed row.
type row struct {
	id    rowID
	event []byte
	size  int // of event
	tries int
	schedule
}

func (r row) key() stuckRow { return stuckRow{r.id, r.tries, r.schedule} }
