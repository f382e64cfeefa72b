package author

import (
	"fmt"
	"strings"
)

// Made-up secrets have the form of real ones, so that the rules fire, and say
// what they are: each carries the mark. They are put together here and nowhere
// else, so that no whole one stands in this repository.
const badge = "sluiceplant"

// The alphabets leave out vowels, x, 0 and 1, so that no word such as "fake" or
// "xxxx", by which scanners know a stand-in, turns up by chance.
const (
	upper  = "BCDFGHJKLMNPQRSTVWZ"
	Lower  = "bcdfghjklmnpqrstvwz"
	digits = "23456789"
	mixed  = upper + Lower + digits
)

// marked is the mark and as many letters as make n bytes.
func (d *Dice) marked(n int) string { return badge + d.Letters(mixed, n-len(badge)) }

// Secret makes a secret of one kind. The forms are those that the issuers
// document.
func (d *Dice) Secret(kind string) (string, error) {
	switch kind {
	case "aws":
		return "AK" + "IA" + strings.ToUpper(badge) + d.Letters(upper, 5), nil
	case "github":
		return "ghp" + "_" + d.marked(36), nil
	case "gitlab":
		return "glpat" + "-" + d.marked(24), nil
	case "slack":
		return strings.Join([]string{"xoxb", d.Letters(digits, 12), d.Letters(digits, 12), d.marked(24)}, "-"), nil
	case "stripe":
		return strings.Join([]string{"sk", "live", d.marked(32)}, "_"), nil
	case "google":
		return "AI" + "za" + d.marked(35), nil
	case "npm":
		return "npm" + "_" + d.marked(36), nil
	case "jwt":
		return strings.Join([]string{"ey" + "J" + d.marked(24), "ey" + "J" + d.marked(40), d.marked(43)}, "."), nil
	case "generic":
		return d.marked(32) + "7", nil // a digit for certain
	default:
		return "", fmt.Errorf("no secret of kind %q can be made", kind)
	}
}

// KeyLines is the body of a private key: lines of 64 letters.
func (d *Dice) KeyLines() []string {
	lines := make([]string, 4+d.Pick(8))
	for i := range lines {
		lines[i] = d.marked(64)
	}
	return lines
}

// mustSecret is Secret for the kinds that the embedded grammars name.
func (d *Dice) mustSecret(kind string) string {
	secret, err := d.Secret(kind)
	if err != nil {
		panic("grammar: " + err.Error())
	}
	return secret
}
