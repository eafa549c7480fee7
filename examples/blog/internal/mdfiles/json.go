package mdfiles

import (
	"encoding/json"
	"fmt"
	"strings"
)

// beginsJSON reports whether a file begins with front matter in JSON, or with
// what was meant to be. A brace may also begin the text of a file without front
// matter: a shortcode {{, a Liquid tag {%, or attributes of a block {:.
func beginsJSON(text string) bool {
	text = strings.TrimLeft(text, " \t\n")
	if !strings.HasPrefix(text, "{") {
		return false
	}
	for _, other := range []string{"{{", "{%", "{:"} {
		if strings.HasPrefix(text, other) {
			return false
		}
	}
	return true
}

// splitJSON takes the object that the file begins with for its front matter, as
// Hugo does, and what follows it for the text.
func splitJSON(text string) (matter, string, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber() // or 20240102 would be 2.0240102e+07
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return nil, "", fmt.Errorf("JSON: %w", err)
	}
	rest := strings.TrimLeft(text[dec.InputOffset():], " \t")
	return lower(plainNumbers(m).(map[string]any)), strings.TrimPrefix(rest, "\n"), nil
}

// plainNumbers makes of JSON's numbers what the other formats make of theirs.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = plainNumbers(v[name])
		}
	}
	return v
}
