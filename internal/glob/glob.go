// Package glob has the patterns of Redis's SCAN.
package glob

import "strings"

var escaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

// Escape returns the pattern that matches s and nothing else.
func Escape(s string) string { return escaper.Replace(s) }
