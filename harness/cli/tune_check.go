package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/tuner"
	"sluice/harness/unit"
	"sluice/scanner/config"
	"sluice/workloads/corpus"
)

// CheckSchema names the JSON object that tune --check prints.
const CheckSchema = "sluice.check/v1"

// checkKind is the kind of a run that re-confirms a file.
const checkKind = "check"

// defaultCheck is how long a check may take.
const defaultCheck = 60 * time.Second

// mostChecked is the most blocks of a check: what the tuner's confirmation has.
// enoughBlocks are preferred to longer samples.
const (
	mostChecked  = 60
	enoughBlocks = 12
)

// checkSeed draws other samples and latencies than the seed that tune uses unless
// told: what was confirmed on is not what it is confirmed on again.
const checkSeed = 0x5eed

// The words for a gain that a file claims, beside the one that was measured now.
const (
	stillHolds    = "still holds"     // a gain is shown, and the intervals overlap or the new one lies above
	holdsLess     = "holds less"      // a gain is shown, wholly below the claimed interval
	noLongerShown = "no longer shown" // the new interval reaches 1
)

// checked is what tune --check says.
type checked struct {
	Schema     string               `json:"schema"`
	File       string               `json:"file"`
	Verdict    record.Verdict       `json:"verdict"`         // of the goal, now
	Claim      string               `json:"claim,omitempty"` // of the first metric of the goal that the file claims to be better in
	Claims     []claim              `json:"claims"`
	Provenance *provenanceOf        `json:"provenance"`
	Mismatches []mismatch           `json:"mismatches"`
	Comparison record.CompareResult `json:"comparison"`
}

// claim is a gain that the file claims beside what was measured.
type claim struct {
	Metric  string       `json:"metric"`
	Claimed record.Ratio `json:"claimed"`
	Now     record.Ratio `json:"now"`
	Says    string       `json:"says"`
}

func (f *tuneFlags) checkFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.check, "check", "", "confirm the configuration in `file` once more instead of tuning, within --budget (default 1m)")
	_ = cmd.RegisterFlagCompletionFunc("check", cobra.FixedCompletions([]string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt))
}

// checking is one check on its way.
type checking struct {
	*compareFlags
	s          *streams
	file       string
	provenance *config.Provenance // nil: the file has none
	two        sides
	parsed     parsed
	warnings   []string
}

// checkFile measures the reference and a file's configuration in blocks by the rules
// of the tuner's confirmation: a number fixed before the first, fresh samples.
func (f *tuneFlags) checkFile(cmd *cobra.Command, s *streams, args []string) error {
	if err := f.checkable(cmd); err != nil {
		return err
	}
	c := &checking{s: s, file: f.check}
	if f.def == nil {
		if err := c.read(f); err != nil {
			return err
		}
	}
	f.adopt(cmd, c)
	if len(f.storage) > 1 {
		return usagef("--check confirms on one storage, found %s; check one after the other", strings.Join(f.storage, ", "))
	}
	var err error
	if c.parsed, err = f.parse("balanced"); err != nil {
		return err
	}
	c.compareFlags = &compareFlags{measureFlags: f.measureFlags, fixed: true, blocks: stats.MinPairs(tuner.Alpha), rule: decide.Rule{Alpha: tuner.Alpha}}
	if c.two, err = c.arms(); err != nil {
		return err
	}
	files, err := c.files(cmd.Context(), args)
	if err != nil {
		return err
	}
	jobs, err := c.jobs(files, c.two, c.parsed)
	if err != nil {
		return err
	}
	return c.measure(cmd.Context(), jobs[0])
}

// checkable refuses what a check does not look at.
func (f *tuneFlags) checkable(cmd *cobra.Command) error {
	if f.def == nil && !looksLikeFile(f.check) {
		return usagef("--check %s names no file; sluice compare default %s compares presets", f.check, f.check)
	}
	for _, flag := range []string{"also", "space", "out", "trials", "plan", "emit", "profile"} {
		if cmd.Flags().Changed(flag) {
			return usagef("--check measures the file against the reference and writes nothing: leave out --%s", flag)
		}
	}
	for _, flag := range []string{"strategy", "no-model"} {
		if cmd.Flags().Changed(flag) {
			return usagef("--check searches nothing: leave out --%s", flag)
		}
	}
	if f.def != nil {
		return f.errNoScanFlags(cmd)
	}
	return nil
}

// read finds out where the file's values come from.
func (c *checking) read(f *tuneFlags) error {
	data, err := os.ReadFile(f.check)
	if err != nil {
		return usagef("--check: %w; name a file that sluice tune wrote", err)
	}
	file, err := config.Parse(f.check, data, max(1, f.cores))
	if err != nil {
		return &usageError{err}
	}
	c.provenance = file.Provenance
	return nil
}

// adopt takes from the provenance what the command line does not say: storage, cores,
// goal and reference are those that the claim was made for.
func (f *tuneFlags) adopt(cmd *cobra.Command, c *checking) {
	given := cmd.Flags().Changed
	if f.budget == 0 {
		f.budget = defaultCheck
	}
	if !given("seed") {
		f.seed = checkSeed
	}
	f.placebo = f.placebo && given("placebo")
	p := c.provenance
	if p == nil {
		f.reference = cmpOr(f.reference, map[bool]string{true: "defaults", false: "default"}[f.def != nil])
		c.warnings = append(c.warnings, "the file carries no provenance: it claims no gain, and what it was tuned on is not known")
		return
	}
	if !given("storage") && p.Storage.Asked != "" {
		f.storage = []string{p.Storage.Asked}
	}
	if here, err := (&configFlags{}).usable(); err == nil && !given("cores") && p.Machine.UsableCores > 0 && p.Machine.UsableCores < here {
		f.cores = p.Machine.UsableCores
	}
	if !given("goal") && !given("require") {
		f.goal, f.require = p.Goal.Objective, p.Goal.Require
	}
	if f.reference == "" {
		f.reference = "default"
		if slices.Contains(presetNames(), p.Reference) {
			f.reference = p.Reference
		}
	}
}

// arms are the reference and what the file holds.
func (c *checking) arms() (two sides, err error) {
	cores := len(c.parsed.cores)
	two.labels = [2]string{armName(c.reference), armName(c.file)}
	if c.def != nil {
		if two.a, err = c.assigned(c.reference); err == nil {
			two.b.Config, err = readKnobs(c.def, c.file)
		}
	} else if two.a, err = arm(c.reference, cores); err == nil {
		two.b, err = arm(c.file, cores)
	}
	two.a.Name, two.b.Name = lab.Reference, "b"
	return two, err
}

// files are those of PATH, else those that the file was tuned over.
func (c *checking) files(ctx context.Context, args []string) (corpus.Corpus, error) {
	if len(args) == 0 && c.provenance != nil && c.provenance.Corpus.Name != "" {
		name := c.provenance.Corpus.Name
		if !slices.Contains(newRegistry(c.store).Names(), name) {
			return corpus.Corpus{}, usagef("%s was tuned over %s; name its PATH: sluice tune --check %s PATH", c.file, name, c.file)
		}
		args = []string{"corpus:" + name}
	}
	return c.compared(ctx, c.s, args)
}

// measure runs the blocks and says what they show.
func (c *checking) measure(ctx context.Context, job *rounds) error {
	least := stats.MinPairs(tuner.Alpha)
	job.budgetS, job.least, job.fit = c.budget.Seconds(), least, c.fit
	d := design{Goal: c.parsed.goal.Record(), Arms: []lab.Arm{c.two.a, c.two.b}, Budget: c.budget, Placebo: c.placebo, Fixed: true}
	d.Scenarios = []record.Scenario{job.scenario}
	run := record.Run{Kind: checkKind, Name: fmt.Sprintf("%s against %s", c.two.labels[1], c.two.labels[0]), Reference: c.two.labels[0]}
	run.Question = fmt.Sprintf("Is %s still better than %s over %s?", c.two.labels[1], c.two.labels[0], job.scenario.Name)
	ses, err := c.open(c.s, run, d)
	if err != nil {
		return err
	}
	return ses.close(c.conclude(ctx, ses, job))
}

// fit sizes the trials and fixes how many blocks the budget has room for, before the
// first of them: the longest samples that leave room for enough blocks, else for the
// fewest that can show anything, else the shortest that can be timed.
func (c *checking) fit(r *rounds) {
	arms := 2.0
	if c.placebo {
		arms++
	}
	room := func() int { return int(math.Floor((r.budgetS - r.bench.SpentS()) / (arms * r.eachS))) }
	for _, blocks := range []int{enoughBlocks, r.least} {
		for _, targetS := range []float64{roundTargetS, 0.8, 0.65, lab.ShortestS} {
			if c.def == nil {
				r.resize(lab.SizeFor(r.rates.slow, r.rates.fast, targetS, r.corpus.Bytes))
			}
			if room() >= blocks {
				r.most = min(room(), mostChecked)
				return
			}
		}
	}
	r.most = r.least
	over := fmt.Sprintf("the fewest blocks that can show anything, %d, take about %s, more than the budget of %v leaves", r.least, unit.Time(arms*r.eachS*float64(r.least)), c.budget)
	if c.warnings = append(c.warnings, over); !c.quiet {
		c.s.warn("%s", over)
	}
}

func (c *checking) conclude(ctx context.Context, ses *session, job *rounds) error {
	trials, err := ses.measure(ctx, job)
	if err != nil {
		return fmt.Errorf("%s: %w", job.scenario.Name, err)
	}
	result := c.result(ses, job, trials, c.two)
	if job.cut > 0 {
		result.Warnings = append(result.Warnings, fmt.Sprintf("the budget ended after %d of %d blocks: they took longer than calibration foretold", job.cut, job.most))
	}
	said := c.judge(ses, job, &result)
	outcome := record.Outcome{Scenario: job.scenario, Compare: &result}
	if err := ses.keep(outcome); err != nil {
		return err
	}
	ses.said = append(ses.said, outcome)
	ses.bar.finish()
	if c.format == "json" {
		if err := json.NewEncoder(c.s.out).Encode(said); err != nil {
			return err
		}
	}
	if err := ses.finish(); err != nil || c.format == "json" {
		return err
	}
	return said.print(c.s)
}

// judge puts the claims beside the comparison.
func (c *checking) judge(ses *session, job *rounds, result *record.CompareResult) checked {
	said := checked{Schema: CheckSchema, File: c.file, Verdict: result.Verdict, Claims: []claim{}, Provenance: gist(c.provenance), Mismatches: []mismatch{}}
	if p := c.provenance; p != nil {
		here := surroundings{class: ses.machine.Class, cores: job.scenario.Cores, storage: job.scenario.Storage, corpus: &job.corpus}
		said.Mismatches = append(said.Mismatches, here.mismatches(p)...)
		switch {
		case p.Reference != "" && p.Reference != c.two.labels[0]:
			c.warnings = append(c.warnings, fmt.Sprintf("the file claims its gain over %s and was compared with %s: the two gains cannot be set beside each other (--reference)", p.Reference, c.two.labels[0]))
		default:
			said.Claims = claims(p.Gain, result.Ratios, c.parsed.goal)
		}
		if len(said.Claims) > 0 {
			said.Claim = said.Claims[0].Says
		}
	}
	for _, m := range said.Mismatches {
		c.warnings = append(c.warnings, "tuned elsewhere: "+m.String())
	}
	result.Warnings = append(result.Warnings, c.warnings...)
	said.Comparison = *result
	return said
}

// claims are the gains that a file claims, in the order of the goal's metrics, beside
// what was measured now. What it does not claim to be better in is no gain.
func claims(claimed map[string]config.Gain, now map[string]record.Ratio, goal decide.Goal) []claim {
	all := []claim{}
	for _, metric := range goal.Metrics() {
		g, ok := claimed[unit.Short(metric)]
		ratio, measured := now[metric]
		if !ok || !measured || g.Verdict != string(record.Better) {
			continue
		}
		all = append(all, claim{
			Metric: metric, Now: ratio, Says: standing(g, ratio),
			Claimed: record.Ratio{Ratio: g.Ratio, Low: g.Low, High: g.High, Confidence: g.Confidence, N: g.N, Margin: goal.MarginOf(metric), Verdict: record.Verdict(g.Verdict)},
		})
	}
	return all
}

// standing says what has become of a claimed gain.
func standing(claimed config.Gain, now record.Ratio) string {
	switch {
	case now.Low <= 1:
		return noLongerShown
	case now.High < claimed.Low:
		return holdsLess
	}
	return stillHolds
}

// print says in words what the comparison, printed before, does not.
func (said checked) print(s *streams) error {
	var b strings.Builder
	for _, c := range said.Claims {
		fmt.Fprintf(&b, "%s: %s claims %s (%s … %s, n = %d), now %s (%s … %s, n = %d): %s.\n", unit.Short(c.Metric), filepath.Base(said.File),
			unit.Ratio(c.Claimed.Ratio), unit.Ratio(c.Claimed.Low), unit.Ratio(c.Claimed.High), c.Claimed.N,
			unit.Ratio(c.Now.Ratio), unit.Ratio(c.Now.Low), unit.Ratio(c.Now.High), c.Now.N, c.Says)
	}
	if len(said.Claims) == 0 && said.Provenance != nil {
		fmt.Fprintf(&b, "%s claims no gain that was measured again.\n", filepath.Base(said.File))
	}
	fmt.Fprintf(&b, "check of %s: %s\n", said.File, said.Verdict)
	_, err := fmt.Fprint(s.out, b.String())
	return err
}
