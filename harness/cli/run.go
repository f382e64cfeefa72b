package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/decide"
	"sluice/harness/experiment"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/target"
	"sluice/harness/tuner"
	"sluice/harness/unit"
	"sluice/workloads/corpus"
	"sluice/workloads/storage"
)

// GridSchema names the JSON object that run prints.
const GridSchema = "sluice.grid/v1"

// runFlags are the flags of sluice run.
type runFlags struct {
	measureFlags
	dryRun   bool
	seeded   bool  // --seed was given
	ruled    bool  // --rules was given
	filtered bool  // --no-prefilter was given
	slices   []int // --cores, each a scenario; none: the experiment's
}

func newRun(s *streams) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run EXPERIMENT.yaml",
		Short: "run an experiment as written",
		Long: `Run an experiment as written: every configuration of its grid meets the
reference in paired blocks, in every scenario. The result is a table, pictures
and a report; nothing is recommended and no configuration is written. With a
strategy that searches (design: {strategy: guided}) the best is looked for and
confirmed, as tune does, and no configuration is written either.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("run needs one experiment file, found %d arguments; as in: sluice run experiments/pool-split.yaml", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed
			f.seeded, f.ruled, f.filtered = given("seed"), given("rules"), given("no-prefilter")
			return f.execute(cmd, s, args[0])
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.dryRun, "dry-run", false, "list the cells, their expected time and the effect they can show, and stop")
	flags.Uint64Var(&f.seed, "seed", 1, "seed in place of the experiment's")
	flags.DurationVar(&f.budget, "budget", 0, "budget in place of the experiment's")
	flags.StringVar(&f.margin, "margin", "", "smallest change of the objective that matters (default 2%, 10% for p99 and rss)")
	flags.IntSliceVar(&f.slices, "cores", nil, "`cores` of the scenarios in place of the experiment's, comma-separated")
	flags.StringSliceVar(&f.storage, "storage", nil, "storage `profiles` in place of the experiment's, comma-separated: "+strings.Join(storageNames(), ", "))
	f.addScan(cmd)
	f.addQuiet(cmd)
	f.addPlacebo(cmd)
	f.addProfile(cmd)
	complete(cmd, "storage", storageNames())
	flags.StringVar(&f.store, "store", ".sluice", "`folder` of the store")
	flags.BoolVar(&f.fresh, "fresh", false, "measure anew instead of resuming an unfinished run")
	flags.StringVar(&f.report, "report", "sluice-report", "`folder` for the report")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "print each trial and the command that repeats it")
	formatFlag(cmd, &f.format)
	return cmd
}

// cell is one scenario of an experiment with its arms, the reference first.
type cell struct {
	scenario record.Scenario
	corpus   corpus.Corpus
	arms     []lab.Arm
	parsed   parsed
	prior    tuner.Rates
}

func (f *runFlags) execute(cmd *cobra.Command, s *streams, file string) error {
	ctx := cmd.Context()
	p, err := f.parse("")
	if err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return usagef("experiment: %w", err)
	}
	usable, err := target.Slice(0)
	if err != nil {
		return err
	}
	e, err := f.parseExperiment(cmd, file, data, len(usable))
	if err != nil {
		return err
	}
	if err := f.override(&e); err != nil {
		return err
	}
	if e.Searches() {
		return f.searching(cmd, s, e, p.margin)
	}
	cells, err := f.cells(ctx, s, e, p.margin)
	if err != nil {
		return err
	}
	expectS := 0.0
	for _, c := range cells {
		expectS += c.expectS(e.Design.Blocks, f.placebo)
	}
	if f.dryRun {
		return f.printCells(s, e, cells, expectS)
	}
	if e.Budget > 0 && f.def == nil && expectS > 1.2*e.Budget.Seconds() {
		return usagef("%s: the grid takes about %s, its budget is %v; use a budget of %v, or fewer values or blocks (sluice run --dry-run lists the cells)",
			file, unit.Time(expectS), e.Budget, time.Duration(expectS*1.1)*time.Second)
	}
	d := design{Blocks: e.Design.Blocks, Fidelity: e.Design.Fidelity, OneSample: e.Design.OneSample, Goal: cells[0].parsed.goal.Record(), Placebo: f.placebo}
	for _, c := range cells {
		d.Scenarios, d.Arms = append(d.Scenarios, c.scenario), append(d.Arms, c.arms...)
	}
	reference := e.Reference
	if f.def == nil {
		if _, _, reference, err = referenceArm(e.Reference, len(usable)); err != nil {
			return err
		}
	}
	ses, err := f.open(s, record.Run{Kind: "run", Name: e.Name, Question: e.Question, Reference: reference, Plots: e.Plots}, d)
	if err != nil {
		return err
	}
	return ses.close(f.runAll(ctx, ses, e, cells))
}

// parseExperiment reads an experiment on the scanner, or on the command that it
// names as its target.
func (f *runFlags) parseExperiment(cmd *cobra.Command, file string, data []byte, cores int) (experiment.Experiment, error) {
	path := experiment.TargetOf(file, data)
	if path == "" {
		e, err := experiment.Parse(file, data, cores)
		if err != nil {
			err = &usageError{err}
		}
		return e, err
	}
	def, err := target.ReadCommand(path)
	if err != nil {
		return experiment.Experiment{}, &usageError{err}
	}
	f.def = def
	e, err := experiment.ParseTarget(file, data, cores, def)
	if err != nil {
		return e, &usageError{err}
	}
	f.goal, f.require = e.Objective, e.Require
	if err := f.errNoScanFlags(cmd); err != nil {
		return e, err
	}
	if err := f.checkProfile(); err != nil {
		return e, &usageError{err}
	}
	return e, nil
}

// override lets the command line speak in place of the file, and takes from the
// file what the command line left out.
func (f *runFlags) override(e *experiment.Experiment) error {
	if !f.seeded {
		f.seed = e.Design.Seed
	}
	if f.budget == 0 {
		f.budget = e.Budget
	}
	e.Budget = f.budget
	if len(f.storage) > 0 {
		e.Storage = f.storage
	}
	for _, n := range f.slices {
		if n < 1 {
			return usagef("--cores is %d; use 1 or more", n)
		}
	}
	if len(f.slices) > 0 {
		e.Cores = f.slices
	}
	if len(f.profile) == 0 {
		f.profile = e.Collect
	}
	if !f.filtered {
		f.scan.NoPrefilter = e.Scan.NoPrefilter
	}
	if !f.ruled {
		f.scan.Rules = e.Scan.Rules
	}
	f.scan.Analyser = e.Scan.Analyser
	if err := experiment.CheckScan(f.scan); err != nil {
		return &usageError{err}
	}
	return nil
}

// cells makes the scenarios: corpora × storages × cores.
func (f *runFlags) cells(ctx context.Context, s *streams, e experiment.Experiment, margin float64) ([]cell, error) {
	if f.def != nil {
		return f.targetCells(ctx, s, e, margin)
	}
	goal, err := decide.ParseGoal(e.Objective, e.Require, margin)
	if err != nil {
		return nil, &usageError{err}
	}
	goal.Given = f.margin != ""
	var cells []cell
	for _, name := range e.Corpora {
		c, err := f.experimentCorpus(ctx, s, name)
		if err != nil {
			return nil, err
		}
		for _, st := range e.Storage {
			if _, err := storage.Lookup(st, 1); err != nil {
				return nil, usagef("scenarios.storage: %w", err)
			}
			for _, n := range e.Cores {
				one, err := newCell(c, st, n, e, goal)
				if err != nil {
					return nil, err
				}
				cells = append(cells, one)
			}
		}
	}
	return cells, nil
}

// targetCells makes the scenarios of a command: corpora, if it asks for one, × cores.
func (f *runFlags) targetCells(ctx context.Context, s *streams, e experiment.Experiment, margin float64) ([]cell, error) {
	goal, err := f.targetGoal(margin)
	if err != nil {
		return nil, &usageError{err}
	}
	goal.Given = f.margin != ""
	corpora, err := f.experimentCorpora(ctx, s, e)
	if err != nil {
		return nil, err
	}
	var cells []cell
	for _, c := range corpora {
		for _, n := range e.Cores {
			one, err := f.targetCell(c, n, e, goal)
			if err != nil {
				return nil, err
			}
			cells = append(cells, one)
		}
	}
	return cells, nil
}

func (f *runFlags) targetCell(c corpus.Corpus, n int, e experiment.Experiment, goal decide.Goal) (cell, error) {
	cores, err := target.Slice(n)
	if err != nil {
		return cell{}, &usageError{err}
	}
	reference, err := f.assigned(e.Reference)
	if err != nil {
		return cell{}, err
	}
	configs, err := e.TargetConfigurations(f.def)
	if err != nil {
		return cell{}, &usageError{fmt.Errorf("space: %w", err)}
	}
	arms := []lab.Arm{{Name: lab.Reference, Config: reference.Config}}
	one := cell{scenario: targetScenario(f.def, c, n), parsed: parsed{goal: goal, cores: cores}}
	one.prior = tuner.Rates{ReferenceSPerByte: priorCommandS, BestSPerByte: priorCommandS}
	for _, flat := range configs {
		arms = append(arms, lab.Arm{Name: shortName(flat, e), Config: flat})
		one.prior.AlsoSPerByte = append(one.prior.AlsoSPerByte, priorCommandS)
	}
	one.arms = arms
	return one, nil
}

// experimentCorpora are the experiment's, or one without files for a command that asks
// for none.
func (f *runFlags) experimentCorpora(ctx context.Context, s *streams, e experiment.Experiment) ([]corpus.Corpus, error) {
	if f.def != nil && !f.def.UsesCorpus() {
		return []corpus.Corpus{{}}, nil
	}
	var corpora []corpus.Corpus
	for _, name := range e.Corpora {
		c, err := f.experimentCorpus(ctx, s, name)
		if err != nil {
			return nil, err
		}
		corpora = append(corpora, c)
	}
	return corpora, nil
}

// experimentCorpus takes a corpus's name with or without "corpus:", or a folder.
func (f *runFlags) experimentCorpus(ctx context.Context, s *streams, name string) (corpus.Corpus, error) {
	if slices.Contains(newRegistry(f.store).Names(), name) {
		name = "corpus:" + name
	}
	return findCorpus(ctx, s, f.store, []string{name})
}

func newCell(c corpus.Corpus, storageName string, n int, e experiment.Experiment, goal decide.Goal) (cell, error) {
	cores, err := target.Slice(n)
	if err != nil {
		return cell{}, &usageError{err}
	}
	reference, base, _, err := referenceArm(e.Reference, n)
	if err != nil {
		return cell{}, err
	}
	configs, err := e.Configurations(func(partial map[string]any) (map[string]any, error) { return completed(base, partial, n) })
	if err != nil {
		return cell{}, &usageError{fmt.Errorf("space: %w", err)}
	}
	arms := []lab.Arm{{Name: lab.Reference, Config: reference.Config}}
	for _, flat := range configs {
		arms = append(arms, lab.Arm{Name: shortName(flat, e), Config: flat})
	}
	for _, a := range arms {
		if err := readableArm(a.Name, a, storageName); err != nil {
			return cell{}, err
		}
	}
	one := cell{scenario: scenario(c, storageName, n), corpus: c, arms: arms, parsed: parsed{goal: goal, cores: cores, fidelity: e.Design.Fidelity, oneSample: e.Design.OneSample}}
	one.prior, err = prior(c, storageName, n, arms[0], arms[1:])
	return one, err
}

// shortName names a configuration by the knobs that vary: "io.workers=16 cpu.workers=2".
func shortName(flat record.Flat, e experiment.Experiment) string {
	var parts []string
	for _, p := range e.Space {
		if value, ok := flat[p.Name]; ok { // a limiter's initial is not there under none
			parts = append(parts, fmt.Sprintf("%s=%v", p.Name, value))
		}
	}
	return strings.Join(parts, " ")
}

// expectS is a rough guess of the cell's time, from the prior.
func (c cell) expectS(blocks int, placebo bool) float64 {
	guess := append(slices.Clone(c.prior.AlsoSPerByte), c.prior.ReferenceSPerByte)
	if c.corpus.Bytes == 0 { // a command, of which nothing is known yet
		return priorCommandS * float64(lab.Rounds{Rounds: blocks, Arms: c.arms, Placebo: placebo}.Trials())
	}
	size := c.parsed.sizeFor(c.prior.ReferenceSPerByte, slices.Min(guess), c.corpus)
	rounds := lab.Rounds{Rounds: blocks, Arms: c.arms, Placebo: placebo}
	total := float64(rounds.Trials()-(len(c.arms)-1)*blocks) * c.prior.ReferenceSPerByte
	for _, arm := range c.prior.AlsoSPerByte {
		total += float64(blocks) * arm
	}
	return total*size.Scanned() + float64(rounds.Trials())*c.prior.LaunchS
}

func (f *runFlags) printCells(s *streams, e experiment.Experiment, cells []cell, expectS float64) error {
	if f.format == "json" {
		var names []string
		for _, c := range cells {
			names = append(names, c.scenario.Name)
		}
		return json.NewEncoder(s.out).Encode(map[string]any{
			"schema": "sluice.dryrun/v1", "scenarios": names, "configurations": len(cells[0].arms) - 1,
			"pairs": e.Design.Blocks, "expected_s": expectS, "detectable": detectable(e.Design.Blocks, tuner.Alpha/float64(max(1, len(cells[0].arms)-1))),
		})
	}
	fmt.Fprintf(s.out, "%s: %s\n%s\n", e.Name, e.Question, experiment.Describe(e.Space))
	for _, c := range cells {
		rounds := lab.Rounds{Rounds: e.Design.Blocks, Arms: c.arms, Placebo: f.placebo}
		fmt.Fprintf(s.out, "  %-28s %3d configurations × %d pairs = %d trials in %d blocks, about %s\n", c.scenario.Name, len(c.arms)-1,
			e.Design.Blocks, rounds.Trials(), rounds.Blocks(), unit.Time(c.expectS(e.Design.Blocks, f.placebo)))
	}
	fmt.Fprintf(s.out, "together about %s", unit.Time(expectS))
	if e.Budget > 0 {
		fmt.Fprintf(s.out, " of a budget of %v", e.Budget)
	}
	alpha := tuner.Alpha / float64(max(1, len(cells[0].arms)-1))
	effect := detectable(e.Design.Blocks, alpha)
	if len(effect) == 0 {
		fmt.Fprintf(s.out, "; %d pairs show nothing among %d configurations: use %d blocks or more\n", e.Design.Blocks, len(cells[0].arms)-1, stats.MinPairs(alpha))
		return nil
	}
	fmt.Fprintf(s.out, "; with a spread of 1 %% between pairs a ratio of %s can be shown, with 3 %% one of %s\n", unit.Ratio(1+effect["sd_0.01"]), unit.Ratio(1+effect["sd_0.03"]))
	return nil
}

func (f *runFlags) runAll(ctx context.Context, ses *session, e experiment.Experiment, cells []cell) error {
	expectS := 0.0
	for _, c := range cells {
		expectS += c.expectS(e.Design.Blocks, f.placebo)
	}
	for _, c := range cells {
		r := &rounds{
			scenario: c.scenario, corpus: c.corpus, arms: c.arms, most: e.Design.Blocks, parsed: c.parsed, placebo: f.placebo, collect: f.profile,
			budgetS: f.budget.Seconds() * c.expectS(e.Design.Blocks, f.placebo) / expectS,
		}
		trials, err := ses.measure(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w", c.scenario.Name, err)
		}
		result := f.gridResult(ses, c, trials)
		if e.Design.OneSample && e.Design.Fidelity < 1 {
			result.Warnings = append(result.Warnings, "every round scanned the same files (sample: one): the intervals hold for them, not for the corpus")
		}
		if r.cut > 0 {
			result.Warnings = append(result.Warnings, fmt.Sprintf("the budget ended after %d of %d pairs of each configuration", r.cut, r.most))
		}
		if err := ses.conclude(record.Outcome{Scenario: c.scenario, Grid: &result}); err != nil {
			return err
		}
		if err := ses.profiles(ctx, r); err != nil {
			return err
		}
	}
	return ses.finish()
}

// gridResult compares every configuration with the reference and orders them
// by the goal. The configurations are one family: a difference is shown where it
// stands after the correction for all of them.
func (f *runFlags) gridResult(ses *session, c cell, trials []record.Trial) record.GridResult {
	goal, rule := c.parsed.goal, decide.Rule{Alpha: tuner.Alpha}
	result := record.GridResult{
		Schema: GridSchema, Run: ses.run.ID, Machine: ses.machine, Scenario: c.scenario, Goal: goal.Record(),
		Reference: decide.Arms(trials, []string{lab.Reference})[0], Warnings: ses.doubts(trials, goal),
	}
	result.Reference.Name = ses.run.Reference
	for _, score := range decide.Rank(decide.Scores(trials, lab.Reference, goal), goal, goal.Noise(trials, lab.Reference)) {
		if score.Arm == lab.Placebo {
			continue
		}
		arm := decide.Arms(trials, []string{score.Arm})[0]
		arm.Ratios = rule.Ratios(trials, score.Arm, lab.Reference, goal)
		result.Arms = append(result.Arms, arm)
		result.Blocks = max(result.Blocks, score.Pairs)
		for _, broken := range goal.Meets(arm.Metrics) {
			result.Warnings = append(result.Warnings, fmt.Sprintf("%s breaks %s", score.Arm, broken))
		}
	}
	rule.Families(trials, result.Arms, lab.Reference, goal)
	if ses.timed && len(tuner.Disturbed(trials)) > 0 {
		for _, arm := range result.Arms {
			decide.NotShown(arm.Ratios)
		}
	}
	if f.placebo {
		result.Placebo = ses.placebo(goal, c.scenario.Name, result.Blocks)
	}
	result.Warnings = append(result.Warnings, familyWords(len(result.Arms), result.Blocks)...)
	return result
}

// familyWords says what it means that so many configurations were compared with so
// many pairs each.
func familyWords(rows, pairs int) []string {
	if rows < 2 {
		return nil
	}
	words := []string{fmt.Sprintf("%d configurations were compared: the verdicts allow for that (Holm), the ratios do not, and the best of them is inflated by selection (sluice tune confirms a choice)", rows)}
	if least := stats.MinPairs(tuner.Alpha / float64(rows)); pairs < least {
		words = append(words, fmt.Sprintf("with %d pairs no difference among %d configurations can be shown at all; use %d blocks or more", pairs, rows, least))
	}
	return words
}
