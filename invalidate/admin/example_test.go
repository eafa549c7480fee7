package admin_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/uncache/uncache/backend/memory"
	"github.com/uncache/uncache/cache/pagecache"
	"github.com/uncache/uncache/invalidate/admin"
)

// A page for operators beside the site, and a purge by hand.
func Example() {
	backend := memory.New(nil)
	defer backend.Close()
	pages, err := pagecache.Open(backend, &pagecache.Options{TTL: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Close()
	ops, err := admin.New(pages, admin.Token("s3cret"), &admin.Options{AllowChanges: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/ops/cache/", ops)
	srv := httptest.NewServer(mux)
	defer srv.Close()

	purge := func(token string) {
		r, err := http.NewRequest("POST", srv.URL+"/ops/cache/purge", strings.NewReader(`{"paths":["/blog/"],"reason":"broken layout"}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer resp.Body.Close()
		answer, _ := io.ReadAll(resp.Body)
		fmt.Print(resp.StatusCode, " ", string(answer))
	}
	purge("guess")
	purge("s3cret")
	// Output:
	// 403 {"error":"not allowed"}
	// 200 {"purged":["path:/blog/"],"reason":"by hand, 127.0.0.1: broken layout"}
}
