package route

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/uncache/uncache/keys/internal/escape"
)

// ErrValue is what is wrapped by the errors of Path: there is no path with such
// values.
var ErrValue = errors.New("no path with such values")

// ErrSegment is what is wrapped, beside ErrValue, by the errors of Path about a value
// that is nil, or would make a segment that is empty, "/", "." or "..": no request can
// have such a path.
var ErrSegment = errors.New("no such segment")

// A segmentError says why there is no such segment.
type segmentError string

func (e segmentError) Error() string        { return string(e) }
func (e segmentError) Is(target error) bool { return target == ErrSegment }

// Path returns the path of the page that the route serves for values, one for
// each wildcard in the pattern's order. It is escaped and canonical.
//
// A value is an [encoding.TextMarshaler], a [fmt.Stringer], a string, an integer, or a
// type based on one. The slashes in a value for {name...} separate segments; those in a
// value for {name} are escaped.
//
// It is an error if there are too many or too few values, or if one has another type.
// A segment that would be empty, ".", ".." or "/" is an error, [ErrSegment]: clients
// and ServeMux take it for another path. The path of a pattern that ends with "/" or
// "/{$}" ends with "/".
func (r Route) Path(values ...any) (string, error) {
	if len(r.segments) == 0 {
		return "", fmt.Errorf("route: path of the zero Route: %w", ErrValue)
	}
	if len(values) != len(r.wildcards) {
		return "", fmt.Errorf("route: path of %q: %d values for %d wildcards: %w",
			r.pattern, len(values), len(r.wildcards), ErrValue)
	}
	var b []byte
	for _, s := range r.segments {
		b = append(b, '/')
		text, err := s.text, error(nil)
		if s.takesValue() {
			if text, err = textOf(values[0]); err != nil {
				return "", fmt.Errorf("route: path of %q: %s: %w: %w", r.pattern, s, ErrValue, err)
			}
			values = values[1:]
		}
		why := ""
		switch s.kind {
		case multi:
			b, why = appendSegments(b, text)
		case literal, single:
			b, why = appendSegment(b, text)
		}
		if why != "" {
			return "", fmt.Errorf("route: path of %q: %q for %q: %w: %w", r.pattern, text, s, ErrValue, segmentError(why))
		}
	}
	return string(b), nil
}

// appendSegments appends text as several segments. The last may be empty.
func appendSegments(b []byte, text string) (_ []byte, why string) {
	dir, last := "", text
	for {
		var more bool
		dir, last, more = strings.Cut(last, "/")
		if b, why = appendSegment(b, dir); why != "" || !more {
			return b, why
		}
		b = append(b, '/')
		if last == "" {
			return b, ""
		}
	}
}

func appendSegment(b []byte, text string) (_ []byte, why string) {
	switch {
	case text == "":
		return b, "an empty segment"
	case text == "/":
		return b, "a slash alone"
	case isDots(text):
		return b, "a dot segment"
	}
	return escape.Written.Append(b, text), ""
}

// textOf returns the text of a value.
func textOf(value any) (string, error) {
	v := reflect.ValueOf(value)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return "", segmentError(fmt.Sprintf("a nil %T", value))
	}
	switch value := value.(type) {
	case encoding.TextMarshaler:
		text, err := value.MarshalText()
		return string(text), err
	case fmt.Stringer:
		return value.String(), nil
	}
	switch {
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), nil
	}
	return "", fmt.Errorf("a %T is neither text nor an integer", value)
}
