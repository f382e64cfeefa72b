package cli

import (
	"maps"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/space"
	"sluice/scanner/config"
)

// starters are what a careful person would try first, the most promising first:
// three guesses of ours, then the presets. They are most of what a short search
// looks at.
func starters(base config.Config, cores int) ([]search.Candidate, error) {
	var known []search.Candidate
	for _, guess := range guesses(cores) {
		flat, err := completed(base, guess.Config, cores)
		if err != nil {
			return nil, err
		}
		known = append(known, search.Candidate{ID: guess.ID, Config: flat})
	}
	for _, name := range []string{"default", "go-idiom", "naive", "batched", "partition-20", "partition-25"} {
		a, err := arm(name, cores)
		if err != nil {
			return nil, err
		}
		known = append(known, search.Candidate{ID: name, Config: a.Config})
	}
	return known, nil
}

// inside moves starters into a space: each gets the reference's values of all other
// knobs, and the nearest value of those in it. What comes to the same is left to the
// search to find out.
func inside(known []search.Candidate, params space.Space, reference record.Flat) []search.Candidate {
	var moved []search.Candidate
	for _, c := range known {
		config, clamped := maps.Clone(reference), params.Clamp(c.Config)
		for _, p := range params {
			if value, ok := clamped[p.Name]; ok {
				config[p.Name] = value
			}
		}
		moved = append(moved, search.Candidate{ID: c.ID, Config: config})
	}
	return moved
}

// guesses are three corners of the space. Deep reads far ahead of the analysers,
// which slow storage wants; it is calibration's idea of what is fast. Prompt
// reads as widely and lets nothing queue. Lean is one semaphore of one permit a
// core: nothing waits, and no file is handed over.
func guesses(cores int) []search.Candidate {
	return []search.Candidate{
		{ID: "deep", Config: record.Flat{"io.workers": 64, "cpu.workers": cores, "cpu.scheduler": "queue", "channel.buffer": 1000, "channel.batch": 1}},
		{ID: "lean", Config: record.Flat{"io.workers": cores, "cpu.workers": cores, "cpu.scheduler": "per-file"}},
		{ID: "prompt", Config: record.Flat{"io.workers": 64, "cpu.workers": cores, "cpu.scheduler": "queue", "channel.buffer": 1, "channel.batch": 1}},
	}
}
