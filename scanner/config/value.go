package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/scanner/config/strict"
)

// get reads the knob's field.
func (k knob) get(c Config) any {
	switch field := k.field(&c).(type) {
	case *string:
		return *field
	case *int:
		return int64(*field)
	case *int64:
		return *field
	case *time.Duration:
		return *field
	}
	panic("config: knob " + k.Name + " has a field of no known type")
}

// put writes the knob's field; the value has the knob's type.
func (k knob) put(c *Config, value any) {
	switch field := k.field(c).(type) {
	case *string:
		*field = value.(string)
	case *int:
		*field = int(value.(int64))
	case *int64:
		*field = value.(int64)
	case *time.Duration:
		*field = value.(time.Duration)
	}
}

// parse turns a scalar of the file into a value of the knob's type. It does not
// look at the range.
func (k knob) parse(scalar any) (value any, ok bool) {
	if k.word != "" && scalar == k.word {
		return k.instead, true
	}
	value, ok = k.typed(scalar)
	return value, ok && !(k.worded && value == k.instead)
}

// typed is parse without words that stand for numbers.
func (k knob) typed(scalar any) (value any, ok bool) {
	text, isText := scalar.(string)
	whole, isWhole := scalar.(int64)
	switch k.Type {
	case TypeChoice:
		return text, isText
	case TypeInt:
		return whole, isWhole
	case TypeSize:
		if isText {
			whole, isWhole = strict.ParseSize(text)
		}
		return whole, isWhole
	case TypeDuration:
		if isText {
			d, err := time.ParseDuration(text)
			return d, err == nil
		}
		return time.Duration(0), isWhole && whole == 0
	}
	return nil, false
}

// check says what is wrong with a value of the knob's type, or "".
func (k knob) check(value any) string {
	if k.neutral != nil {
		if value == k.neutral {
			return ""
		}
		return k.Name + " is not built yet; use " + k.text(k.neutral)
	}
	if k.word != "" && value == k.instead {
		return ""
	}
	if word, ok := value.(string); ok {
		return k.checkWord(word)
	}
	if flat := k.number(value); flat < k.Min || flat > k.Max {
		return fmt.Sprintf("%s: found %s, expected %s", k.Name, k.text(value), k.expected())
	}
	return ""
}

func (k knob) checkWord(word string) string {
	if slices.Contains(k.Values, word) && word != k.word {
		return ""
	}
	if why, ok := k.refused[word]; ok {
		return fmt.Sprintf("%s: %s %s; use %s", k.Name, word, why, k.expected())
	}
	message := fmt.Sprintf("%s: found %q, expected %s", k.Name, word, k.expected())
	if near := Nearest(word, k.Values); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	return message
}

// number is a value in flat units: seconds, bytes or a count.
func (k knob) number(value any) float64 {
	switch value := value.(type) {
	case int64:
		return float64(value)
	case time.Duration:
		return value.Seconds()
	}
	return math.NaN()
}

// expected says what the knob takes, to complete "expected …".
func (k knob) expected() string {
	var expected string
	switch k.Type {
	case TypeChoice:
		return strict.OneOf(k.Values)
	case TypeInt:
		expected = fmt.Sprintf("a whole number from %.0f to %.0f", k.Min, k.Max)
	case TypeSize:
		expected = fmt.Sprintf("a size of %s or more such as %s", strict.FormatSize(int64(k.Min)), k.example)
	case TypeDuration:
		expected = fmt.Sprintf("a duration from 0s to %v such as %s", seconds(k.Max), k.example)
	}
	if k.word != "" {
		expected += ", or " + k.word
	}
	return expected
}

// text writes a value as the file does.
func (k knob) text(value any) string {
	if k.word != "" && value == k.instead {
		return k.word
	}
	switch value := value.(type) {
	case int64:
		if k.Type == TypeSize && value > 0 {
			return strict.FormatSize(value)
		}
		return strconv.FormatInt(value, 10)
	case time.Duration:
		return value.String()
	}
	return fmt.Sprint(value)
}

// flat is a value in flat form: words as string, counts as int, sizes as int64
// bytes, durations as float64 seconds.
func (k knob) flat(value any) any {
	if k.word != "" && value == k.instead {
		return k.word
	}
	switch value := value.(type) {
	case time.Duration:
		return value.Seconds()
	case int64:
		if k.Type == TypeInt {
			return int(value)
		}
	}
	return value
}

// unflatten is the way back from flat form. Numbers may come as any of Go's usual
// types, or as text, since they may have been through JSON or a table.
func (k knob) unflatten(flat any) (value any, ok bool) {
	switch number := flat.(type) {
	case int:
		flat = int64(number)
	case string:
		if whole, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64); err == nil && k.Type != TypeChoice {
			flat = whole
		}
	}
	if k.Type == TypeDuration {
		switch number := flat.(type) {
		case int64:
			flat = float64(number)
		}
		if number, isFloat := flat.(float64); isFloat {
			return seconds(number), math.Abs(number) < time.Duration(math.MaxInt64).Seconds()
		}
	}
	if number, isFloat := flat.(float64); isFloat && number == math.Trunc(number) && math.Abs(number) < 1<<53 {
		flat = int64(number)
	}
	return k.parse(flat)
}

// seconds rounds to the nanosecond, so that a duration survives its flat form.
func seconds(s float64) time.Duration {
	return time.Duration(math.Round(s * float64(time.Second)))
}
