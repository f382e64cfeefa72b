package analyze

import (
	"regexp/syntax"
	"strings"
)

// requiredTexts returns texts in lower case of which at least one occurs, ASCII
// case ignored, in whatever the regular expression matches; none if it does not
// ask for any. A text with a letter beyond ASCII may match without them.
func requiredTexts(form string) []string {
	parsed, err := syntax.Parse(form, syntax.Perl)
	if err != nil {
		return nil
	}
	return requiredOf(parsed.Simplify())
}

func requiredOf(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		text := strings.ToLower(string(re.Rune))
		if strings.ContainsFunc(string(re.Rune), func(c rune) bool { return c >= 0x80 }) {
			return nil
		}
		return []string{text}
	case syntax.OpCapture, syntax.OpPlus:
		return requiredOf(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return requiredOf(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if texts := requiredOf(sub); shortest(texts) > shortest(best) {
				best = texts
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			texts := requiredOf(sub)
			if len(texts) == 0 {
				return nil
			}
			all = append(all, texts...)
		}
		return all
	}
	return nil
}

// shortest is the length of the shortest text: the longer, the rarer.
func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	least := len(texts[0])
	for _, t := range texts {
		least = min(least, len(t))
	}
	return least
}
