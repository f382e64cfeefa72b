package search

import (
	"fmt"
	"strings"

	"sluice/harness/unit"
)

// Spec is a strategy that can be chosen by name.
type Spec struct {
	Name  string
	About string // one line
	New   func(Options) (Strategy, error)
}

// Default is the strategy that is used unless another is asked for.
const Default = "guided"

// Strategies lists all strategies, the ones that learn first.
func Strategies() []Spec {
	return []Spec{
		{Default, "a surrogate that knows noise says what may improve on the best; contenders alone at the end", made(NewGuided)},
		{"halving", "many once, the best again, and what lies near them", made(NewHalving)},
		{"race", "iterated racing: what a test tells apart is dropped, newcomers are drawn around the rest", made(NewRace)},
		{"sobol", "an even spread over the space, each point once", made(NewSobol)},
		{"random", "seeded random draws, each once", made(NewRandom)},
		{"grid", "every configuration in random order, over and over; up to 65,536", made(NewGrid)},
	}
}

// made turns a constructor of one kind of strategy into one of any.
func made[S Strategy](construct func(Options) (S, error)) func(Options) (Strategy, error) {
	return func(o Options) (Strategy, error) {
		s, err := construct(o)
		if err != nil {
			return nil, err // not a nil S, which would not be a nil Strategy
		}
		return s, nil
	}
}

// New opens the strategy of that name. For an unknown name the error says which
// one is nearest, and lists all.
func New(name string, o Options) (Strategy, error) {
	var names []string
	for _, s := range Strategies() {
		if s.Name == name {
			return s.New(o)
		}
		names = append(names, s.Name)
	}
	hint := ""
	if near := unit.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return nil, fmt.Errorf("unknown search strategy %q%s; use one of %s", name, hint, strings.Join(names, ", "))
}
