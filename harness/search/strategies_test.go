package search

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/harness/space"
)

// land is a space with what is measured in it.
type land struct {
	name    string
	options Options
	launch  func(rng *rand.Rand, c record.Flat) Result // value, slack and failure of one trial
	lost    float64                                    // share of the trials that are never told
	ungrid  bool                                       // a grid of it is refused
}

func knob(name string, least, most float64) space.Param {
	return space.Param{Name: name, Type: space.Int, Scale: space.Log2, Min: least, Max: most}
}

// peak is highest in the middle of each knob's scale.
func peak(c record.Flat) float64 {
	sum := 0.0
	for _, name := range []string{"a", "b", "c"} {
		if v, ok := c.Float(name); ok {
			sum -= math.Pow(math.Log2(v)-3, 2) / 20
		}
	}
	return sum
}

func plain(_ *rand.Rand, c record.Flat) Result { return Result{Value: peak(c)} }

func noisy(deviation float64) func(*rand.Rand, record.Flat) Result {
	return func(rng *rand.Rand, c record.Flat) Result {
		return Result{Value: peak(c) + deviation*rng.NormFloat64()}
	}
}

func lands() []land {
	three := Options{Space: space.Space{knob("a", 1, 64), knob("b", 1, 64), knob("c", 1, 64)}, Reference: record.Flat{"a": 1, "b": 1, "c": 1, "other": "x"}}
	mixed := three
	mixed.Space = append(space.Space{knob("a", 1, 16), knob("b", 1, 16)},
		space.Param{Name: "word", Type: space.Choice, Values: []any{"x", "y", "z"}}, space.Param{Name: "pin", Type: space.Bool},
		space.Param{Name: "rare", Type: space.Choice, Values: []any{"none", "some"}, Rare: true})
	mixed.Reference = record.Flat{"a": 1, "b": 1, "word": "x", "pin": false, "rare": "none"}
	mixed.Starters = []Candidate{{"guess", record.Flat{"a": 8, "b": 16, "word": "y", "pin": true, "rare": "none"}}, {"outside", record.Flat{"a": 900, "b": 1, "word": "x", "pin": true, "rare": "none"}}}
	two := Options{Space: space.Space{{Name: "pin", Type: space.Bool}}, Reference: record.Flat{"pin": false}}
	vast := Options{Space: space.Space{knob("a", 1, 1000), knob("b", 1, 1000), knob("c", 1, 1000)}, Reference: record.Flat{"a": 4, "b": 4, "c": 4}}
	odd := three
	odd.Valid = func(c record.Flat) bool { return c["a"].(int)%2 == 1 }
	small := Options{Space: space.Space{knob("a", 1, 6)}, Reference: record.Flat{"a": 1}}
	return []land{
		{name: "three knobs", options: three, launch: plain, ungrid: true},
		{name: "mixed knobs and starters", options: mixed, launch: noisy(.03)},
		{name: "two points", options: two, launch: plain},
		{name: "six points", options: small, launch: noisy(.1)},
		{name: "a thousand million points", options: vast, launch: plain, ungrid: true},
		{name: "half cannot run", options: odd, launch: plain, ungrid: true},
		{name: "half noise", options: mixed, launch: noisy(.5)},
		{name: "all equal", options: mixed, launch: func(*rand.Rand, record.Flat) Result { return Result{Value: 3} }},
		{name: "a third not told", options: mixed, launch: noisy(.1), lost: 1.0 / 3},
		{name: "nothing told", options: mixed, launch: plain, lost: 1},
		{name: "the best fail", options: mixed, launch: func(_ *rand.Rand, c record.Flat) Result {
			return Result{Value: 9, Failed: c["a"] != 1}
		}},
		{name: "a third fails by chance", options: mixed, launch: func(rng *rand.Rand, c record.Flat) Result {
			return Result{Value: peak(c), Failed: rng.IntN(3) == 0}
		}},
		{name: "all fail", options: mixed, launch: func(*rand.Rand, record.Flat) Result { return Result{Failed: true} }},
		{name: "no numbers", options: mixed, launch: func(rng *rand.Rand, c record.Flat) Result {
			return Result{Value: []float64{math.NaN(), math.Inf(1), math.Inf(-1), peak(c)}[rng.IntN(4)]}
		}},
		{name: "only the reference runs", options: mixed, launch: func(_ *rand.Rand, c record.Flat) Result {
			return Result{Failed: c.String() != mixed.Reference.String()}
		}},
		{name: "the reference fails", options: mixed, launch: func(_ *rand.Rand, c record.Flat) Result {
			return Result{Value: peak(c), Failed: c.String() == mixed.Reference.String()}
		}},
		{name: "the fast break a requirement", options: mixed, launch: func(rng *rand.Rand, c record.Flat) Result {
			a, _ := c.Float("a")
			return Result{Value: a, Slack: []float64{math.Log(4/a) + .02*rng.NormFloat64(), 1}}
		}},
	}
}

// walk runs a search to its end, holding each answer against what every strategy
// promises. It returns the standings after each step.
func (l land) walk(t *testing.T, s Strategy, left int) [][]Standing {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 7))
	configs, broken := map[string]string{}, map[string]bool{}
	reference := l.options.Reference.String()
	var history [][]Standing
	for block, steps := 0, 0; ; steps++ {
		asked := s.Ask(left)
		if !reflect.DeepEqual(asked, s.Ask(left)) {
			t.Fatal("asking twice gives two answers")
		}
		if asked == nil {
			break
		}
		if len(asked) == 0 || steps > 1000 {
			t.Fatalf("step %d: an answer of %d blocks, neither nil nor work", steps, len(asked))
		}
		var results []Result
		for _, arms := range asked {
			if len(arms) == 0 || len(arms) > BlockArms {
				t.Fatalf("a block of %d", len(arms))
			}
			block++
			left -= len(arms) + 1
			offset := rng.NormFloat64()
			seen := map[string]bool{reference: true}
			for _, c := range append([]Candidate{{ReferenceID, l.options.Reference}}, arms...) {
				key := c.Config.String()
				if c.ID != ReferenceID {
					if seen[key] || configs[c.ID] != "" && configs[c.ID] != key {
						t.Fatalf("%s (%s) is twice in a block, is the reference, or had another configuration", c.ID, key)
					}
					seen[key], configs[c.ID] = true, key
				}
				r := l.launch(rng, c.Config)
				r.ID, r.Config, r.Block = c.ID, c.Config, block
				r.Value += offset
				if rng.Float64() >= l.lost {
					results = append(results, r)
					broken[c.ID] = broken[c.ID] || r.Failed || math.IsNaN(r.Value) || math.IsInf(r.Value, 0)
				}
			}
		}
		if left < 0 {
			t.Fatalf("%d launches more than there were", -left)
		}
		s.Tell(results)
		history = append(history, s.Standings())
		l.check(t, history[len(history)-1], broken)
	}
	if s.Ask(left) != nil {
		t.Error("an ended search goes on")
	}
	s.Tell(nil)
	return history
}

func (l land) check(t *testing.T, standings []Standing, broken map[string]bool) {
	t.Helper()
	names, behind := map[string]bool{}, ""
	for i, s := range standings {
		if names[s.ID] || s.ID == ReferenceID || s.Trials < 1 || math.IsNaN(s.Gain) || math.IsInf(s.Gain, 0) || !(s.Deviation >= 0) || !(s.Feasible >= 0 && s.Feasible <= 1) {
			t.Fatalf("standing %d: %+v", i, s)
		}
		names[s.ID] = true
		if broken[s.ID] || s.Feasible < 0.5 {
			behind = s.ID
		} else if behind != "" {
			t.Fatalf("%s failed or breaks a requirement, and stands before %s", behind, s.ID)
		}
	}
}

func TestEveryStrategyKeepsItsPromises(t *testing.T) {
	for _, spec := range Strategies() {
		for _, l := range lands() {
			for _, left := range []int{0, 1, 2, 3, 7, 30, 64, 100} {
				t.Run(fmt.Sprintf("%s/%s/%d", spec.Name, l.name, left), func(t *testing.T) {
					if l.ungrid && spec.Name == "grid" {
						if _, err := spec.New(l.options); err == nil || !strings.Contains(err.Error(), "more than 65536") {
							t.Errorf("error %v, want one that says how many are too many", err)
						}
						return
					}
					walk := func() [][]Standing {
						o := l.options
						o.Seed = 3
						s, err := spec.New(o)
						if err != nil {
							t.Fatal(err)
						}
						return l.walk(t, s, left)
					}
					history := walk()
					if left < 2 && len(history) > 0 || left >= 2 && len(history) == 0 {
						t.Errorf("%d steps", len(history))
					}
					if left != 7 && left != 64 {
						return // a second walk is for one short and one long search
					}
					if again := walk(); !reflect.DeepEqual(history, again) {
						t.Errorf("equal seeds differ:\n%s", cmp.Diff(history, again))
					}
				})
			}
		}
	}
}

func TestOtherSeedsSearchElsewhere(t *testing.T) {
	for _, spec := range Strategies() {
		var first [2][][]Candidate
		for i := range first {
			o := lands()[1].options
			o.Starters, o.Seed = nil, uint64(i)
			s, err := spec.New(o)
			if err != nil {
				t.Fatal(err)
			}
			first[i] = s.Ask(60)
		}
		if cmp.Equal(first[0], first[1]) {
			t.Errorf("%s: seeds 0 and 1 begin alike", spec.Name)
		}
	}
}

// Guided is excepted: trials are trials, and a search for a front has several
// strategies learn of one another.
func TestWhatWasNotAskedForIsNotHeard(t *testing.T) {
	for _, spec := range Strategies() {
		if spec.Name == Default {
			continue
		}
		s, err := spec.New(lands()[1].options)
		if err != nil {
			t.Fatal(err)
		}
		s.Tell([]Result{{ID: "stranger", Config: record.Flat{"a": 2}, Value: 99}, {ID: ReferenceID, Value: 1}})
		if got := s.Standings(); len(got) != 0 {
			t.Errorf("%s: %v stands before anything was asked", spec.Name, got)
		}
	}
}

func TestASpaceOfTheReferenceAloneIsRefused(t *testing.T) {
	for _, spec := range Strategies() {
		if s, err := spec.New(Options{Space: space.Space{knob("a", 4, 4)}, Reference: record.Flat{"a": 4}}); err == nil || s != nil {
			t.Errorf("%s: strategy %v, error %v; want an error and nothing else", spec.Name, s, err)
		}
		s, err := spec.New(Options{Space: space.Space{knob("a", 4, 4)}, Reference: record.Flat{"a": 5}})
		if err != nil {
			t.Fatalf("%s: one point beside the reference: %v", spec.Name, err)
		}
		if got := s.Ask(10); len(got) != 1 || len(got[0]) != 1 || got[0][0].Config["a"] != 4 {
			t.Errorf("%s asks %v, want the only point", spec.Name, got)
		}
		o := lands()[1].options
		o.Starters = []Candidate{{ReferenceID, record.Flat{"a": 2}}}
		if _, err := spec.New(o); err == nil {
			t.Errorf("%s: a starter passes for the reference", spec.Name)
		}
	}
}

func TestUnknownStrategiesNameTheNearest(t *testing.T) {
	for _, s := range Strategies() {
		if got, err := New(s.Name, lands()[1].options); err != nil || got == nil || s.About == "" {
			t.Errorf("%s (%q): %v", s.Name, s.About, err)
		}
	}
	for name, want := range map[string]string{"halvin": `did you mean "halving"?`, "annealing": "use one of guided, halving, race, sobol, random, grid"} {
		if _, err := New(name, lands()[1].options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
}

func TestAGridIsMeasuredInRounds(t *testing.T) {
	l := lands()[1]
	g, err := NewGrid(Options{Space: space.Space{knob("a", 1, 4), {Name: "pin", Type: space.Bool}}, Reference: record.Flat{"a": 2, "pin": true}, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	l.options.Reference = record.Flat{"a": 2, "pin": true}
	history := l.walk(t, g, 3*(7+2)) // seven cells in two blocks, three times
	counts := map[int]int{}
	for _, s := range history[len(history)-1] {
		counts[s.Trials]++
	}
	if !maps.Equal(counts, map[int]int{3: 7}) {
		t.Errorf("trials of cells: %v, want three of each of seven", counts)
	}
}
