package outbox

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uncache/uncache/cache"
)

func rows(list ...cache.Event) (all []fullRow) {
	for i, e := range list {
		all = append(all, fullRow{row{id: rowID{text: fmt.Sprint(i)}}, e})
	}
	return all
}

func deps(list ...cache.Dependency) []cache.Dependency { return list }

func TestMerge(t *testing.T) {
	at := time.Unix(1, 0)
	failed := rows(
		cache.Event{Dependencies: deps("group:b", "path:/a/"), Reason: "Post 1 saved", Origin: "web1", Time: at},
		cache.Event{Dependencies: deps("group:s"), Soft: true, Reason: "Post 2 saved", Origin: "web1", Time: at},
		cache.Event{Dependencies: deps("group:b", "path:/"), Reason: "Post 3 saved", Origin: "web2"},
		cache.Event{Dependencies: deps("path:/again/")},
		cache.Event{Dependencies: deps("group:t"), Soft: true, Reason: "Post 2 saved", Origin: "web1"},
	)
	failed[3].tries = 1
	var got []cache.Event
	var ids []string
	for _, p := range merge(failed) {
		got = append(got, p.event)
		id := ""
		for _, l := range p.rows {
			id += l.id.text
		}
		ids = append(ids, id)
	}
	want := []cache.Event{
		{Dependencies: deps("group:b", "path:/", "path:/a/"), Reason: "Post 1 saved; Post 3 saved (by the outbox)", Origin: "web1; web2"},
		{Dependencies: deps("group:s", "group:t"), Soft: true, Reason: "Post 2 saved (by the outbox)", Origin: "web1"},
		{Dependencies: deps("path:/again/"), Reason: "(by the outbox)"},
	}
	if !reflect.DeepEqual(got, want) || fmt.Sprint(ids) != "[02 14 3]" {
		t.Errorf("got  %v of %v\nwant %v of [02 14 3]", got, ids, want)
	}
	if merge(nil) != nil {
		t.Error("of nothing comes something")
	}
}

// An event that is merged with no other stays what it was, with its time.
func TestMergeOfOne(t *testing.T) {
	e := cache.Event{Dependencies: deps("path:/b/", "path:/a/"), Reason: "why", Time: time.Unix(1, 0)}
	got := merge(rows(e))
	e.Reason += byOutbox
	if len(got) != 1 || !reflect.DeepEqual(got[0].event, e) {
		t.Errorf("got %v, want %v", got, e)
	}
}

func TestMergeIsBounded(t *testing.T) {
	var list []cache.Event
	for i := range 7 {
		var e cache.Event
		for n := range 4000 {
			e.Dependencies = append(e.Dependencies, cache.Path(fmt.Sprint("/", i, "/", n)))
		}
		list = append(list, e)
	}
	list[1].Dependencies = list[0].Dependencies // counted once
	for n := range 9000 {                       // more than an event may name: alone, and not split
		list[6].Dependencies = append(list[6].Dependencies, cache.Group(fmt.Sprint(n)))
	}
	var sizes []string
	for _, p := range merge(rows(list...)) {
		sizes = append(sizes, fmt.Sprint(len(p.rows), ":", len(p.event.Dependencies)))
	}
	if got := strings.Join(sizes, " "); got != "3:8000 2:8000 1:4000 1:13000" {
		t.Errorf("rows and dependencies of the events: %s", got)
	}
}

func TestSome(t *testing.T) {
	if got := some([]string{"a", "", "b", "a", "c", "d", "e", "d"}); got != "a; b; c; and 2 more" {
		t.Errorf("got %q", got)
	}
}

// Rows with long names are merged into events of bounded length.
func TestMergeIsBoundedByLength(t *testing.T) {
	var list []cache.Event
	for i := range 6 {
		name := cache.Dependency(fmt.Sprint("group:", i, strings.Repeat("x", 1<<20)))
		list = append(list, cache.Event{Dependencies: deps(name)})
	}
	var got []int
	for _, p := range merge(rows(list...)) {
		got = append(got, len(p.rows))
	}
	if fmt.Sprint(got) != "[3 3]" {
		t.Errorf("rows in an event: %v, want 3 of 1 MiB each in 4 MiB", got)
	}
}
