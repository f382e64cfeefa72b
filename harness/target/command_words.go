package target

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// clipped quotes a text of a command's own for a message: short, on one line.
func clipped(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return strconv.Quote(strings.ToValidUTF8(text, "\uFFFD"))
}

// ending says how an output ends.
func ending(data []byte) string {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return "it is empty"
	}
	return "its last line is " + clipped(string(data[bytes.LastIndexByte(data, '\n')+1:]))
}

// kind says what a JSON value is.
func kind(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case string:
		return "text " + clipped(value)
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	default:
		return fmt.Sprint(value)
	}
}

// keysOf lists the keys of an object, the first ones at least.
func keysOf(object any) string {
	const most = 8
	all, ok := object.(map[string]any)
	if !ok || len(all) == 0 {
		return "none"
	}
	keys := slices.Sorted(maps.Keys(all))
	text := strings.Join(keys[:min(most, len(keys))], ", ")
	if more := len(keys) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return clipped(text)
}
