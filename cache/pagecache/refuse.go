package pagecache

import "net/http"

// refuse answers without the handler, and without a stored response.
func (c *Cache) refuse(w http.ResponseWriter, r *http.Request, st status, text string, code int) {
	st.add(w.Header(), c.name)
	c.observe(r, st, false)
	http.Error(w, text, code)
}

// gaveUp answers a visitor who left while they waited, or whose time was up. The handler is
// not asked: all who waited would ask it at once, at the moment when it is slowest.
func (c *Cache) gaveUp(w http.ResponseWriter, r *http.Request, look status) {
	look.detail = string(reasonGaveUp)
	c.refuse(w, r, look, "timed out", http.StatusServiceUnavailable)
}
