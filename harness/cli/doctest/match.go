package doctest

import (
	"fmt"
	"strings"
)

// ellipsis stands for what the manual leaves out.
const ellipsis = "..."

// Match reports whether got, the output of a command, is what the block
// promises. Blanks at the ends of lines and empty lines at the end do not
// count. The error names the first promised line that was not met and shows
// what stood in its place.
func (b Block) Match(got string) error {
	want, have := outputLines(b.Output), outputLines(got)
	met := 0 // most promised lines met by any reading of the ellipses
	if matchLines(want, have, &met) {
		return nil
	}
	promised := "the end of the output"
	if met < len(want) {
		promised = fmt.Sprintf("%q", want[met])
	}
	return fmt.Errorf("line %d: %s: output lacks %s in its place; it printed\n%s", b.Line, b.Command, promised, got)
}

func outputLines(s string) []string {
	s = strings.TrimRight(s, " \t\r\n")
	if s == "" {
		return nil
	}
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return lines
}

// matchLines matches have against want, where a line of want that is only an
// ellipsis takes any number of lines. As with any glob the last ellipsis alone
// needs to be retried, so the cost is at most the product of the lengths.
func matchLines(want, have []string, met *int) bool {
	w, h := 0, 0
	retryW, retryH := -1, 0
	for {
		*met = max(*met, w)
		switch {
		case w < len(want) && strings.TrimSpace(want[w]) == ellipsis:
			w++
			retryW, retryH = w, h
		case w == len(want) && h == len(have):
			return true
		case w < len(want) && h < len(have) && matchLine(want[w], have[h]):
			w++
			h++
		case retryW >= 0 && retryH < len(have):
			retryH++
			w, h = retryW, retryH
		default:
			return false
		}
	}
}

// matchLine matches one line, where an ellipsis takes any characters. A line
// that prints the three dots itself matches too.
func matchLine(want, have string) bool {
	parts := strings.Split(want, ellipsis)
	if len(parts) == 1 {
		return want == have
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(have, first) || !strings.HasSuffix(have[len(first):], last) {
		return false
	}
	have = have[len(first) : len(have)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(have, part)
		if !found {
			return false
		}
		have = after
	}
	return true
}
