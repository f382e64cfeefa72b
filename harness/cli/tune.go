package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/tuner"
	"sluice/scanner/config"
)

// defaultBudget is for each scenario, unless --trials alone is given.
const defaultBudget = 90 * time.Second

// tuneFlags are the flags of sluice tune.
type tuneFlags struct {
	measureFlags
	also     []string
	space    string
	out      string
	strategy string // of the search
	noModel  bool   // the search goes without the pipeline's model
	check    string // file to be confirmed instead of tuning
	emit     string // form in which the recommended configuration is printed alone
}

func newTune(s *streams) *cobra.Command {
	f := &tuneFlags{}
	cmd := &cobra.Command{
		Use:   "tune [PATH…]",
		Short: "measure, recommend and confirm a configuration for this machine",
		Long: `Measure configurations of the scanner on this machine over PATH, recommend one,
confirm it on fresh trials and files, and write sluice.yaml and a report.

PATH is a folder, or corpus:goroot (Go's own source tree, the default) or
corpus:planted (a small synthetic one). With several storages the first goes to
sluice.yaml, the others to sluice.STORAGE.yaml.

A tuned file is written whatever the verdict: when no gain was shown it holds
the reference's configuration and says so.`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.execute(cmd, s, args) },
	}
	f.add(cmd)
	f.addStorage(cmd)
	f.addTarget(cmd)
	f.addQuiet(cmd)
	f.addPlacebo(cmd)
	f.addProfile(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.require, "require", nil, "a `condition` that must hold, as in 'rss<512MiB' (repeatable)")
	flags.DurationVar(&f.budget, "budget", 0, "time for all scenarios together (default 90s for each)")
	flags.IntVar(&f.trials, "trials", 0, "launches for all scenarios together, warm-up and confirmation included; alone it lifts the default budget")
	flags.StringVar(&f.reference, "reference", "", "preset or `file` to compare with (default sluice.yaml, else the default preset)")
	flags.StringArrayVar(&f.also, "also", nil, "a further confirmation arm, preset or `file`, never chosen (repeatable)")
	flags.StringVar(&f.space, "space", "", "`file` with a space: block of knobs and ranges")
	flags.StringVar(&f.out, "out", "sluice.yaml", "`file` to write")
	flags.StringVar(&f.strategy, "strategy", search.Default, "`strategy` of the search: "+strings.Join(strategyNames(), ", "))
	flags.BoolVar(&f.noModel, "no-model", false, "search without what the pipeline's model expects")
	flags.BoolVar(&f.plan, "plan", false, "say what the budget can show, and stop")
	complete(cmd, "reference", presetNames())
	complete(cmd, "also", presetNames())
	complete(cmd, "strategy", strategyNames())
	f.checkFlag(cmd)
	f.emitFlag(cmd)
	return cmd
}

// execute prepares all scenarios, refuses what cannot fit before the first
// trial, then tunes one after the other.
func (f *tuneFlags) execute(cmd *cobra.Command, s *streams, args []string) error {
	args, err := f.subject(cmd, s, args)
	if err != nil {
		return err
	}
	if f.check != "" {
		return f.checkFile(cmd, s, args)
	}
	p, err := f.parse("balanced")
	if err != nil {
		return err
	}
	if err := known("--strategy", f.strategy, strategyNames()); err != nil {
		return &usageError{err}
	}
	result := s // what is emitted stands alone there
	if s, err = f.emitting(s); err != nil {
		return err
	}
	if f.trials > 0 && f.reruns > 0 && cmd.Flags().Changed("reruns") {
		s.warn("--trials counts every launch, so that no disturbed block is measured again: --reruns %d has no effect", f.reruns)
	}
	jobs, run, err := f.prepare(cmd, s, args, p)
	if err != nil {
		return err
	}
	designs, err := plans(jobs)
	if err != nil {
		return err
	}
	if f.plan {
		return f.printPlan(s, jobs, designs)
	}
	ses, err := f.open(s, run, f.design(jobs))
	if err != nil {
		return err
	}
	return f.emitted(result, ses, ses.close(f.tuneAll(cmd.Context(), ses, jobs)))
}

// design is all that the trials of these jobs depend on.
func (f *tuneFlags) design(jobs []tuneJob) design {
	d := design{
		Goal: jobs[0].parsed.goal.Record(), Arms: append([]lab.Arm{jobs[0].reference}, jobs[0].also...), Budget: f.budget, Trials: f.trials,
		Placebo: f.placebo, Strategy: f.strategy, NoModel: f.noModel,
	}
	for _, job := range jobs {
		d.Scenarios, d.Spaces = append(d.Scenarios, job.scenario), append(d.Spaces, job.space)
	}
	return d
}

// strategyNames are the strategies of a search, the default first.
func strategyNames() []string {
	var names []string
	for _, s := range search.Strategies() {
		names = append(names, s.Name)
	}
	return names
}

func (f *tuneFlags) tuneAll(ctx context.Context, ses *session, jobs []tuneJob) error {
	recs := make([]record.Recommendation, len(jobs))
	for i, job := range jobs {
		rec, err := f.tuneOne(ctx, ses, job)
		if err != nil {
			return err
		}
		rec.Wrote, recs[i] = job.out, rec
		if err := ses.conclude(record.Outcome{Scenario: job.scenario, Recommendation: &rec}); err != nil {
			return err
		}
	}
	for i, job := range jobs {
		if err := f.profileFound(ctx, ses, job, recs[i]); err != nil {
			return err
		}
	}
	// Files are written when all is measured: one of them may be the reference
	// that a resumed run must find as it was.
	for i, job := range jobs {
		write := f.writeConfig
		if f.def != nil {
			write = f.writeKnobs
		}
		if err := write(ses, job, &recs[i]); err != nil {
			return err
		}
	}
	return ses.finish()
}

func (f *tuneFlags) tuneOne(ctx context.Context, ses *session, job tuneJob) (record.Recommendation, error) {
	if err := ses.store.PutScenario(ses.run.ID, job.scenario, nil); err != nil {
		return record.Recommendation{}, err
	}
	bench, err := ses.bench(job.scenario, job.corpus, job.parsed, 0)
	if err != nil {
		return record.Recommendation{}, err
	}
	o := tuner.Options{
		Bench: bench, Corpus: job.corpus, Scenario: job.scenario, Reference: job.reference, Also: job.also, Timed: ses.timed, Strategy: f.strategy,
		Space: job.space, Goal: job.parsed.goal, Prior: job.prior, Limits: job.limits, Seed: f.seed,
		Begin: func(phase record.Phase, trials int, expectS float64) {
			ses.bar.phase(phaseLabel(job.scenario, phase), trials, expectS)
		},
	}
	if err := f.guide(&o, job); err != nil {
		return record.Recommendation{}, err
	}
	if f.def == nil && !f.noModel {
		o.Model = ses.model(job)
	}
	rec, err := tuner.Tune(ctx, o)
	if err != nil {
		return rec, fmt.Errorf("%s: %w", job.scenario.Name, err)
	}
	rec.Machine = ses.machine
	rec.Reference.Name = ses.run.Reference
	if rec.Candidate != nil || rec.Recommended.Name == lab.Reference {
		rec.Recommended.Name = ses.run.Reference
	}
	if f.placebo {
		rec.Placebo = ses.placebo(o.Goal, job.scenario.Name, rec.ConfirmedBlocks)
	}
	if f.def == nil {
		rec.Warnings = append(rec.Warnings, coincide(len(job.parsed.cores))...)
	}
	return rec, nil
}

// profile takes the profiles that --profile asks for: of the reference and of what
// was found beside it.
func (f *tuneFlags) profileFound(ctx context.Context, ses *session, job tuneJob, rec record.Recommendation) error {
	if len(f.profile) == 0 {
		return nil
	}
	bench, err := ses.bench(job.scenario, job.corpus, job.parsed, 0)
	if err != nil {
		return err
	}
	r := &rounds{scenario: job.scenario, corpus: job.corpus, parsed: job.parsed, collect: f.profile, arms: []lab.Arm{job.reference}, bench: bench}
	r.size = lab.Sizing{Bytes: int64(rec.Fidelity * float64(job.corpus.Bytes)), Repeats: 1}
	found := lab.Arm{Name: "recommended", Config: rec.Recommended.Config}
	if rec.Candidate != nil {
		found = lab.Arm{Name: "candidate", Config: rec.Candidate.Config}
	}
	if found.Config.ID() != job.reference.Config.ID() {
		r.arms = append(r.arms, found)
	}
	return ses.profiles(ctx, r)
}

// guide tells the search what is known beforehand.
func (f *tuneFlags) guide(o *tuner.Options, job tuneJob) error {
	if f.def != nil {
		o.Starters = knobStarters(job.space, job.reference.Config)
		o.Valid = func(drawn record.Flat) bool { _, err := f.def.Configuration(drawn); return err == nil }
		return nil
	}
	cores := len(job.parsed.cores)
	known, err := starters(job.base, cores)
	if err != nil {
		return err
	}
	o.Valid = func(drawn record.Flat) bool { _, err := completed(job.base, drawn, cores); return err == nil }
	o.Starters, o.Wide = known, lab.Arm{Name: known[0].ID, Config: known[0].Config}
	if job.named { // who names the knobs wants no others changed
		o.Starters = slices.DeleteFunc(inside(known, job.space, job.reference.Config), func(c search.Candidate) bool { return !o.Valid(c.Config) })
	}
	return nil
}

// writeConfig writes the recommended configuration with its provenance.
func (f *tuneFlags) writeConfig(ses *session, job tuneJob, rec *record.Recommendation) error {
	cfg, err := config.Default(len(job.parsed.cores)).WithFlat(rec.Recommended.Config)
	if err != nil {
		return err
	}
	file := config.File{Path: job.out, Config: cfg, Provenance: provenance(ses, job, rec)}
	text, err := file.Marshal()
	if err != nil {
		return err
	}
	return replaceFile(job.out, text)
}
