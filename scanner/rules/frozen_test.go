package rules

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A frozen pack that changes makes every earlier measurement incomparable. Add a
// new one under a new name instead.
func TestFrozenRulesNeverChange(t *testing.T) {
	want := map[string]struct {
		digest string
		rules  int
	}{
		"go-12": {"6b17fab48368651179c1aec446f5aa03f0f0fe5f2bcc65a4ad20032090131dac", 12},
	}
	for _, name := range FrozenNames() {
		data, err := frozen.ReadFile("frozen/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != want[name].digest {
			t.Errorf("%s has the digest %s, want %s: never change it, add another", name, got, want[name].digest)
		}
		pack, err := Frozen(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(pack.Rules()); got != want[name].rules {
			t.Errorf("%s has %d rules, want %d", name, got, want[name].rules)
		}
	}
	if got := FrozenNames(); !slices.Contains(got, "go-12") || len(got) != len(want) {
		t.Errorf("the frozen packs are %v, want those of the table", got)
	}
}

func TestAFrozenPackUnlikeAnyIsAnsweredWithTheList(t *testing.T) {
	_, err := Frozen("")
	if err == nil || !strings.Contains(err.Error(), "there are: go-12") {
		t.Errorf("the error is %v", err)
	}
}

func TestAnUnknownFrozenPackNamesTheNearest(t *testing.T) {
	for _, name := range []string{"go12", "go-13", "Go-12"} {
		_, err := Frozen(name)
		if err == nil || !strings.Contains(err.Error(), "did you mean go-12?") {
			t.Errorf("error for %q is %v, want one that proposes go-12", name, err)
		}
	}
}
