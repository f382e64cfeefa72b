package analyze

import (
	"errors"
	"strings"
	"testing"
)

func TestAFileOfNothingButFindingsFails(t *testing.T) {
	w := worker(t, builtin(t))
	few, err := w.Analyze("a.js", []byte(strings.Repeat("eval(x);\n", 1000)))
	if err != nil || len(few.Findings) != 1000 {
		t.Fatalf("%d findings, %v", len(few.Findings), err)
	}
	if _, err := w.Analyze("b.js", []byte(strings.Repeat("eval(x);\n", mostFindings+1))); !errors.Is(err, ErrTooMany) {
		t.Errorf("the error is %v, want %v", err, ErrTooMany)
	}
	if again, err := w.Analyze("a.js", []byte("eval(x)")); err != nil || len(again.Findings) != 1 {
		t.Errorf("afterwards %d findings, %v", len(again.Findings), err)
	}
}
