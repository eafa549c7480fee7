package sfv

// list is §4.2.1.
func (p *parser) list() (list List, ok bool) {
	for more := p.pos < len(p.s); more; {
		m, ok := p.member()
		if !ok {
			return nil, false
		}
		list = append(list, m)
		if more, ok = p.comma(); !ok {
			return nil, false
		}
	}
	return list, true
}

// dictionary is §4.2.2.
func (p *parser) dictionary() (dict Dictionary, ok bool) {
	var seen index
	for more := p.pos < len(p.s); more; {
		key, ok := p.key()
		if !ok {
			return nil, false
		}
		m := Member{Item: Item{Value: boolean(true)}}
		if p.next('=') {
			m, ok = p.member()
		} else {
			m.Params, ok = p.params()
		}
		if !ok {
			return nil, false
		}
		i := seen.place(key, len(dict), func(i int) string { return dict[i].Key })
		if i == len(dict) {
			dict = append(dict, Entry{Key: key})
		}
		dict[i].Member = m
		if more, ok = p.comma(); !ok {
			return nil, false
		}
	}
	return dict, true
}

// member is §4.2.1.1.
func (p *parser) member() (m Member, ok bool) {
	if p.next('(') {
		return p.innerList()
	}
	m.Item, ok = p.item()
	return m, ok
}

// innerList is §4.2.1.2, behind the parenthesis.
func (p *parser) innerList() (m Member, ok bool) {
	m.Kind = InnerList
	for {
		p.skipSpaces()
		if p.next(')') {
			m.Params, ok = p.params()
			return m, ok
		}
		item, ok := p.item()
		if !ok {
			return Member{}, false
		}
		m.Items = append(m.Items, item)
		if c := p.peek(); c != ' ' && c != ')' {
			return Member{}, p.fail("neither a space nor the end of the inner list")
		}
	}
}

// item is §4.2.3.
func (p *parser) item() (item Item, ok bool) {
	if item.Value, ok = p.bareItem(); !ok {
		return Item{}, false
	}
	item.Params, ok = p.params()
	return item, ok
}

// params is §4.2.3.2.
func (p *parser) params() (params Params, ok bool) {
	var seen index
	for p.next(';') {
		p.skipSpaces()
		key, ok := p.key()
		if !ok {
			return nil, false
		}
		v := boolean(true)
		if p.next('=') {
			if v, ok = p.bareItem(); !ok {
				return nil, false
			}
		}
		i := seen.place(key, len(params), func(i int) string { return params[i].Key })
		if i == len(params) {
			params = append(params, Param{Key: key})
		}
		params[i].Value = v
	}
	return params, true
}

// key is §4.2.3.3.
func (p *parser) key() (string, bool) {
	if classes[p.peek()]&keyFirst == 0 {
		return "", p.fail("no key")
	}
	return p.run(keyRest), true
}

// An index finds a key among those that came before it. To compare each with
// all others would make a field of a megabyte cost 10^10 comparisons; to keep a
// map of three keys would cost more than comparing them.
type index map[string]int

const smallIndex = 16

// place returns where key stands among n keys, or n if it is new; it is to be
// put there then.
func (x *index) place(key string, n int, keyAt func(i int) string) int {
	if n < smallIndex {
		for i := range n {
			if keyAt(i) == key {
				return i
			}
		}
		return n
	}
	if *x == nil {
		*x = make(index, 2*n)
		for i := range n {
			(*x)[keyAt(i)] = i
		}
	}
	i, ok := (*x)[key]
	if !ok {
		i = n
		(*x)[key] = n
	}
	return i
}
