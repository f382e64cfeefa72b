package plant

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/limiter"
)

// slow is a rule with parameters of each kind.
type slow struct {
	Step  int
	Gain  float64
	Odd   uint8
	Words string
	moved int
}

func (s *slow) Next(w limiter.Window) limiter.Decision {
	s.moved++
	return limiter.Decision{Limit: w.Limit + s.Step}
}

func TestARuleGivesItsParametersAndNotItsMemory(t *testing.T) {
	to := &slow{Step: 1, Gain: 1, moved: 3}
	if err := adopt(to, &slow{Step: 2, Gain: 0.5, Odd: 7, Words: "x", moved: 9}); err != nil {
		t.Fatal(err)
	}
	if want := (slow{2, 0.5, 7, "x", 3}); *to != want {
		t.Errorf("adopted %+v, expected %+v", *to, want)
	}
	if err := adopt(to, &limiter.Static{}); err == nil || !strings.Contains(err.Error(), "rule is a *limiter.Static, expected a *plant.slow") {
		t.Errorf("error is %v", err)
	}
}

func TestParametersAreExportedNumbers(t *testing.T) {
	rule := &slow{Step: 3, Gain: 0.5, Odd: 4}
	var got []string
	for _, p := range parameters(rule) {
		got = append(got, p.name)
		if !p.scale(2) {
			t.Errorf("%s doubled is what it was", p.name)
		}
	}
	if diff := cmp.Diff([]string{"Step", "Gain", "Odd"}, got); diff != "" {
		t.Error(diff)
	}
	if want := (slow{Step: 6, Gain: 1, Odd: 8}); *rule != want {
		t.Errorf("doubled to %+v, expected %+v", *rule, want)
	}
	if p := parameters(&slow{Step: 1})[0]; p.scale(0.5) {
		t.Error("half of 1 is a whole number other than 1")
	}
}

func TestEachAlgorithmCanBeVaried(t *testing.T) {
	for _, a := range limiter.Algorithms() {
		t.Run(a.Name, func(t *testing.T) {
			varied := Vary(a.Name)
			var names []string
			for _, c := range varied {
				names = append(names, c.Name)
			}
			if diff := cmp.Diff([]string{a.Name, a.Name + " from 1", a.Name + " from 5", a.Name + " from 20", a.Name + " from 100"}, names[:5]); diff != "" {
				t.Error(diff)
			}
			if most := 5 + 2*len(parameters(a.New(a.Bounds))); len(names) > most {
				t.Errorf("%d variants, expected %d at most: %s", len(names), most, strings.Join(names, ", "))
			}
			for _, c := range varied {
				if _, err := c.New(1, &virtual{}, func() limiter.Signals { return limiter.Signals{} }); err != nil {
					t.Errorf("%s: %v", c.Name, err)
				}
			}
		})
	}
}

func TestOursStartWhereTheyAreTold(t *testing.T) {
	for _, row := range []struct {
		bounds limiter.Bounds
		want   int
		err    string
	}{
		{bounds: limiter.Bounds{}, want: 16},
		{bounds: limiter.Bounds{Initial: 8}, want: 8},
		{bounds: limiter.Bounds{Initial: -1}, err: "make limiter static: "},
		{bounds: limiter.Bounds{Initial: 8, Min: 9, Max: 4}, err: "make limiter static: "},
	} {
		gate, err := Ours("static", row.bounds, nil).New(1, &virtual{}, nil)
		if row.err != "" {
			if err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("%+v: error is %v, expected %q", row.bounds, err, row.err)
			}
			continue
		}
		if err != nil || gate.Limit() != row.want {
			t.Errorf("%+v: limit is %v (%v), expected %d", row.bounds, gate, err, row.want)
		}
	}
	if _, err := Ours("bdq", limiter.Bounds{}, nil).New(1, nil, nil); err == nil || !strings.Contains(err.Error(), `unknown algorithm "bdq"; use one of static`) {
		t.Errorf("error is %v", err)
	}
	if _, err := StaticLimit(0).New(1, nil, nil); err == nil || err.Error() != "static limit is 0; use 1 or more" {
		t.Errorf("error is %v", err)
	}
}
