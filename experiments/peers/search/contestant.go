package main

import (
	"runtime/debug"
	"slices"
	"strings"

	"sluice/harness/search"
)

// contestant is a search as its users run it.
type contestant struct {
	name, about string
	sampler     string              // of Optuna's, which need its process; empty for others
	unseeded    bool                // whether its seed does not settle all its draws
	fits        func(problem) error // why it cannot search a problem; nil: it can search all
	run         func(c *course, o *optuna) error
}

// contestants lists all, ours first.
func contestants() []contestant {
	var all []contestant
	for _, s := range search.Strategies() {
		all = append(all, contestant{
			name: "sluice-" + s.Name, about: s.About,
			fits: func(p problem) error {
				_, err := s.New(search.Options{Space: p.Space(), Reference: p.Reference(), Valid: p.Holds})
				return err
			},
			run: func(c *course, _ *optuna) error { return strategySearch(c, s.New) },
		})
	}
	all = append(all,
		study("optuna-tpe", "tree-structured Parzen estimators, as they come", "tpe", false),
		study("optuna-tpe-multivariate", "the same with multivariate=True", "tpe-multivariate", false),
		study("optuna-cma-es", "CMA-ES; choices by chance", "cma-es", false),
		study("optuna-nsga-ii", "genetic, population 50", "nsga-ii", false),
		study("optuna-qmc", "scrambled Sobol; choices as indices", "qmc", true),
		study("optuna-random", "chance", "random", false),
		raced("optuna-tpe-race", "TPE for four fifths, then the best raced on fresh launches", "tpe"),
		raced("optuna-tpe-multivariate-race", "multivariate TPE, then the same race", "tpe-multivariate"),
		contestant{name: "goptuna-tpe", about: "TPE in Go", unseeded: true, run: func(c *course, _ *optuna) error { return goptunaTPE(c) }},
		contestant{name: "goptuna-random", about: "chance in Go", unseeded: true, run: func(c *course, _ *optuna) error { return goptunaRandom(c) }},
	)
	return all
}

func study(name, about, sampler string, indices bool) contestant {
	return contestant{name: name, about: about, sampler: sampler, run: func(c *course, o *optuna) error {
		_, err := o.study(c, sampler, indices, c.launches)
		return err
	}}
}

func raced(name, about, sampler string) contestant {
	return contestant{name: name, about: about, sampler: sampler, run: func(c *course, o *optuna) error {
		trials, err := o.study(c, sampler, false, c.launches-c.launches/raceShare)
		if err != nil {
			return err
		}
		return race(c, trials)
	}}
}

// absent is a contestant that does not take part.
type absent struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// present parts the contestants by whether what they need is installed.
func present(all []contestant, python string, g greeting, missing string) (here []contestant, gone []absent) {
	for _, c := range all {
		switch module, lacks := g.Lacking[c.sampler]; {
		case c.sampler == "":
			here = append(here, c)
		case python == "":
			gone = append(gone, absent{c.name, missing + "; " + optunaRemedy})
		case lacks:
			gone = append(gone, absent{c.name, "no " + module + "; " + optunaRemedy})
		default:
			here = append(here, c)
		}
	}
	return here, gone
}

// selected keeps the contestants whose name begins with one of the words.
func selected(all []contestant, words string) []contestant {
	return slices.DeleteFunc(slices.Clone(all), func(c contestant) bool {
		return !slices.ContainsFunc(strings.Split(words, ","), func(w string) bool { return strings.HasPrefix(c.name, w) })
	})
}

// goptunaVersion is the one that was built in.
func goptunaVersion() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return "goptuna"
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/c-bata/goptuna" {
			return "goptuna " + m.Version
		}
	}
	return "goptuna"
}
