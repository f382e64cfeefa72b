package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/experiment"
	"sluice/harness/lab"
	"sluice/harness/machine"
	"sluice/harness/record"
	"sluice/harness/space"
	"sluice/harness/tuner"
	"sluice/harness/unit"
	"sluice/scanner/config"
	"sluice/workloads/corpus"
	"sluice/workloads/storage"
)

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

// coincide says which presets are the same on this machine.
func coincide(cores int) []string {
	var warnings []string
	for _, group := range config.Same(cores) {
		warnings = append(warnings, fmt.Sprintf("on %d cores the presets %s are the same", cores, strings.Join(group, " and ")))
	}
	return warnings
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
