package admin

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/uncache/uncache/internal/byhand"
	"github.com/uncache/uncache/invalidate/outbox"
)

// An outboxAnswer is the answer of GET outbox.
type outboxAnswer struct {
	Stats   outbox.Stats `json:"stats"`
	Pending []outbox.Row `json:"pending"`
	Dead    []outbox.Row `json:"dead"`
}

// A rowsRequest is the body of POST outbox.
type rowsRequest struct {
	Revive    []string `json:"revive"`
	ReviveAll bool     `json:"revive_all"`
	Drop      []string `json:"drop"`
}

// A rowsAnswer is the answer to it.
type rowsAnswer struct {
	Revived int64 `json:"revived"`
	Dropped int64 `json:"dropped"`
}

const maxRows = 50 // of each kind in an answer

func serveOutbox(ctx context.Context, h *handler, r *http.Request) (any, error) { return h.outbox(ctx) }

func (h *handler) outbox(ctx context.Context) (a outboxAnswer, err error) {
	box := h.opts.Outbox
	if box == nil {
		return a, fail(http.StatusNotFound, "there is no outbox: admin.Options.Outbox is nil")
	}
	if a.Stats, err = box.Stats(ctx); err == nil {
		a.Pending, err = box.Rows(ctx, false, maxRows)
	}
	if err == nil {
		a.Dead, err = box.Rows(ctx, true, maxRows)
	}
	if err != nil {
		return a, fail(http.StatusBadGateway, "%w", err)
	}
	for _, rows := range [][]outbox.Row{a.Pending, a.Dead} {
		for i := range rows {
			rows[i].LastError = redact(rows[i].LastError)
		}
	}
	return a, nil
}

func serveRows(ctx context.Context, h *handler, r *http.Request) (any, error) {
	if h.opts.Outbox == nil {
		return nil, fail(http.StatusNotFound, "there is no outbox: admin.Options.Outbox is nil")
	}
	p := new(rowsRequest)
	if isForm(r) {
		form, err := readForm(r)
		if err != nil {
			return nil, err
		}
		if err := p.read(form); err != nil {
			return nil, err
		}
	} else if err := decode(r, p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	a, err := h.change(ctx, p)
	if err != nil || !isForm(r) {
		return a, err
	}
	return h.page(ctx, r, url.Values{}, "Revived "+strconv.FormatInt(a.Revived, 10)+", dropped "+strconv.FormatInt(a.Dropped, 10)+".")
}

// read takes in a form of the page.
func (p *rowsRequest) read(form url.Values) error {
	switch action := form.Get("action"); action {
	case "revive":
		p.Revive = form["id"]
	case "drop":
		p.Drop = form["id"]
	case "revive-all":
		p.ReviveAll = true
	default:
		return fail(http.StatusBadRequest, "action: %q is not revive, drop or revive-all", byhand.Line(action, 64))
	}
	return nil
}

// check looks at a whole request before any of it is done.
func (p *rowsRequest) check() error {
	revive := make(map[string]bool)
	for _, id := range p.Revive {
		revive[id] = true
	}
	switch {
	case len(p.Revive)+len(p.Drop) == 0 && !p.ReviveAll:
		return fail(http.StatusBadRequest, "nothing is named: give revive, revive_all or drop")
	case len(p.Revive)+len(p.Drop) > maxNames:
		return fail(http.StatusBadRequest, "there are more than %d IDs", maxNames)
	case p.ReviveAll && len(p.Revive)+len(p.Drop) > 0:
		return fail(http.StatusBadRequest, "revive_all stands beside IDs")
	}
	for _, id := range append(p.Revive[:len(p.Revive):len(p.Revive)], p.Drop...) {
		if id == "" || len(id) > maxID {
			return fail(http.StatusBadRequest, "an ID has from 1 to %d bytes", maxID)
		}
	}
	for _, id := range p.Drop {
		if revive[id] {
			return fail(http.StatusBadRequest, "%q is to be revived and dropped", byhand.Line(id, maxID))
		}
	}
	return nil
}

func (h *handler) change(ctx context.Context, p *rowsRequest) (a rowsAnswer, err error) {
	box := h.opts.Outbox
	if p.ReviveAll || len(p.Revive) > 0 {
		a.Revived, err = box.Revive(ctx, p.Revive...)
	}
	if err == nil {
		a.Dropped, err = box.Drop(ctx, p.Drop...)
	}
	if err != nil {
		return a, fail(http.StatusBadGateway, "%w", err)
	}
	return a, nil
}
