package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/experiment"
	"sluice/harness/lab"
	"sluice/harness/machine"
	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/space"
	"sluice/harness/tuner"
	"sluice/harness/unit"
	"sluice/scanner/config"
	"sluice/workloads/corpus"
	"sluice/workloads/storage"
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

// job is one scenario to be tuned.
type tuneJob struct {
	scenario  record.Scenario
	corpus    corpus.Corpus
	reference lab.Arm
	called    string // the reference's name for people
	also      []lab.Arm
	base      config.Config
	space     space.Space
	named     bool // the space was named: nothing beyond it is tried
	parsed    parsed
	limits    tuner.Limits
	prior     tuner.Rates
	out       string
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

// prepare makes the jobs and says what they are asked.
func (f *tuneFlags) prepare(cmd *cobra.Command, s *streams, args []string, p parsed) ([]tuneJob, record.Run, error) {
	if f.def != nil {
		return f.targetJobs(cmd, s, args, p)
	}
	c, err := findCorpus(cmd.Context(), s, f.store, args)
	if err != nil {
		return nil, record.Run{}, err
	}
	jobs, name, err := f.jobs(c, p)
	question := fmt.Sprintf("Which configuration scans %s best on this machine?", c.Name)
	return jobs, record.Run{Kind: "tune", Name: c.Name, Question: question, Reference: name}, err
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

// jobs makes one job for each storage.
func (f *tuneFlags) jobs(c corpus.Corpus, p parsed) ([]tuneJob, string, error) {
	cores := len(p.cores)
	reference, base, name, err := referenceArm(f.reference, cores)
	if err != nil {
		return nil, "", err
	}
	reference.Name = lab.Reference
	also, err := f.alsoArms(cores)
	if err != nil {
		return nil, "", err
	}
	jobs := make([]tuneJob, len(f.storage))
	for i, st := range f.storage {
		params, err := f.loadSpace(cores, st)
		if err != nil {
			return nil, "", err
		}
		for _, a := range append([]lab.Arm{reference}, also...) {
			if err := readableArm(a.Name, a, st); err != nil {
				return nil, "", err
			}
		}
		jobs[i] = tuneJob{
			scenario: scenario(c, st, cores), corpus: c, reference: reference, also: also, base: base, space: params, named: f.space != "", parsed: p,
			limits: f.limits(len(f.storage)), out: f.outFor(i, st),
		}
		if jobs[i].prior, err = prior(c, st, cores, reference, also); err != nil {
			return nil, "", err
		}
		jobs[i].prior.PlaceboEvery = f.placeboEvery()
	}
	return jobs, name, nil
}

// mostAlso keeps a confirmation block at six trials: reference, two candidates
// and these.
const mostAlso = 3

// alsoArms resolves --also. Names must differ: they tell trials apart.
func (f *tuneFlags) alsoArms(cores int) ([]lab.Arm, error) {
	if len(f.also) > mostAlso {
		return nil, usagef("--also is given %d times; a block of six trials has room for %d beside the reference and two candidates", len(f.also), mostAlso)
	}
	taken := []string{lab.Reference, lab.Placebo, "chosen", "fastest"}
	var also []lab.Arm
	for _, preset := range f.also {
		a, err := arm(preset, cores)
		if err != nil {
			return nil, err
		}
		if slices.Contains(taken, a.Name) {
			return nil, usagef("--also %s: the name %s is taken; rename the file", preset, a.Name)
		}
		taken = append(taken, a.Name)
		also = append(also, a)
	}
	return also, nil
}

// limits shares budget and trials among the scenarios.
func (f *tuneFlags) limits(scenarios int) tuner.Limits {
	l := tuner.Limits{BudgetS: f.budget.Seconds() / float64(scenarios), Trials: f.trials / scenarios}
	if f.trials > 0 {
		l.Trials = max(1, l.Trials) // 0 would be no limit
	}
	if f.budget == 0 && f.trials == 0 {
		l.BudgetS = defaultBudget.Seconds()
	}
	return l
}

// outFor is --out for the first storage, and NAME.STORAGE.yaml for the others.
func (f *tuneFlags) outFor(i int, storageName string) string {
	if i == 0 {
		return f.out
	}
	ext := filepath.Ext(f.out)
	return strings.TrimSuffix(f.out, ext) + "." + storageName + ext
}

// Prior guesses: what one core analyses, and what a launch costs. They only
// size the calibration and refuse hopeless budgets; calibration replaces them.
const (
	priorSPerByte = 1 / 7.0e6
	priorLaunchS  = 0.1
)

// prior guesses how long trials take: the slower of reading and analysing.
func prior(c corpus.Corpus, storageName string, cores int, reference lab.Arm, also []lab.Arm) (tuner.Rates, error) {
	meanBytes := float64(c.Bytes) / float64(len(c.Files))
	guess := func(a lab.Arm) (float64, error) {
		profile, err := storage.Lookup(cmpOr(a.Storage, storageName), cores)
		if err != nil {
			return 0, err
		}
		io, _ := a.Config.Float("io.workers")
		cpu, _ := a.Config.Float("cpu.workers")
		return max(profile.Mean().Seconds()/meanBytes/max(1, io), priorSPerByte/max(1, min(cpu, float64(cores)))), nil
	}
	first, err := guess(reference)
	rates := tuner.Rates{ReferenceSPerByte: first, BestSPerByte: priorSPerByte / float64(cores), LaunchS: priorLaunchS}
	for _, a := range also {
		s, armErr := guess(a)
		rates.AlsoSPerByte = append(rates.AlsoSPerByte, s)
		err = errors.Join(err, armErr)
	}
	return rates, err
}

// plans sizes every scenario from the prior.
func plans(jobs []tuneJob) ([]tuner.Design, error) {
	designs := make([]tuner.Design, len(jobs))
	var faults []error
	for i, job := range jobs {
		design, err := tuner.Plan(job.prior, job.limits, job.corpus.Bytes)
		if tooSmall, ok := errors.AsType[*tuner.TooSmall](err); ok {
			tooSmall.Scenarios = len(jobs)
		}
		if err == nil {
			err = job.choice()
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", job.scenario.Name, err))
		}
		designs[i] = design
	}
	return designs, errors.Join(faults...)
}

// choice refuses a space that holds nothing but the reference.
func (j tuneJob) choice() error {
	if n, finite := j.space.Size(); finite && n == 1 && j.space.Contains(j.reference.Config) {
		return usagef("the space holds one configuration, the reference; give a knob two values or more")
	}
	return nil
}

// placeboEvery is how often a confirmation block holds a placebo; 0: never.
func (f *tuneFlags) placeboEvery() int {
	if f.placebo {
		return tuner.PlaceboEvery
	}
	return 0
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

// coincide says which presets are the same on this machine.
func coincide(cores int) []string {
	var warnings []string
	for _, group := range config.Same(cores) {
		warnings = append(warnings, fmt.Sprintf("on %d cores the presets %s are the same", cores, strings.Join(group, " and ")))
	}
	return warnings
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

// loadSpace reads --space, or returns the default space on that storage.
func (f *tuneFlags) loadSpace(cores int, storageName string) (space.Space, error) {
	if f.space == "" {
		return experiment.DefaultSpace(cores, storageName == local), nil
	}
	data, err := os.ReadFile(f.space)
	if err != nil {
		return nil, usagef("--space: %w", err)
	}
	params, err := experiment.ParseSpace(f.space, data, cores)
	if err != nil {
		return nil, &usageError{err}
	}
	return params, readableSpace(params, storageName)
}

// printPlan says what each scenario's budget can show.
func (f *tuneFlags) printPlan(s *streams, jobs []tuneJob, designs []tuner.Design) error {
	for i, job := range jobs {
		d := designs[i]
		if f.format == "json" {
			plan := map[string]any{"schema": "sluice.plan/v1", "scenario": job.scenario, "limits": job.limits, "design": d, "detectable": detectable(d.ConfirmBlocks, tuner.Alpha/2), "machine": machine.Read(".").Class}
			if err := json.NewEncoder(s.out).Encode(plan); err != nil {
				return err
			}
			continue
		}
		if f.def != nil {
			f.printTargetPlan(s, job, d)
			continue
		}
		fmt.Fprintf(s.out, "%s: %d files, %s\n", job.scenario.Name, job.scenario.Files, unit.Bytes(job.scenario.Bytes))
		fmt.Fprintf(s.out, "  samples of about %s (%s of the bytes); the reference takes about %s, the best about %s\n",
			unit.Bytes(int64(d.Size.Scanned())), unit.Percent(d.Fidelity), unit.Time(d.ReferenceS), unit.Time(d.BestS))
		fmt.Fprintf(s.out, "  %d trials: %d to search, %d blocks to confirm%s; about %s\n", d.Trials, d.SearchTrials, d.ConfirmBlocks,
			map[bool]string{true: ", one block over all files", false: ""}[d.Full], unit.Time(d.TotalS))
		for _, noise := range []float64{0.01, 0.03} {
			fmt.Fprintf(s.out, "  with a spread of %s between pairs it can show a gain of about %s\n", unit.Percent(noise), unit.Percent(detectable(d.ConfirmBlocks, tuner.Alpha/2)[fmt.Sprintf("sd_%g", noise)]))
		}
	}
	fmt.Fprintln(s.out, "These are expectations from a rough model; the first trials replace them.")
	return nil
}

// detectable is the gain that a number of pairs can show, for two spreads of the
// paired log-ratios: a quiet machine's and a busy one's.
func detectable(pairs int, alpha float64) map[string]float64 {
	out := map[string]float64{}
	for _, sd := range []float64{0.01, 0.03} {
		if gain := tuner.Detectable(sd, pairs, unit.Margin(record.Throughput), alpha); !math.IsInf(gain, 1) {
			out[fmt.Sprintf("sd_%g", sd)] = gain
		}
	}
	return out
}
