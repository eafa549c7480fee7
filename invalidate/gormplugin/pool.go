package gormplugin

import (
	"context"
	"database/sql"

	"gorm.io/gorm"
)

// A pool is a connection pool whose transactions know what was saved in them. It leaves
// everything else to the pool that it wraps.
//
// Callbacks would not see COMMIT: GORM's callbacks named commit run in the transaction
// of a single write, and not for a transaction that was begun by hand. A driver that
// sees every COMMIT (package connector) does not know which model was saved in which
// transaction, unless the context says so, and GORM's Begin has no hook to put it
// there.
type pool struct {
	gorm.ConnPool
	plugin *Plugin
	mysql  bool
}

var (
	_ gorm.ConnPoolBeginner = (*pool)(nil)
	_ gorm.GetDBConnector   = (*pool)(nil)
)

// BeginTx begins a transaction. It implements [gorm.ConnPoolBeginner].
func (p *pool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	var begun gorm.ConnPool
	var err error
	switch inner := p.ConnPool.(type) {
	case gorm.TxBeginner:
		begun, err = inner.BeginTx(ctx, opts)
	case gorm.ConnPoolBeginner:
		begun, err = inner.BeginTx(ctx, opts)
	default:
		err = gorm.ErrInvalidTransaction
	}
	if err != nil {
		return nil, err
	}
	inner, ok := begun.(gorm.Tx)
	if !ok {
		return begun, nil // writes in it are refused: see ErrForeignTx
	}
	return newTx(ctx, p, inner), nil
}

// GetDBConn returns the database. It implements [gorm.GetDBConnector].
func (p *pool) GetDBConn() (*sql.DB, error) {
	switch inner := p.ConnPool.(type) {
	case *sql.DB:
		return inner, nil
	case gorm.GetDBConnector:
		return inner.GetDBConn()
	}
	return nil, gorm.ErrInvalidDB
}
