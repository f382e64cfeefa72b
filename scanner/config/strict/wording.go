package strict

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// found says what a node holds, shortly and on one line.
func (n *Node) found() string {
	switch n.yaml.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch tag := n.yaml.ShortTag(); tag {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "number " + clip(n.yaml.Value)
	case "!!bool":
		return clip(n.yaml.Value)
	case "!!str", "!!timestamp":
		return "text " + quote(n.yaml.Value)
	default:
		return "a value tagged " + quote(tag)
	}
}

// OneOf writes words as prose: "walk, largest-first or smallest-first".
func OneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func quote(text string) string { return strconv.Quote(clip(text)) }

// clip keeps a message readable whatever a file holds.
func clip(text string) string {
	const most = 60 // longer than any knob, short enough for one line
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
