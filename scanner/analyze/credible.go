package analyze

import (
	"bytes"
	"math"
	"slices"
)

// standIns are words that people write where a secret will stand, and the marks
// of templates and look-ups; compared in lower case.
//
//nolint:gochecknoglobals // a table that never changes
var standIns = [][]byte{
	[]byte("example"), []byte("changeme"), []byte("change_me"), []byte("change-me"), []byte("placeholder"),
	[]byte("dummy"), []byte("redacted"), []byte("replace"), []byte("insert"), []byte("your_"), []byte("your-"),
	[]byte("yourpass"), []byte("yoursecret"), []byte("yourtoken"), []byte("yourapi"), []byte("notreal"), []byte("not-a-real"),
	[]byte("fake"), []byte("sample"), []byte("xxxx"), []byte("****"), []byte("...."), []byte("0000000"), []byte("12345678"),
	[]byte("abcdefgh"), []byte("deadbeef"), []byte("${"), []byte("$("), []byte("{{"), []byte("<%"), []byte("%s"), []byte("%v"),
	[]byte("://"), []byte("process.env"), []byte("os.environ"), []byte("getenv"),
}

// longText is where stand-ins stop counting, in bytes: in a key of kilobytes any
// short word turns up by chance.
const longText = 512

// placeholder reports whether a text stands where a secret would, without being
// one: EXAMPLE, xxxx, changeme, ${VAR}, <token>, a single letter repeated.
func placeholder(text []byte) bool {
	if len(text) > longText {
		return false
	}
	if bytes.HasPrefix(text, []byte("<")) && bytes.HasSuffix(text, []byte(">")) {
		return true
	}
	lower := bytes.ToLower(text)
	return slices.ContainsFunc(standIns, func(word []byte) bool { return bytes.Contains(lower, word) }) || distinct(text) < 5
}

func distinct(text []byte) int {
	var seen [256]bool
	n := 0
	for _, b := range text {
		if !seen[b] {
			seen[b] = true
			n++
		}
	}
	return n
}

// mixed reports whether a text holds both an ASCII letter and a digit.
func mixed(text []byte) bool {
	var letter, digit bool
	for _, b := range text {
		letter = letter || 'a' <= b|0x20 && b|0x20 <= 'z'
		digit = digit || '0' <= b && b <= '9'
	}
	return letter && digit
}

// entropy is the Shannon entropy of a text's bytes, −Σ p·log₂ p with p the share
// of each byte value, in bits per byte: 0 for one letter repeated, 4 for random
// hexadecimal, at most log₂ of the length. C. E. Shannon, A Mathematical Theory
// of Communication, 1948, §6.
func entropy(text []byte) float64 {
	var counts [256]int
	for _, b := range text {
		counts[b]++
	}
	bits := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(text))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
