package connector_test

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/uncache/uncache/invalidate/connector"
	"github.com/uncache/uncache/invalidate/internal/invtest"
)

func TestUnwrap(t *testing.T) {
	r := newRig(t, false)
	if err := r.conn(t).Raw(func(c any) error {
		if _, ok := connector.Unwrap(c).(*fullConn); !ok {
			t.Errorf("Unwrap: got %T, want *fullConn", connector.Unwrap(c))
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if got := connector.Unwrap(7); got != 7 {
		t.Errorf("Unwrap of anything else: got %v, want 7", got)
	}
	if r.db.Driver() != driver.Driver(r.fake) {
		t.Errorf("Driver: got %T, want the base's", r.db.Driver())
	}
}

// contextDriver is a driver that has connectors.
type contextDriver struct {
	*database
	err error
}

func (d contextDriver) OpenConnector(string) (driver.Connector, error) { return d.database, d.err }

func TestOpen(t *testing.T) {
	fake := &database{Script: invtest.NewScript(new(invtest.Trace))}
	refused := errors.New("refused")
	if _, err := connector.Open(contextDriver{fake, refused}, "x"); !errors.Is(err, refused) {
		t.Errorf("Open: got %v, want %v", err, refused)
	}
	if _, err := connector.Open(nil, "x"); err == nil {
		t.Error("Open of no driver: got nil, want an error")
	}
	for _, d := range []driver.Driver{fake, contextDriver{fake, nil}} {
		db := sql.OpenDB(must(connector.Open(d, "name")))
		if err := db.PingContext(t.Context()); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	fake.WantNext(t, "OPEN name", "PING", "PING", "CLOSE CONNECTOR")
	defer func() {
		if recover() == nil {
			t.Error("New(nil) does not panic")
		}
	}()
	connector.New(nil)
}

func TestHandler(t *testing.T) {
	r := newRig(t, false)
	r.purger.err = errors.New("refused")
	for _, panics := range []bool{false, true} {
		h := connector.Handler(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			r.ctx = req.Context()
			tx := r.begin(t)
			r.invalidate(t, "a")
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
			r.purger.err = nil
			if panics {
				panic(http.ErrAbortHandler)
			}
		}))
		func() {
			defer func() { _ = recover() }()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
		}()
		if panics {
			r.WantNext(t, "RESET", "BEGIN", "COMMIT", "PURGE a")
		} else {
			r.WantNext(t, "BEGIN", "COMMIT", "PURGE a", "PURGE a") // and again at the end of the request
		}
	}
}
