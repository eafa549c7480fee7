// Shop is the program of docs/sessions.md: sessions by scs, an analytics cookie,
// and a cache for strangers.
package main

import (
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/keys"
)

func main() {
	site, err := newSite(&pagecache.Options{TTL: 10 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("http://localhost:8080/")
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", site))
}

func newSite(opts *pagecache.Options) (http.Handler, error) {
	store, err := coherent.New(memory.New(nil), nil)
	if err != nil {
		return nil, err
	}
	// Cookies that change a page for strangers. No fill is given any other, such
	// as _ga, but for those of sessions.
	opts.Keys, err = keys.New("shop", &keys.Options{Cookies: []string{"theme"}})
	if err != nil {
		return nil, err
	}
	sessions := scs.New()
	opts.SessionCookies = []string{sessions.Cookie.Name} // their pages are their own
	pages, err := pagecache.New(store, opts)
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		theme := "light"
		if c, err := r.Cookie("theme"); err == nil {
			theme = c.Value
		}
		w.Header().Set("Vary", "Cookie")
		fmt.Fprintf(w, "theme %s, cart %d %s\n", theme, sessions.GetInt(r.Context(), "cart"), sessions.PopString(r.Context(), "flash"))
	})
	mux.HandleFunc("POST /cart", func(w http.ResponseWriter, r *http.Request) {
		sessions.Put(r.Context(), "cart", sessions.GetInt(r.Context(), "cart")+1)
		sessions.Put(r.Context(), "flash", "added!")
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /terms", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public") // the same for visitors and strangers
		fmt.Fprintln(w, "no refunds")
	})

	cached := pages.Handler(mux)
	site := http.NewServeMux()
	site.Handle("/", sessions.LoadAndSave(cached))
	site.Handle("/terms", cached) // scs would make it vary by Cookie
	return site, nil
}
