package cli

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/tuner"
	"sluice/harness/unit"
	"sluice/workloads/corpus"
	"sluice/workloads/storage"
)

// CompareSchema names the JSON object that compare prints.
const CompareSchema = "sluice.comparison/v1"

// compareFlags are the flags of sluice compare.
type compareFlags struct {
	measureFlags
	blocks int
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

A ratio above 1 says that B is better.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("compare needs two configurations, found %d; as in: sluice compare naive default PATH (presets: %v)", len(args), presetNames())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.execute(cmd.Context(), s, args) },
	}
	f.add(cmd)
	f.addStorage(cmd)
	f.addScan(cmd)
	cmd.Flags().IntVar(&f.blocks, "blocks", 10, "pairs; 6 give an exact 95 % interval, 10 or more to publish")
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) < 2 {
			return presetNames(), cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
	return cmd
}

func (f *compareFlags) execute(ctx context.Context, s *streams, args []string) error {
	p, err := f.parse("throughput")
	if err != nil {
		return err
	}
	if f.blocks < 1 {
		return usagef("--blocks is %d; use 6 or more for an interval, 10 to publish", f.blocks)
	}
	cores := len(p.cores)
	a, err := armAt(args[0], cores)
	if err != nil {
		return err
	}
	b, err := armAt(args[1], cores)
	if err != nil {
		return err
	}
	a.Name, b.Name = lab.Reference, "b"
	c, err := findCorpus(ctx, s, f.store, args[2:])
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s against %s", armName(args[1]), armName(args[0]))
	question := fmt.Sprintf("Is %s better than %s over %s?", armName(args[1]), armName(args[0]), c.Name)
	d := design{Goal: p.goal.Record(), Arms: []lab.Arm{a, b}, Blocks: f.blocks}
	for _, st := range f.storage {
		for i, one := range []lab.Arm{a, b} {
			if err := readableArm(armName(args[i]), one, st); err != nil {
				return err
			}
		}
		d.Scenarios = append(d.Scenarios, scenario(c, st, cores))
	}
	ses, err := f.open(s, record.Run{Kind: "compare", Name: name, Question: question, Reference: armName(args[0])}, d)
	if err != nil {
		return err
	}
	labels := [2]string{armName(args[0]), armName(args[1])}
	return ses.close(f.compareAll(ctx, ses, c, a, b, labels, p))
}

func (f *compareFlags) compareAll(ctx context.Context, ses *session, c corpus.Corpus, a, b lab.Arm, labels [2]string, p parsed) error {
	for _, st := range f.storage {
		sc := scenario(c, st, len(p.cores))
		trials, err := ses.rounds(ctx, sc, c, []lab.Arm{a, b}, f.blocks, p)
		if err != nil {
			return fmt.Errorf("%s: %w", sc.Name, err)
		}
		result := compared(ses, sc, trials, labels, p.goal)
		if err := ses.conclude(record.Outcome{Scenario: sc, Compare: &result}); err != nil {
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

// compared makes the result of a comparison.
func compared(ses *session, sc record.Scenario, trials []record.Trial, labels [2]string, goal decide.Goal) record.CompareResult {
	arms := decide.Arms(trials, []string{lab.Reference, "b"})
	ratios := decide.Ratios(trials, "b", lab.Reference, goal, tuner.Alpha)
	verdict, _ := goal.Verdict(trials, "b", lab.Reference, ratios, tuner.Alpha)
	failed, disturbed := failures(trials), tuner.Disturbed(trials)
	if (verdict == record.Better && len(failed) > 0) || (verdict == record.NoDifference && len(disturbed) > 0) {
		verdict = record.Undecided // a failure counts against its arm; a busy machine excludes nothing
	}
	arms[0].Name, arms[1].Name = labels[0], labels[1]
	arms[1].Ratios = ratios
	result := record.CompareResult{
		Schema: CompareSchema, Run: ses.run.ID, Verdict: verdict, Goal: goal.Record(), Machine: ses.machine, Scenario: sc,
		Blocks: ratios[record.Throughput].N, A: arms[0], B: arms[1], Ratios: ratios, Warnings: slices.Concat([]string{}, disturbed, failed),
	}
	if arms[0].Config.ID() == arms[1].Config.ID() && !strings.Contains(labels[0]+labels[1], "@") {
		result.Warnings = append(result.Warnings, "A and B are the same configuration: any difference is noise")
	}
	return result
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

// roundTargetS is how long the fastest trial of a fixed design should take.
const roundTargetS = 1.0

// rounds calibrates, sizes the sample and measures a fixed design in one
// scenario. The first arm is the reference.
func (ses *session) rounds(ctx context.Context, sc record.Scenario, c corpus.Corpus, arms []lab.Arm, rounds int, p parsed) ([]record.Trial, error) {
	if err := ses.store.PutScenario(ses.run.ID, sc, nil); err != nil {
		return nil, err
	}
	bench, err := ses.bench(sc, c, p.cores)
	if err != nil {
		return nil, err
	}
	rates, err := prior(c, sc.Storage, len(p.cores), arms[0], arms[1:])
	if err != nil {
		return nil, err
	}
	guess := append(rates.AlsoSPerByte, rates.ReferenceSPerByte)
	small := lab.SizeFor(slices.Max(guess), slices.Min(guess), lab.ShortestS, c.Bytes)
	probes := []lab.Arm{arms[0], arms[fastestGuess(rates.AlsoSPerByte)+1]}
	ses.bar.phase(sc.Storage+" calibration", 3, 3*slices.Max(guess)*small.Scanned())
	calibrated, err := bench.Calibrate(ctx, c, small, probes)
	if err != nil {
		return nil, err
	}
	slow, fast := lab.SPerByte(calibrated[0]), lab.SPerByte(calibrated[1])
	size := p.sizeFor(max(slow, fast), min(slow, fast), c)
	design := lab.Rounds{Phase: phaseOf(ses.run.Kind), Rounds: rounds, Arms: arms, Corpus: c, Size: size}
	each := (slow+fast)/2*size.Scanned() + lab.LaunchS(calibrated[0])
	bench.Limit = max(time.Minute, time.Duration(20*max(slow, fast)*size.Scanned()*float64(time.Second)))
	if expect := each * float64(design.Trials()); ses.f.budget > 0 && expect > ses.f.budget.Seconds() && !ses.f.quiet {
		ses.s.warn("%s takes about %s as calibrated, more than the whole budget of %v", sc.Name, unit.Time(expect), ses.f.budget)
	}
	ses.bar.phase(sc.Storage+" "+string(design.Phase), design.Trials(), each*float64(design.Trials()))
	return bench.MeasureRounds(ctx, design)
}

// sizeFor sizes the trials of a fixed design, unless it asks for a share of the
// corpus. The rates are seconds per byte.
func (p parsed) sizeFor(slowest, fastest float64, c corpus.Corpus) lab.Sizing {
	if p.fidelity > 0 {
		return lab.Sizing{Bytes: int64(math.Ceil(p.fidelity * float64(c.Bytes))), Repeats: 1}
	}
	return lab.SizeFor(slowest, fastest, roundTargetS, c.Bytes)
}

func fastestGuess(perByte []float64) int { return slices.Index(perByte, slices.Min(perByte)) }

func phaseOf(kind string) record.Phase {
	if kind == "compare" {
		return record.Comparison
	}
	return record.Grid
}
