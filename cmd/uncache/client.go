package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

const maxAnswer = 32 << 20

// errNoEndpoint says what is missing.
var errNoEndpoint = usage("where? give -url or UNCACHE_URL")

// ask asks the admin handler, and decodes its answer into to. A body is sent as JSON.
func (c *call) ask(ctx context.Context, method, name string, q url.Values, body, to any) error {
	base, err := c.endpoint()
	if err != nil {
		return err
	}
	token, err := c.secret(c.tokenFile, "UNCACHE_TOKEN")
	if err != nil {
		return fmt.Errorf("the token: %w", err)
	}
	if token != "" && base.Scheme == "http" && !isLocal(base.Hostname()) && !c.plaintext {
		return usage("the token would go to %s in the clear: use https, or say -plaintext", base.Host)
	}
	target := base.JoinPath(name)
	target.RawQuery = q.Encode()
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, target.String(), content)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	// A redirect would take the token elsewhere, or make a GET of a POST.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return refused(resp, b)
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%s does not answer as invalidate/admin does: %w", target.Redacted(), err)
	}
	return nil
}

// refused is the error of an answer that is none.
func refused(resp *http.Response, body []byte) error {
	var answer struct{ Error string }
	if json.Unmarshal(body, &answer) == nil && answer.Error != "" {
		return errors.New(answer.Error)
	}
	if to := resp.Header.Get("Location"); to != "" {
		return fmt.Errorf("%s, to %q: give the URL where invalidate/admin is mounted", resp.Status, to)
	}
	return fmt.Errorf("%s answers %s", resp.Request.URL.Redacted(), resp.Status)
}

// endpoint returns the URL that the handler is mounted at.
func (c *call) endpoint() (*url.URL, error) {
	if c.url == "" {
		return nil, errNoEndpoint
	}
	u, err := url.Parse(c.url)
	switch {
	case err != nil:
		return nil, usage("-url: it is no URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, usage("-url: %q does not begin with http:// or https:// and a host", u.Redacted())
	case u.User != nil:
		return nil, usage("-url: it holds a user: the token is in UNCACHE_TOKEN or in -token-file")
	}
	u.RawQuery, u.Fragment = "", ""
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

// isLocal reports whether a host is this machine.
func isLocal(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
