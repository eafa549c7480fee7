package connector

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
)

// A Connector is a [driver.Connector] whose connections see transactions. It is safe
// for concurrent use.
type Connector struct {
	base driver.Connector
}

// New returns a Connector of base's connections. It panics if base is nil.
func New(base driver.Connector) *Connector {
	if base == nil {
		panic("connector: New: the base is nil")
	}
	return &Connector{base}
}

// Open returns a Connector to the database name, for drivers without a connector of
// their own. d says what a name looks like.
//
//	c, err := connector.Open(&sqlite.Driver{}, "blog.db")
//	db := sql.OpenDB(c)
func Open(d driver.Driver, name string) (*Connector, error) {
	if d == nil {
		return nil, fmt.Errorf("connector: Open: the driver is nil")
	}
	opener, ok := d.(driver.DriverContext)
	if !ok {
		return New(named{d, name}), nil
	}
	base, err := opener.OpenConnector(name)
	if err != nil {
		return nil, fmt.Errorf("connector: Open: %w", err)
	}
	return New(base), nil
}

// Connect returns a connection that sees transactions.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	base, err := c.base.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{base: base}, nil
}

// Driver returns the wrapped driver, by which some libraries tell databases apart.
func (c *Connector) Driver() driver.Driver { return c.base.Driver() }

// Close closes the wrapped connector if it can be closed. [database/sql.DB] calls it.
func (c *Connector) Close() error {
	if closer, ok := c.base.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// named is a connector for a driver that has none.
type named struct {
	driver driver.Driver
	name   string
}

func (n named) Connect(context.Context) (driver.Conn, error) { return n.driver.Open(n.name) }
func (n named) Driver() driver.Driver                        { return n.driver }

// Unwrap returns the wrapped driver's connection, of what [database/sql.Conn.Raw]
// passes. It returns anything else as it is:
//
//	err := conn.Raw(func(c any) error {
//		pg := connector.Unwrap(c).(*stdlib.Conn)
//		...
//	})
//
// Transactions on it are not seen.
func Unwrap(c any) any {
	if c, ok := c.(*conn); ok {
		return c.base
	}
	return c
}
