package mdfiles

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"
)

// matter is a file's front matter. Names are in lower case, as Hugo takes them.
type matter map[string]any

// split parses a file into its front matter and its text. A file without front
// matter has none, which is not an error.
func split(file []byte) (matter, string, error) {
	if !utf8.Valid(file) {
		return nil, "", errors.New("not UTF-8")
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(file), "\ufeff"), "\r\n", "\n")
	if beginsJSON(text) {
		return splitJSON(text)
	}
	first, rest, _ := strings.Cut(text, "\n")
	var ends []string
	var parse func([]byte) (map[string]any, error)
	switch strings.TrimRight(first, " \t") {
	case "---":
		ends, parse = []string{"---", "..."}, parseYAML
	case "+++":
		ends, parse = []string{"+++"}, parseTOML
	default:
		return nil, text, nil
	}
	var head strings.Builder
	for {
		line, more, found := strings.Cut(rest, "\n")
		for _, end := range ends {
			if strings.TrimRight(line, " \t") == end {
				m, err := parse([]byte(head.String()))
				if err != nil {
					return nil, "", err
				}
				return lower(m), more, nil
			}
		}
		if !found {
			return nil, "", fmt.Errorf("front matter that begins with %q has no end", strings.TrimSpace(first))
		}
		head.WriteString(line + "\n")
		rest = more
	}
}

// parseYAML turns a panic of the parser into an error: the file is whatever
// somebody had on disk, and must not end the program.
func parseYAML(text []byte) (m map[string]any, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("YAML: the parser panicked: %v", p)
		}
	}()
	if err := yaml.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("YAML: %w", err)
	}
	return m, nil
}

func parseTOML(text []byte) (m map[string]any, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("TOML: the parser panicked: %v", p)
		}
	}()
	if _, err := toml.NewDecoder(bytes.NewReader(text)).Decode(&m); err != nil {
		return nil, fmt.Errorf("TOML: %w", err)
	}
	return m, nil
}

func lower(m map[string]any) matter {
	low := make(matter, len(m))
	for name, value := range m {
		low[strings.ToLower(name)] = value
	}
	return low
}

// text returns the first of the fields that holds something, as one line.
// Numbers and dates count: "title: 2024" is a title.
func (m matter) text(names ...string) string {
	for _, name := range names {
		switch v := m[name].(type) {
		case nil, []any, map[string]any, map[any]any:
		default:
			if s := strings.Join(strings.Fields(fmt.Sprint(v)), " "); s != "" {
				return s
			}
		}
	}
	return ""
}

// list returns the names in the fields: a list, one text, or tables with a
// name, in any mixture. sep says where one text holds several names.
func (m matter) list(sep func(rune) bool, fields ...string) []string {
	var names []string
	add := func(s string) {
		if s = strings.Join(strings.Fields(s), " "); s != "" {
			names = append(names, s)
		}
	}
	var walk func(v any, depth int)
	walk = func(v any, depth int) {
		switch v := v.(type) {
		case nil:
		case string:
			for _, s := range strings.FieldsFunc(v, sep) {
				add(s)
			}
		case []any:
			for _, e := range v {
				if s, ok := e.(string); ok {
					add(s)
				} else if depth < 2 {
					walk(e, depth+1)
				}
			}
		case []map[string]any: // a TOML array of tables
			for _, e := range v {
				walk(e, depth+1)
			}
		case map[string]any:
			if s := lower(v).text("name", "title"); s != "" {
				add(s)
			}
		default:
			add(fmt.Sprint(v))
		}
	}
	for _, field := range fields {
		walk(m[field], 0)
	}
	return names
}

// says reports whether the field is the given truth, in any of the ways that
// people write it.
func (m matter) says(field string, truth bool) bool {
	switch strings.ToLower(m.text(field)) {
	case "true", "yes", "on", "1":
		return truth
	case "false", "no", "off", "0":
		return !truth
	}
	return false
}
