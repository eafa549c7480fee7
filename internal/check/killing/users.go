package killing

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// readers asks for pages until ctx is done.
func (a *arena) readers(ctx context.Context) {
	for ctx.Err() == nil {
		p, ok := a.node()
		if !ok {
			_ = sleep(ctx, time.Millisecond)
			continue
		}
		a.read(ctx, p)
	}
}

// read asks p for a page, and judges it by what had been acknowledged before.
func (a *arena) read(ctx context.Context, p *process) {
	path, records := a.page()
	floors := a.register.oldest(records)
	versions, hit, err := a.get(ctx, p, path)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		a.tally.count(func(r *Result) { r.Refused++ })
		_ = sleep(ctx, time.Millisecond)
		return
	}
	a.tally.count(func(r *Result) {
		r.Requests++
		if hit {
			r.Hits++
		}
	})
	for id, floor := range floors {
		version, ok := versions[id]
		switch {
		case !ok || len(versions) != len(records):
			a.tally.bad(func(r *Result) *int64 { return &r.Broken }, "%s: got %v, want records %v", path, versions, records)
		case version < floor:
			a.tally.bad(func(r *Result) *int64 { return &r.Stale }, "%s: record %d is at version %d (hit: %v), and %d was acknowledged before", path, id, version, hit, floor)
		}
	}
}

// page is one of the pages, and the records it shows.
func (a *arena) page() (string, []int) {
	n := mathrand.IntN(a.config.Records + 1)
	if n < a.config.Records {
		return pageOf(n), []int{n}
	}
	return "/all/", a.records()
}

func pageOf(id int) string { return "/record/" + strconv.Itoa(id) + "/" }

func (a *arena) records() []int {
	all := make([]int, a.config.Records)
	for i := range all {
		all[i] = i
	}
	return all
}

func (a *arena) get(ctx context.Context, p *process, path string) (versions map[int]int64, hit bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+path, nil)
	if err != nil {
		return nil, false, err
	}
	req.Host = "site.test" // the same page, whichever process is asked
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, false, fmt.Errorf("GET %s: %s", path, resp.Status)
	}
	err = json.NewDecoder(resp.Body).Decode(&versions)
	return versions, strings.Contains(resp.Header.Get("Cache-Status"), "hit"), err
}

// savers saves until ctx is done.
func (a *arena) savers(ctx context.Context) {
	for ctx.Err() == nil {
		p, ok := a.node()
		if !ok {
			_ = sleep(ctx, time.Millisecond)
			continue
		}
		// A save is not cancelled when the time is over: what became of it would
		// be unknown.
		if id, ok := a.record(); ok {
			a.save(context.WithoutCancel(ctx), p, id, nil)
		}
		_ = sleep(ctx, time.Millisecond)
	}
}

// record returns one that may be saved. One whose last purge may be lost may not:
// the next purge would repair it, and nobody would have seen the loss.
func (a *arena) record() (id int, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id = mathrand.IntN(a.config.Records)
	return id, a.alone[id] == 0
}

// leave has a record left alone, or not any more.
func (a *arena) leave(id, watches int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.alone[id] += watches
}

// save has p save a record, and takes note of what became of it.
func (a *arena) save(ctx context.Context, p *process, id int, extra url.Values) {
	request := rand.Text()
	form := url.Values{"record": {strconv.Itoa(id)}, "request": {request}}
	for k, v := range extra {
		form[k] = v
	}
	s, err := a.post(ctx, p, form)
	if err != nil { // killed over it
		s.State = unknown
	}
	a.tally.count(func(r *Result) { r.Saves[string(s.State)]++ })
	switch s.State {
	case acknowledged:
		a.register.acknowledge(id, s.Version)
	case rolledBack:
		a.tally.count(func(r *Result) { r.rolledBack = append(r.rolledBack, request) })
	default:
		lost := time.Now()
		a.leave(id, 1)
		a.watches.Go(func() {
			defer a.leave(id, -1)
			a.watch(context.WithoutCancel(ctx), id, request, lost)
		})
	}
}

func (a *arena) post(ctx context.Context, p *process, form url.Values) (s saved, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.addr+"/save", strings.NewReader(form.Encode()))
	if err != nil {
		return s, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := a.client.Do(req)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	return s, json.NewDecoder(resp.Body).Decode(&s)
}
