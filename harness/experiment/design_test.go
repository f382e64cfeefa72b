package experiment

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const designed = `name: n
scenarios: {corpus: [goroot]}
space: {memory.budget: [none, 64MiB, 1GiB], memory.gogc: [50, off]}
design: {fidelity: %}
`

func TestADesignMayAskForAShareOfTheCorpus(t *testing.T) {
	for share, want := range map[string]float64{"1": 1, "0.25": 0.25} {
		e, err := Parse("e.yaml", []byte(strings.Replace(designed, "%", share, 1)), 2)
		if err != nil || e.Design.Fidelity != want {
			t.Errorf("fidelity %s is read as %v, %v", share, e.Design.Fidelity, err)
		}
	}
	for _, share := range []string{"0", "-1", "1.5"} {
		_, err := Parse("e.yaml", []byte(strings.Replace(designed, "%", share, 1)), 2)
		if err == nil || !strings.Contains(err.Error(), "e.yaml:4:20: design.fidelity is "+share) {
			t.Errorf("fidelity %s is answered with %v", share, err)
		}
	}
}

func TestAListMayHoldAWordBesideNumbers(t *testing.T) {
	e, err := Parse("e.yaml", []byte(strings.Replace(designed, "%", "1", 1)), 2)
	if err != nil {
		t.Fatal(err)
	}
	configs, err := e.Configurations(func(partial map[string]any) (map[string]any, error) { return partial, nil })
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"memory.budget": "none", "memory.gogc": 50},
		{"memory.budget": "none", "memory.gogc": "off"},
		{"memory.budget": int64(64 << 20), "memory.gogc": 50},
		{"memory.budget": int64(64 << 20), "memory.gogc": "off"},
		{"memory.budget": int64(1 << 30), "memory.gogc": 50},
		{"memory.budget": int64(1 << 30), "memory.gogc": "off"},
	}
	if diff := cmp.Diff(want, configs); diff != "" {
		t.Errorf("grid (-want +got):\n%s", diff)
	}
}
