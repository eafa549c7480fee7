package sfv

// A Kind is the type of a [Value] (RFC 9651 §3.3), or tells that a [Member] is
// an inner list (§3.1.1).
type Kind uint8

// The kinds, and where the value is.
const (
	Integer       Kind = iota + 1 // Number (§3.3.1)
	Decimal                       // Number, in thousandths (§3.3.2)
	String                        // Text, printable ASCII (§3.3.3)
	Token                         // Text (§3.3.4)
	ByteSequence                  // Text, the bytes themselves (§3.3.5)
	Boolean                       // Number, 0 or 1 (§3.3.6)
	Date                          // Number, in seconds since 1970 (§3.3.7)
	DisplayString                 // Text, valid UTF-8 (§3.3.8)
	InnerList                     // Member.Items (§3.1.1)
)

// A Value is a bare item. Values are comparable: two are equal if they are the
// same value of the same kind.
type Value struct {
	Kind   Kind   // says which of the others holds the value
	Text   string // without quotes and escapes
	Number int64
}

// An Item is a bare item with its parameters (§3.3).
type Item struct {
	Value
	Params Params
}

// A Member of a [List] or a [Dictionary] is an item or, if its Kind is
// [InnerList], an inner list; the parameters are those of the list then, and
// every one of Items has its own.
type Member struct {
	Item
	Items []Item
}

// Params are the parameters of an item or an inner list (§3.1.2): each key
// once, with the last value it was given, in the order in which the keys came
// first.
type Params []Param

// A Param is one parameter. A key alone has the value true.
type Param struct {
	Key string
	Value
}

// Get returns the value of the parameter key.
func (p Params) Get(key string) (Value, bool) {
	for i := range p {
		if p[i].Key == key {
			return p[i].Value, true
		}
	}
	return Value{}, false
}

// A List is a list (§3.1). A field that is absent is an empty one.
type List []Member

// Strings returns the members of a list of strings, such as Cache-Groups
// (RFC 9875 §2). Parameters are ignored. It returns false if some member is
// not a String.
func (l List) Strings() ([]string, bool) {
	texts := make([]string, len(l))
	for i := range l {
		if l[i].Kind != String {
			return nil, false
		}
		texts[i] = l[i].Text
	}
	return texts, true
}

// A Dictionary is a dictionary (§3.2): each key once, with the last member it
// was given, in the order in which the keys came first. A field that is absent
// is an empty one.
type Dictionary []Entry

// An Entry is one member of a [Dictionary]. A key alone has the value true.
type Entry struct {
	Key string
	Member
}

// Get returns the member under key.
func (d Dictionary) Get(key string) (Member, bool) {
	for i := range d {
		if d[i].Key == key {
			return d[i].Member, true
		}
	}
	return Member{}, false
}

// Flag reports whether the member under key is the Boolean true, as a key alone
// is. Parameters are ignored.
func (d Dictionary) Flag(key string) bool {
	m, _ := d.Get(key)
	return m.Kind == Boolean && m.Number == 1
}

// Natural returns the member under key if it is an Integer that is not
// negative, such as the seconds of max-age. Parameters are ignored. It returns
// false for anything else and for what is absent: RFC 9213 §2.1 has caches
// ignore directives whose value is of the wrong type. Get tells the two apart.
func (d Dictionary) Natural(key string) (int64, bool) {
	m, _ := d.Get(key)
	if m.Kind != Integer || m.Number < 0 {
		return 0, false
	}
	return m.Number, true
}
