// Package byhand is what a person names who purges by hand: on the page of package admin,
// or in a shell.
package byhand

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/keys/route"
)

// Names are what a person wants purged. It is a model, and what it names is purged like
// what the save of any model names: to every Purger, and with the outbox.
type Names struct {
	URLs     []string `json:"urls,omitempty"`
	Paths    []string `json:"paths,omitempty"`
	Prefixes []string `json:"prefixes,omitempty"`
	Routes   []string `json:"routes,omitempty"`
	Groups   []string `json:"groups,omitempty"`
	All      bool     `json:"all,omitempty"`
	Soft     bool     `json:"soft,omitempty"`
}

// Max is how many names there may be.
const Max = 1000

// Register gives Names their rule, unless inv has it already.
func Register(inv *invalidate.Invalidator) {
	if !inv.Registered(reflect.TypeFor[*Names]()) {
		invalidate.Register(inv, (*Names).name)
	}
}

func (n *Names) name(to *invalidate.Targets) {
	to.URL(n.URLs...)
	to.Path(n.Paths...)
	to.Prefix(n.Prefixes...)
	to.Group(n.Groups...)
	for _, pattern := range n.Routes {
		if r, err := route.Parse(pattern); err == nil { // Check tells of others
			to.Route(r)
		}
	}
	if n.All {
		to.All()
	}
	if n.Soft {
		to.Soft()
	}
}

// Check returns what n names by its rule in inv, or every mistake in n. Nothing is purged.
func (n *Names) Check(inv *invalidate.Invalidator) (*invalidate.Targets, error) {
	count := len(n.URLs) + len(n.Paths) + len(n.Prefixes) + len(n.Routes) + len(n.Groups)
	switch {
	case count == 0 && !n.All:
		return nil, errors.New("nothing is named: give a URL, a path, a prefix, a route, a group, or all")
	case count > 0 && n.All:
		return nil, errors.New("all is named beside others: give all alone")
	case count > Max:
		return nil, fmt.Errorf("%d names are more than %d: name a prefix or a group", count, Max)
	}
	var errs []error
	for _, pattern := range n.Routes {
		if _, err := route.Parse(pattern); err != nil {
			errs = append(errs, err)
		}
	}
	targets, err := inv.Resolve(n)
	return targets, errors.Join(append(errs, err)...)
}
