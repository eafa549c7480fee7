package rediscache

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache"
)

// An event is one entry of the stream, POSITION-0, with these fields:
//
//	time  when, in RFC 3339 with nanoseconds
//	soft  "1" or "0"
//	why   Event.Reason
//	who   Event.Origin
//	deps  Event.Dependencies, as netstrings: 17:path:/blog/hello/,10:group:news,
//	crc   a checksum of the five
//	sum   how many bytes were ever appended, this entry's included; the script
//	      that appends adds it
//
// Netstrings keep every byte as it is, where JSON would mend what is not UTF-8,
// and one field takes any number of dependencies, where a Lua script passes on
// no more than some 8,000 arguments.
const (
	fieldTime = "time"
	fieldSoft = "soft"
	fieldWhy  = "why"
	fieldWho  = "who"
	fieldDeps = "deps"
	fieldCRC  = "crc"
	fieldSum  = "sum"
)

// encode returns the fields and values of e.
func encode(e cache.Event) []any {
	at := e.Time
	if at.IsZero() {
		at = time.Now()
	}
	soft := "0"
	if e.Soft {
		soft = "1"
	}
	var deps strings.Builder
	for _, d := range e.Dependencies {
		deps.WriteString(strconv.Itoa(len(d)))
		deps.WriteByte(':')
		deps.WriteString(string(d))
		deps.WriteByte(',')
	}
	when := at.UTC().Format(time.RFC3339Nano)
	return []any{
		fieldTime, when,
		fieldSoft, soft,
		fieldWhy, e.Reason,
		fieldWho, e.Origin,
		fieldDeps, deps.String(),
		fieldCRC, checksum(when, soft, e.Reason, e.Origin, deps.String()),
	}
}

// decode returns the event of an entry. The stream is open to anybody who can
// write to the Redis; an entry that is not as encode makes it is an error, and
// to its reader a gap.
func decode(m redis.XMessage) (cache.Event, error) {
	id, ok := strings.CutSuffix(m.ID, "-0")
	if !ok {
		return cache.Event{}, fmt.Errorf("entry %s: not a position", m.ID)
	}
	pos, err := parsePosition(id)
	if err != nil {
		return cache.Event{}, fmt.Errorf("entry %s: %w", m.ID, err)
	}
	e := cache.Event{Position: pos}
	e.Reason, _ = m.Values[fieldWhy].(string)
	e.Origin, _ = m.Values[fieldWho].(string)
	at, _ := m.Values[fieldTime].(string)
	soft, _ := m.Values[fieldSoft].(string)
	if e.Time, err = time.Parse(time.RFC3339Nano, at); err != nil {
		return cache.Event{}, fmt.Errorf("entry %s: %w", m.ID, err)
	}
	switch soft {
	case "0":
	case "1":
		e.Soft = true
	default:
		return cache.Event{}, fmt.Errorf("entry %s: neither hard nor soft", m.ID)
	}
	deps, ok := m.Values[fieldDeps].(string)
	if !ok {
		return cache.Event{}, fmt.Errorf("entry %s: no dependencies", m.ID)
	}
	if m.Values[fieldCRC] != checksum(at, soft, e.Reason, e.Origin, deps) {
		return cache.Event{}, fmt.Errorf("entry %s: the checksum does not match", m.ID)
	}
	if e.Dependencies, err = decodeDependencies(deps); err != nil {
		return cache.Event{}, fmt.Errorf("entry %s: %w", m.ID, err)
	}
	return e, nil
}

var errDependencies = errors.New("malformed dependencies")

func decodeDependencies(s string) ([]cache.Dependency, error) {
	var deps []cache.Dependency
	for s != "" {
		size, rest, ok := strings.Cut(s, ":")
		n, err := strconv.Atoi(size)
		if !ok || err != nil || n < 0 || n >= len(rest) || rest[n] != ',' {
			return nil, errDependencies
		}
		deps = append(deps, cache.Dependency(rest[:n]))
		s = rest[n+1:]
	}
	return deps, nil
}
