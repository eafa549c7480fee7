package sfv

import "strconv"

// AppendString appends text to dst as a String (RFC 9651 §4.1.6). It returns
// dst as it was, and false, if text is not printable ASCII.
func AppendString(dst []byte, text string) ([]byte, bool) {
	n := len(dst)
	dst = append(dst, '"')
	for i := range len(text) {
		c := text[i]
		if !isPrintable(c) {
			return dst[:n], false
		}
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"'), true
}

// AppendToken appends text to dst as a Token (RFC 9651 §4.1.7). It returns dst
// as it was, and false, if text is not a token: AppendString may do then.
func AppendToken(dst []byte, text string) ([]byte, bool) {
	if text == "" || classes[text[0]]&tokenFirst == 0 {
		return dst, false
	}
	for i := range len(text) {
		if classes[text[i]]&tokenRest == 0 {
			return dst, false
		}
	}
	return append(dst, text...), true
}

// AppendInteger appends n to dst as an Integer (RFC 9651 §4.1.4). It returns
// dst as it was, and false, if n has more than 15 digits.
func AppendInteger(dst []byte, n int64) ([]byte, bool) {
	const limit = 1e15
	if n <= -limit || n >= limit {
		return dst, false
	}
	return strconv.AppendInt(dst, n, 10), true
}
