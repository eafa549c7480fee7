package gormplugin_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uncache/uncache/internal/dbtest"
	"github.com/uncache/uncache/invalidate/gormplugin"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// A lostConn loses the answer to a statement that writes a post, and then the
// connection.
type lostConn struct {
	net.Conn
	lost atomic.Bool
}

func (c *lostConn) Write(b []byte) (int, error) {
	for _, verb := range []string{"UPDATE", "DELETE FROM", "INSERT INTO"} {
		if bytes.Contains(b, []byte(verb+` "posts"`)) {
			c.lost.Store(true)
		}
	}
	return c.Conn.Write(b)
}

func (c *lostConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err == nil && c.lost.Load() {
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// A write that commits by itself, and was not answered, may have been made.
func TestAnswerIsLost(t *testing.T) {
	d := dialects[1]
	b := newBlog(t, d, setup{})
	var schema string
	if err := b.bare.QueryRow("SELECT current_schema()").Scan(&schema); err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig(dbtest.PostgresURL())
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"] = schema
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // one message for each statement
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		return &lostConn{Conn: c}, err
	}
	conns := stdlib.OpenDB(*config)
	defer conns.Close()
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: conns}), &gorm.Config{SkipDefaultTransaction: true, Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Use(gormplugin.New(b.inv, nil)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []gormTest{
		{"save", func(db *gorm.DB) error { return db.Save(&Post{ID: 1, Slug: "n"}).Error }, []string{"path:/a path:/n"}},
		{"update", func(db *gorm.DB) error { return db.Model(&Post{ID: 1}).Update("title", "n").Error }, []string{"path:/a"}},
		{"delete", func(db *gorm.DB) error { return db.Delete(&Post{ID: 2}).Error }, []string{"path:/b"}},
		{"create", func(db *gorm.DB) error { return db.Create(&Post{ID: 9, Slug: "c"}).Error }, []string{"path:/c"}},
		{"refused", func(db *gorm.DB) error { return db.Model(&Comment{ID: 1}).Update("id", "x").Error }, nil},
		{"no condition", func(db *gorm.DB) error { return db.Model(&Comment{}).Update("text", "x").Error }, nil},
	} {
		b.reset(t)
		if err := test.write(db.WithContext(t.Context()).Session(&gorm.Session{})); err == nil {
			t.Errorf("%s: got nil, want an error", test.name)
		}
		b.Want(t, test.want...)
	}
}
