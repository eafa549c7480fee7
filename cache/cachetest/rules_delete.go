package cachetest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var deleteRules = []cacheRule{
	{
		"Delete/missing",
		"Deleting what is not stored is not an error; nor is deleting no key.",
		func(ctx context.Context, s cacheSubject) error {
			if err := s.set(ctx, "kept", "v", time.Hour); err != nil {
				return err
			}
			for _, keys := range [][]string{nil, {}, {"missing"}, {"missing", "missing too"}} {
				if err := s.delete(ctx, keys...); err != nil {
					return err
				}
			}
			return s.holds(ctx, "kept", "v")
		},
	},
	{
		"Delete/not found later",
		"When Delete has returned nil, a Get that starts later does not find any of them, unless it was Set again.",
		func(ctx context.Context, s cacheSubject) error {
			var keys, others []string
			for i := range 300 {
				keys = append(keys, fmt.Sprint("deleted", i))
				others = append(others, fmt.Sprint("kept", i))
			}
			for i := range keys {
				if err := s.set(ctx, keys[i], "v", time.Hour); err != nil {
					return err
				}
				if err := s.set(ctx, others[i], "v", time.Hour); err != nil {
					return err
				}
			}
			// Among them one that is missing, and one twice.
			if err := s.Delete(ctx, append([]string{"missing", keys[7]}, keys...)...); err != nil {
				return fmt.Errorf("Delete of %d keys: got error %w, want none", len(keys), err)
			}
			for i := range keys {
				if err := s.lacks(ctx, keys[i]); err != nil {
					return fmt.Errorf("after Delete: %w", err)
				}
				if err := s.holds(ctx, others[i], "v"); err != nil {
					return fmt.Errorf("after Delete of others: %w", err)
				}
			}
			if err := s.set(ctx, keys[0], "again", time.Hour); err != nil {
				return err
			}
			return s.holds(ctx, keys[0], "again")
		},
	},
	{
		"Delete/done context",
		"If ctx was done before the call, Delete returns an error.",
		func(ctx context.Context, s cacheSubject) error {
			if err := s.Delete(cancelled(ctx), "k"); err == nil {
				return errors.New("Delete with a context that is done: got no error, want one")
			}
			return nil
		},
	},
}
