package invalidate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/uncache/uncache/invalidate"
	"github.com/uncache/uncache/invalidate/integrate"
)

// In a script each step is one character: a small letter invalidates that post, 1 to 9
// makes a mark, ! and its number rewinds to it, ( ) is a part that is flushed, [ ] one
// that is discarded, > enqueues.
func TestMarks(t *testing.T) {
	tests := []struct{ script, want string }{
		{"a", "a"},
		{"a1b", "ab"},
		{"a1b!1", "a"},
		{"a1b!1c", "ac"},
		{"1a!1", ""},
		{"1a!1b!1", ""},
		{"a1!1!1b", "ab"},
		{"a1a!1", "a"}, // the second "a" is dropped, the first is not
		{"a1b2c!2", "ab"},
		{"a1b2c!1", "a"},
		{"a1b2c!2d!1", "a"},
		{"a1b2c!1d!2", "ad"},    // 2 was rolled back with 1
		{"a1b2c!1d3e!2", "ade"}, // 2 is not mistaken for 3, which is at the same place
		{"a1b2c!1d3e!3", "ad"},
		{"a1(b)!1", "a"},
		{"a(1b)!1", "a"}, // b is handed over after the mark
		{"a1[b]c!1", "a"},
		{"a(b1c)!1", "a"},
		{"a(b)1(c)!1", "ab"},
		{"a1b>!1", "ab"}, // after Enqueue the mark is void
		{"a1>b!1", "ab"},
		{"a>1b!1", "a"},
		{"a1b>2c!2", "ab"},
	}
	for _, tt := range tests {
		t.Run(tt.script, func(t *testing.T) {
			x, _ := newOutboxTest(t)
			ctx, batch := invalidate.WithBatch(t.Context())
			in, inner := ctx, (*invalidate.Batch)(nil)
			marks := map[rune]integrate.Mark{}
			rewind := false
			for _, step := range tt.script {
				switch {
				case step == '(' || step == '[':
					in, inner = invalidate.WithBatch(ctx)
				case step == ')':
					flush(t, in, inner)
					in = ctx
				case step == ']':
					inner.Discard()
					in = ctx
				case step == '>':
					if err := batch.Enqueue(ctx, x.db); err != nil {
						t.Error(err)
					}
				case step == '!':
					rewind = true
				case rewind:
					integrate.Rewind(batch, marks[step])
					rewind = false
				case step >= '1' && step <= '9':
					marks[step] = integrate.NewMark(batch)
				default:
					invalidatePost(t, in, x.inv, string(step))
				}
			}
			flush(t, ctx, batch)
			purged := map[string]bool{}
			for _, e := range x.purger.events {
				for _, d := range e.Dependencies {
					purged[string(d)] = true
				}
			}
			var got strings.Builder
			for post := 'a'; post <= 'z'; post++ {
				if purged[fmt.Sprintf("path:/blog/%c/", post)] {
					got.WriteRune(post)
				}
			}
			if got.String() != tt.want {
				t.Errorf("purged %q, want %q", got.String(), tt.want)
			}
		})
	}
}

// What marks have kept apart is one purge again.
func TestMarksCostNoPurge(t *testing.T) {
	p := newPurger()
	inv := newBlog(p, nil)
	ctx, batch := invalidate.WithBatch(t.Context())
	for _, slug := range []string{"a", "b", "c"} {
		integrate.NewMark(batch)
		invalidatePost(t, ctx, inv, slug)
	}
	flush(t, ctx, batch)
	p.Trace.Want(t, "PURGE path:/blog/ path:/blog/a/ path:/blog/b/ path:/blog/c/")
}

// Rewind drops nothing that was flushed.
func TestRewindAfterTheEnd(t *testing.T) {
	p := newPurger()
	p.err = fmt.Errorf("refused")
	ctx, batch := invalidate.WithBatch(t.Context())
	mark := integrate.NewMark(batch)
	invalidatePost(t, ctx, newBlog(p, nil), "a")
	if err := batch.Flush(ctx); err == nil {
		t.Error("Flush: got nil, want an error")
	}
	integrate.Rewind(batch, mark)
	p.err = nil
	flush(t, ctx, batch)
	p.Trace.Want(t, purgeA, purgeA)
}
