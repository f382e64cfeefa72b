package cli

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/space"
	"sluice/harness/tuner"
	"sluice/harness/unit"
)

// targetJobs makes the one job of tuning a command. Its reference is the file's
// defaults; a sluice.yaml nearby is the scanner's and is not looked at.
func (f *tuneFlags) targetJobs(cmd *cobra.Command, s *streams, args []string, p parsed) ([]tuneJob, record.Run, error) {
	var run record.Run
	if err := f.errNoScanFlags(cmd); err != nil {
		return nil, run, err
	}
	if f.space != "" {
		return nil, run, usagef("--space is for the scanner; the knobs of %s stand in its own definition", f.def.Name)
	}
	c, err := f.targetCorpus(cmd.Context(), s, args)
	if err != nil {
		return nil, run, err
	}
	reference, err := f.assigned(f.reference)
	if err != nil {
		return nil, run, err
	}
	reference.Name = lab.Reference
	job := tuneJob{
		scenario: targetScenario(f.def, c, len(p.cores)), reference: reference, space: f.def.Space, parsed: p, limits: f.limits(1),
		prior: tuner.Rates{ReferenceSPerByte: priorCommandS, BestSPerByte: priorCommandS, Alone: true, PlaceboEvery: f.placeboEvery()},
	}
	if cmd.Flags().Changed("out") {
		job.out = f.out
	}
	if len(f.also) > mostAlso {
		return nil, run, usagef("--also is given %d times; a block of six trials has room for %d beside the reference and two candidates", len(f.also), mostAlso)
	}
	for i, text := range f.also {
		also, err := f.assigned(text)
		if err != nil {
			return nil, run, err
		}
		if slices.Contains(f.also[:i], text) {
			return nil, run, usagef("--also %s is given twice; once is enough", text)
		}
		job.also = append(job.also, also)
		job.prior.AlsoSPerByte = append(job.prior.AlsoSPerByte, priorCommandS)
	}
	run = record.Run{Kind: "tune", Name: f.def.Name, Reference: cmpOr(f.reference, "defaults")}
	run.Question = fmt.Sprintf("Which values of its knobs serve %s best on this machine?", f.def.Name)
	return []tuneJob{job}, run, nil
}

// knobStarters are the reference with one knob moved to an end of its range, or to
// its middle: what a careful person would try first.
func knobStarters(params space.Space, reference record.Flat) []search.Candidate {
	var known []search.Candidate
	for _, p := range params {
		for _, value := range landmarks(p) {
			config := maps.Clone(reference)
			config[p.Name] = value
			if config.ID() != reference.ID() {
				known = append(known, search.Candidate{ID: fmt.Sprintf("%s=%v", p.Name, value), Config: config})
			}
		}
	}
	return known
}

// landmarks are the ends and the middle of a range, or all words of a choice.
func landmarks(p space.Param) []any {
	if len(p.Values) > 0 {
		return p.Values
	}
	middle := (p.Min + p.Max) / 2
	if p.Scale == space.Log2 && p.Min > 0 {
		middle = math.Sqrt(p.Min * p.Max)
	}
	var values []any
	for _, v := range []float64{p.Min, middle, p.Max} {
		if p.Type == space.Int {
			values = append(values, int(math.Round(v)))
		} else {
			values = append(values, v)
		}
	}
	return values
}

// writeKnobs writes the recommended values of a command's knobs, if a file was
// asked for: as JSON where it is called so, else as YAML.
func (f *tuneFlags) writeKnobs(ses *session, job tuneJob, rec *record.Recommendation) error {
	if job.out == "" {
		return nil
	}
	from := fmt.Sprintf("%s: %s (%s, run %s, %s)", f.def.Name, rec.Verdict, ses.machine.Class, rec.Run, Version)
	text, err := knobsFile(job.out, from, rec.Recommended.Config)
	if err != nil {
		return err
	}
	return replaceFile(job.out, text)
}

// printTargetPlan says what a budget can show of a command, before anything of it
// is known.
func (f *tuneFlags) printTargetPlan(s *streams, job tuneJob, d tuner.Design) {
	fmt.Fprintf(s.out, "%s: %d knobs\n", job.scenario.Name, len(job.space))
	fmt.Fprintf(s.out, "  if a launch takes %s: %d trials, %d to search, %d blocks to confirm; about %s\n",
		unit.Time(priorCommandS), d.Trials, d.SearchTrials, d.ConfirmBlocks, unit.Time(d.TotalS))
}
