package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/uncache/uncache/examples/blog/internal/posts"
	"github.com/uncache/uncache/invalidate"
)

// edit shows the form of a post, and saves it. Anybody may: the example has no
// accounts, which is why it listens on this machine only unless it is told
// otherwise.
func (n *node) edit(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // a form is for one person, and of this moment
	slug := r.PathValue("slug")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		p, err := posts.Get(r.Context(), n.site.store.DB(), slug)
		switch {
		case errors.Is(err, posts.ErrNotFound):
			n.notFound(w, noPost)
		case err != nil:
			n.fail(w, err)
		default:
			n.showForm(w, http.StatusOK, p, "")
		}
	case http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, 3*posts.MaxBody) // percent-encoding makes three bytes of one
		if err := r.ParseForm(); err != nil {
			n.message(w, http.StatusBadRequest, "Not saved", "The form could not be read, or it is too long.")
			return
		}
		p, err := n.save(r.Context(), slug, r.PostForm)
		if err != nil {
			n.saveFailed(w, p, err)
			return
		}
		path, err := postPage.Path(p.Slug)
		if err != nil {
			n.fail(w, err)
			return
		}
		http.Redirect(w, r, path, http.StatusSeeOther)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		n.message(w, http.StatusMethodNotAllowed, "Not possible", "This page can be read and saved.")
	}
}

// save is all that an application does to have its pages purged: it saves in
// InTx, and says what it saved. The post is returned as it would have been even
// if it could not be saved.
func (n *node) save(ctx context.Context, slug string, form url.Values) (saved *posts.Post, err error) {
	var old *posts.Post
	err = n.inv.InTx(ctx, n.site.store.DB(), nil, func(ctx context.Context, tx *sql.Tx) (err error) {
		if old, err = posts.Lock(ctx, tx, slug); err != nil {
			return err
		}
		p := *old
		fill(&p, form)
		p.Updated = time.Now().UTC().Truncate(time.Second)
		saved = &p
		if err := posts.Update(ctx, tx, saved); err != nil {
			return err
		}
		return n.inv.Invalidate(ctx, invalidate.Was(old), saved) // both: the slug may be another
	})
	if onlyKept(err) {
		// That is no news for who saved, but for who runs this.
		n.report(err)
		err = nil
	}
	if err == nil { // for strip.go, to tell which rule named what
		if targets, err := n.inv.Resolve(old, saved); err == nil {
			n.saved.Store(targets)
		}
	}
	return saved, err
}

// onlyKept reports whether all that went wrong is that a purge has to wait: the
// post is saved, and what could not be purged is in the outbox.
func onlyKept(err error) bool {
	return errors.Is(err, invalidate.ErrKept) && len(invalidate.Unpurged(err)) == 0 &&
		!errors.Is(err, invalidate.ErrRolledBack) && !errors.Is(err, invalidate.ErrCommitUnknown)
}

// fill puts the fields that were sent into p. Those that were not stay as they
// are, so that one line of curl can change a title.
func fill(p *posts.Post, form url.Values) {
	set := func(name string, to func(string)) {
		if form.Has(name) {
			to(strings.ToValidUTF8(form.Get(name), "\ufffd"))
		}
	}
	set("title", func(v string) { p.Title = strings.Join(strings.Fields(v), " ") })
	set("slug", func(v string) { p.Slug = strings.TrimSpace(v) })
	set("body", func(v string) { p.Body = strings.ReplaceAll(v, "\r\n", "\n") })
	set("authors", func(v string) {
		p.Authors = nil
		for name := range strings.SplitSeq(v, ",") {
			if name = posts.CleanAuthor(name); name != "" {
				p.Authors = append(p.Authors, name)
			}
		}
	})
}

func (n *node) showForm(w http.ResponseWriter, status int, p *posts.Post, problem string) {
	n.render(w, status, "edit", "Edit: "+p.Title, struct {
		*posts.Post
		Problem string
	}{p, problem})
}

// saveFailed says what went wrong, and whether the post is saved.
func (n *node) saveFailed(w http.ResponseWriter, p *posts.Post, err error) {
	rolledBack := errors.Is(err, invalidate.ErrRolledBack) // whatever else err may hold
	switch {
	case errors.Is(err, posts.ErrNotFound):
		n.notFound(w, noPost)
	case errors.Is(err, posts.ErrInvalid):
		_, why, _ := strings.Cut(err.Error(), posts.ErrInvalid.Error()+": ")
		n.showForm(w, http.StatusUnprocessableEntity, p, "Not saved: "+why+".")
	case errors.Is(err, posts.ErrSlugTaken):
		n.showForm(w, http.StatusConflict, p, fmt.Sprintf("Not saved: another post is called %s.", p.Slug))
	case !rolledBack && errors.Is(err, invalidate.ErrCommitUnknown):
		n.report(err)
		n.message(w, http.StatusInternalServerError, "Saved, or not", "The connection to the database was lost in between. Look at the post, and save again if need be.")
	case invalidate.SavedNotPurged(err):
		n.report(err)
		n.message(w, http.StatusBadGateway, "Saved, but old pages may still be shown", fmt.Sprintf(
			"The post is in the database. The cache could not be told, so its old pages may be shown for up to %v. Saving again repeats the purge.", pageTTL))
	default:
		n.report(err)
		n.message(w, http.StatusInternalServerError, "Not saved", "Something went wrong. It has been written down.")
	}
}
