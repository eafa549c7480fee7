package cachetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// checkedBy names the rule for sentences that a rule checks beside its own.
var checkedBy = map[string]string{
	"ErrTTL is what Set returns, wrapped, for a negative time to live.": "Set/negative ttl",
	"Get returns the value stored under key.":                           "Get/bytes",
	"Delete deletes keys.":                                              "Delete/not found later",
	"The first event after position p has position p+1.":                "Append/consecutive",
	"Zero is before every event.":                                       "Since/0",
	"Position is the event's place in the log.":                         "Append/position is ignored",
	"The log sets it.":                                                  "Append/position is ignored",
	"The log sets it if it is zero.":                                    "Append/zero time",
	"Dependencies names what changed.":                                  "Event/fields",
	`Reason says why, for people: "blog.Post 42 saved".`:                "Event/fields",
	"Origin says who, for people: a host, a process, a user.":           "Event/fields",
	"For other caches a soft purge is a purge.":                         "Event/fields",
	"List holds the events.":                                            "Since/any position",
	"From is never before the position that was asked for, unless that is out of reach: see [Log].Since.": "Since/complete",
	"A Log records purges, in one order that all processes see.":                                          "Append/consecutive under concurrency",
	"Within one era positions are consecutive.":                                                           "Append/consecutive",
	"Append adds e at the end and returns its position.":                                                  "Append/consecutive",
	"Both sides share it, and neither changes it.":                                                        "Local/the value itself",
	"Head is the position of the last event, or the start of the era if there has been none in it.":       "Since/any position",
	"It is append only, and it may forget its oldest events; it must never forget one silently.":          "Since/trimmed",
	"It is the proof of continuity: a From after the position that was asked for says that the events " +
		"between are not known any more, and that whatever was stamped before From must not be served.": "Since/trimmed",
	"Soft makes what depends on the event stale rather than unusable: a cache that allows it may still serve it " +
		"while one fill renders its successor.": "Event/fields",
}

// noDuty says why there is nothing to check.
var noDuty = map[string]string{
	"A Cache keeps values under keys for a while.":                                                                   "what it is",
	"It is what a third party implements to bring a store of its own: three methods.":                                "what it is",
	"A Cache may forget any value at any time.":                                                                      "a licence",
	"A Position is a place in a [Log].":                                                                              "what it is",
	"It is for people; nothing is decided by it.":                                                                    "a duty of readers",
	"A log has its first 256 bytes, and those of Origin.":                                                            "a duty of callers",
	"Package coherent gives a log bounded events ([Event.Bounded]), of at most 10,000 dependencies and 4 MiB.":       "a duty of callers",
	"A head more than ten years beyond that clock is none: it was damaged, or the clock was wrong when it was made.": "the kit cannot set a head",
	"The new era begins at the clock, before it.":                                                                    "the kit cannot set a head",
	"If that position is more than ten years beyond the log's clock, the era may begin before it: Head and From are the start of the era, and List is empty.": "a licence",
	"The process that asked gives up all that it knows of the log.":                                                                                           "a duty of callers",
	"Package coherent fills it in where it is empty.":                                                                                                         "a duty of callers",
	"A log lives in eras.": "what it is",
	"LocalLog is implemented by a [Log] in this process's memory.":                                              "what it is",
	"The value counts as size bytes where the Cache is bounded by bytes.":                                       "the kit does not know the bound",
	"End returns the position that was reached: that of the last event in List, or From if there is none.":      "a function",
	"How much fits into a page is the log's choice: a few hundred kilobytes are read in time over a slow link.": "a licence",
	"A log that holds much answers in pages, so that no answer is without bound: " +
		"Since(0) From 100, List 101 to 350, Head 900, More Since(350) From 350, List 351 to 720, Head 901, More " +
		"Since(720) From 720, List 721 to 901, Head 901.": "a licence",
	"Events is an answer of [Log.Since]: what happened in the log after a position, as far as the log still knows.":                            "what it is",
	"The clock of the log's server in microseconds is such a position, for a log that counts less than a million events a second.":             "advice",
	"Local is implemented by a [Cache] in this process's memory which can keep a Go value as it is, so that a hit neither decodes nor copies.": "what it is",
	"Leaser is implemented by a [Cache] that several processes share and that can tell them which one of them is at work on a key.":            "what it is",
	"A lease saves work and protects nothing: it may end early, and two holders may believe that they have it.":                                "a licence",
	"Exec runs one statement in an open transaction of a database, and returns how many rows it returned or changed.":                          "a duty of callers",
	"Its parameters are $1, $2 and so on.":                                                                                                     "a duty of callers",
	"TxLog is implemented by a [Log] in the database of the data that pages show.":                                                             "what it is",
	"There a purge can be part of the transaction that makes it necessary, and COMMIT is the purge.":                                           "what it is",
	"After an error the transaction must be rolled back.":                                                                                      "a duty of callers",
	"Waiter is implemented by a [Log] that can tell a reader when it has grown.":                                                               "what it is",
	"It makes reading quicker, and no promise rests on it: a reader also looks from time to time.":                                             "a duty of callers",
	"An event may come without a word.":                                                                                                        "a licence",
	"It is no lock.":                                                                                                                           "a duty of callers",
	"Tiered is implemented by a [Cache] that is composed of several, nearest first.":                                                           "what it is",
	"A reader of the log asks them one after another, since a near tier may hold a response that was purged, and a farther one its successor.": "a duty of callers",
	"Where the last tier is a [HeadGetter], its log is the one that decides.":                                                                  "a duty of callers",
	"The slice stays the Tiered's.":                                                                                                            "a duty of callers",
	"Tiers returns the caches that c is composed of, nearest first: those of c's own Tiers, or c alone.":                                       "a function",
	"The key may be kept as it is: one that is a part of something larger keeps that alive.":                                                   "a licence",
	"A holder is not empty and nobody else's.":                                                                                                 "a duty of callers",
	"HeadGetter is implemented by a [Backend] that can read a value and the head of the log in one round trip.":                                "what it is",
}

// A sentence that is added to a contract needs a rule, and a rule whose sentence
// was changed must follow.
func TestEverySentenceIsARule(t *testing.T) {
	var names, texts []string
	for _, r := range cacheRules() {
		names, texts = append(names, r.name), append(texts, r.text)
	}
	for _, r := range logRules() {
		names, texts = append(names, r.name), append(texts, r.text)
	}
	for _, r := range txRules {
		names, texts = append(names, r.name), append(texts, r.text)
	}
	all := sentences(t)
	for _, s := range all {
		if !slices.Contains(texts, s) && !slices.Contains(names, checkedBy[s]) && noDuty[s] == "" {
			t.Errorf("the contract has a sentence without a rule: %q", s)
		}
	}
	for i, s := range texts {
		if !slices.Contains(all, s) {
			t.Errorf("rule %s has a sentence that the contract has not: %q", names[i], s)
		}
	}
	slices.Sort(names)
	if got := len(slices.Compact(slices.Clone(names))); got != len(names) {
		t.Errorf("%d rules have %d names, want one each", len(names), got)
	}
}

// sentences returns those of the contracts' comments.
func sentences(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, file := range []string{"cache.go", "log.go", "local.go", "head.go", "lease.go", "tiers.go", "txlog.go", "waiter.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), "../"+file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CommentGroup); ok {
				text := strings.Join(strings.Fields(c.Text()), " ")
				for s := range strings.SplitSeq(strings.TrimSuffix(text, "."), ". ") {
					all = append(all, s+".")
				}
			}
			return true
		})
	}
	return all
}
