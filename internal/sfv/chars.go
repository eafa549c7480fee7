package sfv

// The classes that a byte can be in.
const (
	keyFirst   = 1 << iota // lcalpha or "*" (§4.2.3.3)
	keyRest                // what may follow in a key
	tokenFirst             // ALPHA or "*" (§4.2.6)
	tokenRest              // tchar (RFC 9110 §5.6.2), ":" or "/"
)

var classes = func() (table [256]uint8) {
	add := func(class uint8, chars string) {
		for i := range len(chars) {
			table[chars[i]] |= class
		}
	}
	const (
		lower = "abcdefghijklmnopqrstuvwxyz"
		upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		digit = "0123456789"
	)
	add(keyFirst, lower+"*")
	add(keyRest, lower+digit+"_-.*")
	add(tokenFirst, lower+upper+"*")
	add(tokenRest, lower+upper+digit+"!#$%&'*+-.^_`|~:/")
	return table
}()

// run takes the bytes that are of a class.
func (p *parser) run(class uint8) string {
	start := p.pos
	for p.pos < len(p.s) && classes[p.s[p.pos]]&class != 0 {
		p.pos++
	}
	return p.s[start:p.pos]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isPrintable reports whether c may stand in a String or a Display String.
func isPrintable(c byte) bool { return ' ' <= c && c <= '~' }
