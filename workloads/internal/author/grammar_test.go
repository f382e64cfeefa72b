package author

import (
	"strings"
	"testing"
)

func TestWrongGrammarsAreNamed(t *testing.T) {
	for name, row := range map[string]struct{ text, want string }{
		"a way without a rule":    {"\ta way\n", "line 1"},
		"an unknown name":         {"a\n\t«missing»\n", `"missing"`},
		"a rule that never ends":  {"a\n\tx«b»\nb\n\ty«a»\n", "never ends"},
		"an open mark":            {"a\n\tx«b\n", "« without »"},
		"a range the wrong way":   {"a\n\tx«a*4-2»\n", "want a range"},
		"a range that is no such": {"a\n\tx«a,many»\n", "want a range"},
	} {
		if _, err := parseGrammar(row.text); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want an error that says %q", name, err, row.want)
		}
	}
}
