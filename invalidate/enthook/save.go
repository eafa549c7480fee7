package enthook

import (
	"context"
	"slices"
	"sync"
)

type saveKey struct{ d *Driver }

// A save is one mutation of the application, with everything that its hooks save.
type save struct {
	d *Driver

	mu     sync.Mutex
	txs    []*tx // in which its statements ran: one, unless hooks mix clients
	own    *tx   // the one that the save has begun itself, and commits
	undone bool
	over   bool
}

func saveOf(ctx context.Context, d *Driver) *save {
	s, _ := ctx.Value(saveKey{d}).(*save)
	return s
}

// join notes that a statement of the save runs in t.
func (s *save) join(t *tx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over && !slices.Contains(s.txs, t) {
		s.txs = append(s.txs, t)
	}
}

// begin returns the transaction for a statement of the save that is in none yet: the
// save's own, also if a hook uses a client outside of the save's transaction. It
// returns nil if the save has ended.
func (s *save) begin(ctx context.Context) (*tx, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.own != nil {
		return s.own, nil
	}
	inner, err := s.d.Driver.Tx(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.d.newTx(ctx, inner)
	if err != nil {
		return nil, err
	}
	s.own, s.txs = t, append(s.txs, t)
	return t, nil
}

// transactions returns those in which the save ran. If there are several, nobody knows
// which of them changed what. To purge with each is harmless.
func (s *save) transactions() []*tx {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.txs)
}

// undo says that what the save did is to be rolled back.
func (s *save) undo() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.undone = true
}

func (s *save) isUndone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.undone
}

func (s *save) live() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.over
}

func (s *save) commit() error {
	if t := s.end(); t != nil {
		return t.Commit()
	}
	return nil
}

func (s *save) rollback() error {
	if t := s.end(); t != nil {
		return t.Rollback()
	}
	return nil
}

// end ends the save, and returns the save's own transaction. Later statements in its
// context run in no transaction.
func (s *save) end() *tx {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	own := s.own
	s.own = nil
	return own
}
