package seed

import (
	"reflect"
	"testing"
)

func TestPosts(t *testing.T) {
	list, err := Posts()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 200 {
		t.Errorf("%d posts, want at least 200", len(list))
	}
	slugs, bodies, byAuthor := map[string]bool{}, map[string]bool{}, map[string]int{}
	for i, p := range list {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", p.Slug, err)
		}
		if slugs[p.Slug] {
			t.Errorf("two posts are called %s", p.Slug)
		}
		if bodies[p.Body] {
			t.Errorf("%s says what another post says", p.Slug)
		}
		if i > 0 && p.Published.After(list[i-1].Published) {
			t.Errorf("%s is newer than the post before it", p.Slug)
		}
		slugs[p.Slug], bodies[p.Body] = true, true
		byAuthor[p.Authors[0]]++
	}
	for _, a := range authors {
		if byAuthor[a] < 20 {
			t.Errorf("%s wrote %d posts, want at least 20: %v", a, byAuthor[a], byAuthor)
		}
	}
}

func TestPostsAreTheSameEveryTime(t *testing.T) {
	a, errA := Posts()
	b, errB := Posts()
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if !reflect.DeepEqual(a, b) {
		t.Error("two calls gave different posts")
	}
}
