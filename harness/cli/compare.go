package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/tuner"
	"sluice/workloads/corpus"
	"sluice/workloads/storage"
)

// CompareSchema names the JSON object that compare prints.
const CompareSchema = "sluice.comparison/v1"

// compareFlags are the flags of sluice compare.
type compareFlags struct {
	measureFlags
	blocks int
	fixed  bool
	duet   bool
	repeat int
	rule   decide.Rule // how sure the result is and how its pairs are taken
}

func newCompare(s *streams) *cobra.Command {
	f := &compareFlags{}
	cmd := &cobra.Command{
		Use:   "compare A B [PATH…]",
		Short: "compare two configurations in paired blocks",
		Long: `Compare configuration B with configuration A in paired blocks of trials, in
random order, each pair on a fresh sample of files with the same simulated
latencies. A and B are presets or files. They may be equal: both are run.
NAME@STORAGE puts one of them on another storage, as in: sluice compare
default@local sluice.yaml@nfs.

The pairs are looked at after each block, and measuring ends as soon as they
decide; the interval that is reported allows for that. A third arm, the placebo,
is A once more: what this machine shows where there is nothing to show.

With --target FILE, or a command after --, a command is measured in place of the
scanner, and A and B are values of its knobs:
  sluice compare threads=1 threads=4 -- rg -j '{threads=1..8}' TODO .

A ratio above 1 says that B is better.`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.execute(cmd, s, args) },
	}
	f.add(cmd)
	f.addStorage(cmd)
	f.addScan(cmd)
	f.addTarget(cmd)
	f.addQuiet(cmd)
	f.addPlacebo(cmd)
	f.addProfile(cmd)
	flags := cmd.Flags()
	flags.IntVar(&f.blocks, "blocks", 20, "pairs at most; 6 can give a 95 % interval, 10 or more to publish")
	flags.BoolVar(&f.fixed, "fixed", false, "measure all pairs, whatever the first of them say")
	flags.BoolVar(&f.duet, "duet", false, "run A and B at the same moment, each on half of the cores")
	flags.IntVar(&f.repeat, "repeat", 1, "repeat the whole comparison so many times and count the verdicts")
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) < 2 {
			return presetNames(), cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
	return cmd
}

// sides are the two arms of a comparison.
type sides struct {
	a, b   lab.Arm
	labels [2]string
}

func (f *compareFlags) execute(cmd *cobra.Command, s *streams, args []string) error {
	ctx := cmd.Context()
	args, err := f.subject(cmd, s, args)
	if err != nil {
		return err
	}
	if len(args) < 2 {
		return usagef("compare needs two configurations, found %d; as in: sluice compare naive default PATH (presets: %v)", len(args), presetNames())
	}
	p, err := f.parse("throughput")
	if err != nil {
		return err
	}
	if err := f.check(cmd, len(p.cores)); err != nil {
		return err
	}
	two, err := f.sides(args, len(p.cores))
	if err != nil {
		return err
	}
	c, err := f.compared(ctx, s, args[2:])
	if err != nil {
		return err
	}
	jobs, err := f.jobs(c, two, p)
	if err != nil {
		return err
	}
	d := design{Goal: p.goal.Record(), Arms: []lab.Arm{two.a, two.b}, Blocks: f.blocks, Fixed: f.fixed, Placebo: f.placebo, Duet: f.duet, Repeat: f.repeat}
	for _, job := range jobs {
		d.Scenarios = append(d.Scenarios, job.scenario)
	}
	run := record.Run{Kind: "compare", Name: fmt.Sprintf("%s against %s", two.labels[1], two.labels[0]), Reference: two.labels[0]}
	run.Question = fmt.Sprintf("Is %s better than %s over %s?", two.labels[1], two.labels[0], jobs[0].scenario.Name)
	ses, err := f.open(s, run, d)
	if err != nil {
		return err
	}
	if f.repeat > 1 {
		return ses.close(f.repeated(ctx, ses, jobs, two))
	}
	return ses.close(f.compareAll(ctx, ses, jobs, two))
}

// check refuses flags that contradict each other, all faults at once.
func (f *compareFlags) check(cmd *cobra.Command, cores int) error {
	switch {
	case f.blocks < 1:
		return usagef("--blocks is %d; use 6 or more for an interval, 10 to publish", f.blocks)
	case f.repeat < 1:
		return usagef("--repeat is %d; use 1 or more", f.repeat)
	case f.duet && cores%2 != 0:
		return usagef("--duet needs an even number of cores, found %d; use --cores %d", cores, max(2, cores-1))
	case f.repeat > 1 && len(f.profile) > 0:
		return usagef("--repeat counts verdicts and takes no profiles; leave out --profile")
	case f.duet && cmd.Flags().Changed("placebo") && f.placebo:
		return usagef("--duet has room for two arms; leave out --placebo")
	}
	if f.def != nil {
		if err := f.errNoScanFlags(cmd); err != nil {
			return err
		}
		if why := f.def.Alone(); f.duet && why != "" {
			return usagef("--duet launches %s twice at the same moment, and %s; leave out --duet", f.def.Name, why)
		}
	}
	if f.duet {
		f.placebo = false
	}
	f.rule = decide.Rule{Alpha: tuner.Alpha}
	if f.fixed {
		return nil
	}
	var err error
	if f.rule, err = decide.Sequentially(tuner.Alpha, f.blocks); err != nil {
		return usagef("--blocks: %w; with --fixed there may be more", err)
	}
	return nil
}

// sides resolves the two configurations.
func (f *compareFlags) sides(args []string, cores int) (two sides, err error) {
	one := func(name string) (lab.Arm, error) {
		if f.def != nil {
			return f.assigned(name)
		}
		return armAt(name, f.coresOf(cores))
	}
	if two.a, err = one(args[0]); err != nil {
		return two, err
	}
	if two.b, err = one(args[1]); err != nil {
		return two, err
	}
	two.labels = [2]string{armName(args[0]), armName(args[1])}
	two.a.Name, two.b.Name = lab.Reference, "b"
	return two, nil
}

// coresOf is how many cores each arm has: half of them in a duet.
func (f *compareFlags) coresOf(cores int) int {
	if f.duet {
		return max(1, cores/2)
	}
	return cores
}

// compared is the corpus that both scan.
func (f *compareFlags) compared(ctx context.Context, s *streams, args []string) (corpus.Corpus, error) {
	if f.def != nil {
		return f.targetCorpus(ctx, s, args)
	}
	return findCorpus(ctx, s, f.store, args)
}

// jobs makes a design for each scenario, and for each repetition of it.
func (f *compareFlags) jobs(c corpus.Corpus, two sides, p parsed) ([]*rounds, error) {
	var jobs []*rounds
	for _, st := range f.storages() {
		for i, one := range []lab.Arm{two.a, two.b} {
			if err := readableArm(two.labels[i], one, st); f.def == nil && err != nil {
				return nil, err
			}
		}
		job := &rounds{corpus: f.work(c), arms: []lab.Arm{two.a, two.b}, most: f.blocks, parsed: p, placebo: f.placebo, duet: f.duet, collect: f.profile}
		job.scenario = f.scenarioOf(c, st, len(p.cores))
		if !f.fixed {
			job.decided = func(trials []record.Trial) bool {
				verdict, _ := p.goal.Verdict(trials, "b", lab.Reference, f.rule.Ratios(trials, "b", lab.Reference, p.goal), f.rule)
				return verdict != record.Undecided && (verdict != record.Better || !failed(trials, "b"))
			}
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

func (f *compareFlags) compareAll(ctx context.Context, ses *session, jobs []*rounds, two sides) error {
	for _, job := range jobs {
		trials, err := ses.measure(ctx, job)
		if err != nil {
			return fmt.Errorf("%s: %w", job.scenario.Name, err)
		}
		result := f.result(ses, job, trials, two)
		if err := ses.conclude(record.Outcome{Scenario: job.scenario, Compare: &result}); err != nil {
			return err
		}
		switch {
		case two.a.Config.ID() == two.b.Config.ID() && two.a.Storage == two.b.Storage:
			job.arms = job.arms[:1]
		case two.labels[0] != two.labels[1]:
			job.arms[0].Name, job.arms[1].Name = two.labels[0], two.labels[1]
		}
		if err := ses.profiles(ctx, job); err != nil {
			return err
		}
	}
	return ses.finish()
}

// armAt resolves NAME or NAME@STORAGE.
func armAt(name string, cores int) (lab.Arm, error) {
	at := strings.LastIndexByte(name, '@')
	if at < 0 || strings.ContainsRune(name[at:], filepath.Separator) {
		return arm(name, cores) // a folder may hold an @ too
	}
	name, profile := name[:at], name[at+1:]
	a, err := arm(name, cores)
	if err != nil {
		return a, err
	}
	if _, err := storage.Lookup(profile, cores); err != nil {
		return a, usagef("%s@%s: %w", name, profile, err)
	}
	a.Storage = profile
	return a, nil
}

// result makes the result of a comparison.
func (f *compareFlags) result(ses *session, job *rounds, trials []record.Trial, two sides) record.CompareResult {
	goal, rule := job.parsed.goal, f.rule
	arms := decide.Arms(trials, []string{lab.Reference, "b"})
	ratios := rule.Ratios(trials, "b", lab.Reference, goal)
	verdict, _ := goal.Verdict(trials, "b", lab.Reference, ratios, rule)
	if ses.timed && len(tuner.Disturbed(trials)) > 0 { // a busy machine excludes nothing
		decide.NotShown(ratios)
		if verdict == record.NoDifference {
			verdict = record.Undecided
		}
	}
	broken := goal.Meets(arms[1].Metrics)
	if verdict == record.Better && (failed(trials, "b") || len(broken) > 0) {
		verdict = record.Undecided // a failure, or a broken requirement, counts against its arm
	}
	arms[0].Name, arms[1].Name = two.labels[0], two.labels[1]
	arms[1].Ratios = ratios
	pairs := ratios[goal.Leading()].N
	result := record.CompareResult{
		Schema: CompareSchema, Run: ses.run.ID, Verdict: verdict, Goal: goal.Record(), Machine: ses.machine, Scenario: job.scenario,
		Blocks: pairs, A: arms[0], B: arms[1], Ratios: ratios, Warnings: ses.doubts(trials, goal),
	}
	for _, requirement := range broken {
		result.Warnings = append(result.Warnings, fmt.Sprintf("%s breaks %s", two.labels[1], requirement))
	}
	if f.placebo {
		result.Placebo = ses.placebo(goal, job.scenario.Name, pairs)
	}
	if arms[0].Config.ID() == arms[1].Config.ID() && !strings.Contains(two.labels[0]+two.labels[1], "@") {
		result.Warnings = append(result.Warnings, "A and B are the same configuration: any difference is noise")
	}
	if f.duet {
		result.Warnings = append(result.Warnings, "a duet: A and B ran at the same moment, each on half of the cores; absolute figures are not those of the whole machine")
	}
	return result
}

// failed says whether a trial of an arm did not end well.
func failed(trials []record.Trial, arm string) bool {
	return slices.ContainsFunc(trials, func(t record.Trial) bool { return t.Arm == arm && t.Status != record.OK })
}

// failures lists the trials that were not OK.
func failures(trials []record.Trial) []string {
	var list []string
	for _, t := range trials {
		if t.Status != record.OK {
			list = append(list, fmt.Sprintf("block %d, %s: %s: %s", t.Block, t.Arm, t.Status, t.Reason))
		}
	}
	return list
}
