package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
	"github.com/uncache/uncache/internal/byhand"
	"github.com/uncache/uncache/invalidate"
)

// A purgeRequest is the body of POST purge.
type purgeRequest struct {
	byhand.Names
	Reason string `json:"reason"`
}

// A purgeAnswer is the answer to it.
type purgeAnswer struct {
	Purged  []cache.Dependency `json:"purged"`
	Soft    bool               `json:"soft,omitempty"`
	Reason  string             `json:"reason"`
	Warning string             `json:"warning,omitempty"` // it is saved, and will be purged later
}

// check returns what a request would purge, or every mistake in it.
func (h *handler) check(p *purgeRequest) (*invalidate.Targets, error) {
	var errs []error
	for _, u := range p.URLs[:min(len(p.URLs), byhand.Max)] {
		errs = append(errs, h.pages.CheckURL(u))
	}
	targets, err := p.Check(h.inv)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, fail(http.StatusBadRequest, "nothing was purged: %w", err)
	}
	return targets, nil
}

func servePurge(ctx context.Context, h *handler, r *http.Request) (any, error) {
	p := new(purgeRequest)
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
	answer, err := h.purge(p, r)
	if err != nil || !isForm(r) {
		return answer, err
	}
	return h.page(ctx, r, url.Values{}, said(answer))
}

// purgeTimeout bounds a purge, which goes on if the client leaves.
const purgeTimeout = 10 * time.Second

func (h *handler) purge(p *purgeRequest, r *http.Request) (purgeAnswer, error) {
	targets, err := h.check(p)
	if err != nil {
		return purgeAnswer{}, err
	}
	answer := purgeAnswer{Purged: targets.Dependencies(), Soft: p.Soft, Reason: byhand.Reason(h.opts.Who(r), p.Reason)}
	// Not the request's context: middleware may have begun a transaction or a batch in
	// it, and the purge would wait for its end.
	ctx, cancel := context.WithTimeout(context.Background(), purgeTimeout)
	defer cancel()
	err = h.inv.Invalidate(invalidate.WithReason(ctx, answer.Reason), &p.Names)
	if errors.Is(err, invalidate.ErrKept) {
		answer.Warning = redact(err.Error())
		err = nil
	}
	if err != nil {
		return answer, fail(http.StatusBadGateway, "%w", err)
	}
	return answer, nil
}

// readForm reads the fields of a form.
func readForm(r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(r.Body) // it is in memory
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fail(http.StatusBadRequest, "the form: %w", err)
	}
	return form, nil
}

// read takes in the form of the page: a kind, and a name on each line.
func (p *purgeRequest) read(form url.Values) error {
	var names []string
	for line := range strings.Lines(form.Get("names")) {
		if line = strings.TrimSpace(line); line != "" {
			names = append(names, line)
		}
	}
	switch kind := form.Get("kind"); kind {
	case "url":
		p.URLs = names
	case "path":
		p.Paths = names
	case "prefix":
		p.Prefixes = names
	case "route":
		p.Routes = names
	case "group":
		p.Groups = names
	case "all":
		if len(names) != 1 || names[0] != "all" {
			return fail(http.StatusBadRequest, "to purge everything, write the word \"all\" as the name")
		}
		p.All = true
	default:
		return fail(http.StatusBadRequest, "%q is no kind of name", kind)
	}
	p.Soft, p.Reason = form.Get("soft") != "", form.Get("reason")
	return nil
}

// said tells what a purge did.
func said(a purgeAnswer) string {
	how := "Purged"
	if a.Soft {
		how = "Purged softly"
	}
	names := make([]string, 0, 5)
	for _, d := range a.Purged[:min(len(a.Purged), 5)] {
		names = append(names, string(d))
	}
	text := fmt.Sprintf("%s: %s", how, strings.Join(names, ", "))
	if more := len(a.Purged) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if a.Warning != "" {
		text += ". " + a.Warning
	}
	return text
}
