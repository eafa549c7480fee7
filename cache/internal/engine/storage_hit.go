package engine

import "time"

// nearOf returns how the first tier is asked by Hit, or nil if it keeps no Go
// values.
func nearOf(t tier) func(key []byte) (any, bool) {
	if t.local != nil {
		return t.local.GetLocal
	}
	return nil
}

// Near reports whether Hit may ever find something.
func (v *Values[V]) Near() bool {
	return v.c.near != nil && (v.c.head != nil || v.c.opts.MaxStale > 0)
}

// Hit returns what Get would return as Fresh, if that can be told at once: the
// first tier keeps Go values and has it, and the log is known without asking for
// it. Otherwise it returns nil, which says nothing; ask Get. It does not allocate,
// and takes no lock unless the log has moved since the value was last asked for.
//
// now is the time, or was a moment ago: it decides whether the value has expired,
// and not whether it was purged. The caller has seen to [cache.Bypassed].
//
// A store or a log that panics is told to Observe, and says nothing either.
func (v *Values[V]) Hit(key []byte, now time.Time) (hit *Stored[V]) {
	c := v.c
	defer c.catchGet(key) // hit is nil then
	if c.near == nil || c.closed.Load() {
		return nil
	}
	x, ok := c.near(key)
	if !ok {
		return nil
	}
	s, ok := x.(*Stored[V])
	if !ok || endAt(now) >= s.end {
		return nil
	}
	// The log after the value, as in Get: whoever replaces a value in the store
	// does not make the log older.
	if c.head != nil {
		if c.head.Head() != c.view().position() {
			return nil
		}
	} else if c.opts.MaxStale == 0 || !c.recent() {
		return nil
	}
	if c.judge(&s.checked, s.stamp, s.deps) != Fresh {
		return nil
	}
	return s
}
