package cachetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/uncache/uncache/cache"
)

var getRules = []cacheRule{
	{
		"Get/missing",
		"A key that is not stored is not an error: Get returns nil, false, nil.",
		func(ctx context.Context, s cacheSubject) error {
			return s.lacks(ctx, "missing")
		},
	},
	{
		"Get/bytes",
		"It must never invent one: Get returns what some Set of that key was given, byte for byte, or nothing.",
		func(ctx context.Context, s cacheSubject) error {
			every := make([]byte, 256)
			for i := range every {
				every[i] = byte(i)
			}
			for _, value := range []string{"v", string(every), "\r\n", "nil", strings.Repeat("\x00\xff", 1<<19)} {
				if err := s.set(ctx, "k", value, time.Hour); err != nil {
					return err
				}
				if err := s.holds(ctx, "k", value); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		"Get/empty value",
		"A stored empty value is not a missing one: ok is true, the length 0.",
		func(ctx context.Context, s cacheSubject) error {
			for key, value := range map[string][]byte{"nil": nil, "empty": {}} {
				if err := s.Set(ctx, key, value, time.Hour); err != nil {
					return fmt.Errorf("Set(%q, %#v, 0): got error %w, want none", key, value, err)
				}
				if err := s.holds(ctx, key, ""); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		"Get/value is the caller's",
		"The value is the caller's: changing it does not change what is stored.",
		func(ctx context.Context, s cacheSubject) error {
			if err := s.set(ctx, "k", "value", time.Hour); err != nil {
				return err
			}
			value, _, err := s.Get(ctx, "k")
			if err != nil {
				return fmt.Errorf("Get: got error %w, want none", err)
			}
			for i := range value {
				value[i] = '!'
			}
			_ = append(value, "!!!"...)
			return s.holds(ctx, "k", "value")
		},
	},
	{
		"Get/keys",
		"Keys are any bytes, of any length up to 8 KiB.",
		func(ctx context.Context, s cacheSubject) error {
			long := strings.Repeat("0123456789abcdef", 512)
			keys := []string{
				"", " ", "k", "K", "k ", "k\x00", "\x00", "\n", "a\r\nb", "\xff", "\xfe", "\xff\xfe", "é", "e\u0301",
				"a/../b", "b", "a*b", "a?b", "{a}b", "%s", "'", `"`, `\`, "https://example.org/?q=1#f",
				long, long[:len(long)-1], long[:len(long)-1] + "g", "x" + long[1:],
			}
			for i, key := range keys {
				if err := s.set(ctx, key, fmt.Sprint(i), time.Hour); err != nil {
					return err
				}
			}
			for i, key := range keys {
				if err := s.holds(ctx, key, fmt.Sprint(i)); err != nil {
					return err
				}
			}
			for i, key := range keys {
				if err := s.Delete(ctx, key); err != nil {
					return fmt.Errorf("Delete(%s): got error %w, want none", show(key), err)
				}
				if err := s.lacks(ctx, key); err != nil {
					return err
				}
				for j := i + 1; j < len(keys); j++ {
					if err := s.holds(ctx, keys[j], fmt.Sprint(j)); err != nil {
						return fmt.Errorf("after Delete(%s): %w", show(key), err)
					}
				}
			}
			return nil
		},
	},
	{
		"Get/done context",
		"If ctx is done, Get may return its error; it does not block on it.",
		func(ctx context.Context, s cacheSubject) error {
			if err := s.set(ctx, "k", "v", time.Hour); err != nil {
				return err
			}
			var value []byte
			var ok bool
			var err error
			if late := promptly("Get with a context that is done", func() {
				value, ok, err = s.Get(cancelled(ctx), "k")
			}); late != nil {
				return late
			}
			if err != nil && (ok || !errors.Is(err, context.Canceled)) || err == nil && (!ok || string(value) != "v") {
				return fmt.Errorf("Get with a context that is done: got %s, %v, %v; want the value, or %v",
					show(value), ok, err, context.Canceled)
			}
			return nil
		},
	},
	{
		"Cache/concurrent use",
		"All methods are safe for concurrent use.",
		func(ctx context.Context, s cacheSubject) error {
			return together(8, func(i int) error {
				for n := range 40 {
					key := fmt.Sprint("k", n%4)
					value := strings.Repeat(key, 100)
					switch (i + n) % 4 {
					case 0:
						if err := s.set(ctx, key, value, time.Hour); err != nil {
							return err
						}
					case 1:
						if err := s.delete(ctx, key, "other"); err != nil {
							return err
						}
					default:
						got, ok, err := s.Get(ctx, key)
						if err != nil || ok && !bytes.Equal(got, []byte(value)) {
							return fmt.Errorf("Get(%q) beside others: got %s, %v, %v; want %s or nothing",
								key, show(got), ok, err, show(value))
						}
					}
				}
				return nil
			})
		},
	},
}

var closeRules = []cacheRule{
	{
		"Cache/closed",
		"ErrClosed is what a Cache or a Log returns, wrapped, once it was closed.",
		func(ctx context.Context, s cacheSubject) error {
			c := s.Cache.(io.Closer)
			if err := c.Close(); err != nil {
				return fmt.Errorf("Close(): got error %w, want none", err)
			}
			_, _, getErr := s.Get(ctx, "k")
			for call, err := range map[string]error{
				"Get":    getErr,
				"Set":    s.Set(ctx, "k", nil, 0),
				"Delete": s.Delete(ctx, "k"),
			} {
				if !errors.Is(err, cache.ErrClosed) {
					return fmt.Errorf("%s after Close: got error %v, want %v", call, err, cache.ErrClosed)
				}
			}
			return nil
		},
	},
	{
		"Cache/closed under use",
		"ErrClosed is what a Cache or a Log returns, wrapped, once it was closed.",
		func(ctx context.Context, s cacheSubject) error {
			return closedUnderUse(s.Cache.(io.Closer), func(user int) error {
				key := fmt.Sprint("user", user)
				_, _, err := s.Get(ctx, key)
				return errors.Join(err, s.Set(ctx, key, []byte("v"), time.Hour), s.Delete(ctx, key))
			})
		},
	},
}
