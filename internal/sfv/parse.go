package sfv

import (
	"errors"
	"fmt"
	"strings"
)

// ErrSyntax is what the parsers return, wrapped, for a field that is not of the
// type asked for. RFC 9651 §4.2 has such a field ignored as a whole.
var ErrSyntax = errors.New("not a structured field")

// ParseList parses the lines of a field that is a List (RFC 9651 §4.2.1).
func ParseList(fields []string) (List, error) {
	p := newParser(fields)
	list, ok := p.list()
	if !ok || !p.end() {
		return nil, p.err("list")
	}
	return list, nil
}

// ParseDictionary parses the lines of a field that is a Dictionary (RFC 9651
// §4.2.2).
func ParseDictionary(fields []string) (Dictionary, error) {
	p := newParser(fields)
	dict, ok := p.dictionary()
	if !ok || !p.end() {
		return nil, p.err("dictionary")
	}
	return dict, nil
}

// ParseItem parses the lines of a field that is an Item (RFC 9651 §4.2.3).
// A field that is absent is not one.
func ParseItem(fields []string) (Item, error) {
	p := newParser(fields)
	item, ok := p.item()
	if !ok || !p.end() {
		return Item{}, p.err("item")
	}
	return item, nil
}

// A parser has read s up to pos. Its methods follow the algorithms of §4.2 and
// return false where those say "fail parsing", having noted the problem.
//
// No method lets a byte outside ASCII pass, so that §4.2 step 2, which refuses
// them all beforehand, needs no pass of its own.
type parser struct {
	s       string
	pos     int
	problem string
}

// newParser does §4.2 steps 1 to 5. The lines are combined as RFC 9110 §5.2
// says, even those that are empty: a list then has an empty member, and fails.
func newParser(fields []string) parser {
	p := parser{s: strings.Join(fields, ", ")}
	p.skipSpaces()
	return p
}

// end does §4.2 steps 9 and 10.
func (p *parser) end() bool {
	p.skipSpaces()
	return p.pos == len(p.s) || p.fail("the field goes on")
}

func (p *parser) fail(problem string) bool {
	p.problem = problem
	return false
}

func (p *parser) err(what string) error {
	return fmt.Errorf("sfv: parse %s: at byte %d: %s: %w", what, p.pos, p.problem, ErrSyntax)
}

// peek returns the next byte, or 0 at the end. A 0 in the field is as wrong
// everywhere as the end of it.
func (p *parser) peek() byte {
	if p.pos == len(p.s) {
		return 0
	}
	return p.s[p.pos]
}

// next takes the next byte if it is c.
func (p *parser) next(c byte) bool {
	if p.pos == len(p.s) || p.s[p.pos] != c {
		return false
	}
	p.pos++
	return true
}

func (p *parser) skipSpaces() {
	for p.next(' ') {
	}
}

// comma takes what stands between two members of a list or a dictionary, where
// tabs are allowed too, or finds the end of it.
func (p *parser) comma() (more, ok bool) {
	p.skipOWS()
	if p.pos == len(p.s) {
		return false, true
	}
	if !p.next(',') {
		return false, p.fail("no comma")
	}
	p.skipOWS()
	if p.pos == len(p.s) {
		return false, p.fail("a comma at the end")
	}
	return true, true
}

func (p *parser) skipOWS() {
	for p.next(' ') || p.next('\t') {
	}
}
