package strict

import (
	"math"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Scalar returns a single value as an int64, float64, bool or string, by the
// rules of JSON: 010, 0x8 and 1_000 are not whole numbers here, since readers
// disagree on them, and infinities are none either. It records nothing: the
// caller, who knows what was expected, calls Mismatch when ok is false.
func (n *Node) Scalar() (value any, ok bool) {
	if n == nil || n.yaml.Kind != yaml.ScalarNode {
		return nil, false
	}
	switch n.yaml.ShortTag() {
	case "!!str":
		return n.yaml.Value, true
	case "!!int":
		if !decimal(n.yaml.Value) {
			return nil, false
		}
		i, err := strconv.ParseInt(n.yaml.Value, 10, 64)
		return i, err == nil
	case "!!float":
		f, err := strconv.ParseFloat(n.yaml.Value, 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	case "!!bool":
		b, err := strconv.ParseBool(strings.ToLower(n.yaml.Value))
		return b, err == nil
	}
	return nil, false
}

// decimal tells whether text is a whole number as JSON writes one, a sign aside.
func decimal(text string) bool {
	digits := strings.TrimLeft(text, "+-")
	return len(text)-len(digits) <= 1 && digits != "" && strings.Trim(digits, "0123456789") == "" &&
		(digits == "0" || digits[0] != '0')
}

// Int returns a whole number; anything else is a fault.
func (n *Node) Int() (int, bool) { return n.IntIn(math.MinInt, math.MaxInt) }

// IntIn returns a whole number from low to high; anything else is a fault.
func (n *Node) IntIn(low, high int) (int, bool) {
	if n == nil {
		return 0, false
	}
	value, _ := n.Scalar()
	if i, ok := value.(int64); ok && i >= int64(low) && i <= int64(high) {
		return int(i), true
	}
	n.Mismatch("a whole number" + bounds(low, high))
	return 0, false
}

func bounds(low, high int) string {
	switch {
	case low == math.MinInt && high == math.MaxInt:
		return ""
	case high == math.MaxInt:
		return ", " + strconv.Itoa(low) + " or more"
	case low == math.MinInt:
		return ", " + strconv.Itoa(high) + " or less"
	}
	return " from " + strconv.Itoa(low) + " to " + strconv.Itoa(high)
}

// Float returns a number, whole or not; anything else is a fault.
func (n *Node) Float() (float64, bool) {
	if n == nil {
		return 0, false
	}
	value, ok := n.Scalar()
	switch value := value.(type) {
	case int64:
		return float64(value), ok
	case float64:
		if ok {
			return value, true
		}
	}
	n.Mismatch("a number")
	return 0, false
}

// Bool returns true or false; anything else, yes and on included, is a fault.
func (n *Node) Bool() (value, ok bool) {
	if n == nil {
		return false, false
	}
	scalar, _ := n.Scalar()
	if value, ok = scalar.(bool); !ok {
		n.Mismatch("true or false")
	}
	return value, ok
}

// Text returns text; a number or a truth value written without quotes is a fault.
func (n *Node) Text() (string, bool) {
	if n == nil {
		return "", false
	}
	scalar, _ := n.Scalar()
	text, ok := scalar.(string)
	if !ok {
		n.Mismatch("text")
	}
	return text, ok
}

// Word returns one of the words allowed; for another the nearest is named.
func (n *Node) Word(allowed ...string) (string, bool) {
	if n == nil {
		return "", false
	}
	scalar, _ := n.Scalar()
	text, ok := scalar.(string)
	for _, word := range allowed {
		if ok && word == text {
			return word, true
		}
	}
	expected := OneOf(allowed)
	if near := Nearest(text, allowed); ok && near != "" {
		expected += "; did you mean " + quote(near) + "?"
	}
	n.Mismatch(expected)
	return "", false
}

// Strings returns a list of text. A number or a truth value stands for itself as
// it is written, so that a command may be given as [rg, -j, 4].
func (n *Node) Strings() ([]string, bool) {
	if n == nil {
		return nil, false
	}
	if !n.IsSequence() {
		n.Mismatch("a list of texts")
		return nil, false
	}
	texts, ok := make([]string, 0, n.Len()), true
	for _, item := range n.Items() {
		if item.yaml.Kind != yaml.ScalarNode || item.IsNull() {
			item.Mismatch("text")
			ok = false
			continue
		}
		texts = append(texts, item.yaml.Value)
	}
	return texts, ok
}

// Duration returns a time span with its unit, as time.ParseDuration reads it;
// 0 needs none. Anything else, a bare number included, is a fault.
func (n *Node) Duration() (time.Duration, bool) {
	if n == nil {
		return 0, false
	}
	switch value, _ := n.Scalar(); value := value.(type) {
	case int64:
		if value == 0 {
			return 0, true
		}
	case string:
		if d, err := time.ParseDuration(value); err == nil {
			return d, true
		}
	}
	n.Mismatch("a duration such as 2ms or 90s")
	return 0, false
}

// Size returns a number of bytes, written bare or with a unit as ParseSize reads
// it; anything else is a fault.
func (n *Node) Size() (int64, bool) {
	if n == nil {
		return 0, false
	}
	switch value, _ := n.Scalar(); value := value.(type) {
	case int64:
		if value >= 0 {
			return value, true
		}
	case string:
		if bytes, ok := ParseSize(value); ok {
			return bytes, true
		}
	}
	n.Mismatch("a size such as 512MiB")
	return 0, false
}

// Time returns an instant as RFC 3339 writes it; anything else is a fault.
func (n *Node) Time() (time.Time, bool) {
	if n == nil {
		return time.Time{}, false
	}
	if n.yaml.Kind == yaml.ScalarNode {
		if t, err := time.Parse(time.RFC3339Nano, n.yaml.Value); err == nil {
			return t, true
		}
	}
	n.Mismatch("a date and time such as 2026-01-31T12:00:00Z")
	return time.Time{}, false
}
