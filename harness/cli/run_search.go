package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"sluice/harness/decide"
	"sluice/harness/experiment"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/target"
	"sluice/harness/tuner"
	"sluice/workloads/corpus"
	"sluice/workloads/storage"
)

// searching runs an experiment whose strategy searches: every scenario as tune does
// it, but for the configuration file.
func (f *runFlags) searching(cmd *cobra.Command, s *streams, e experiment.Experiment, margin float64) error {
	t := &tuneFlags{measureFlags: f.measureFlags, strategy: e.Design.Strategy}
	t.trials, t.reference = e.Design.Trials, e.Reference
	jobs, err := f.searchJobs(cmd.Context(), s, t, e, margin)
	if err != nil {
		return err
	}
	for i := range jobs {
		jobs[i].limits = t.limits(len(jobs))
	}
	designs, err := plans(jobs)
	if err != nil {
		return err
	}
	if f.dryRun {
		fmt.Fprintf(s.err, "%s: %s\n%s\n", e.Name, e.Question, experiment.Describe(e.Space))
		return t.printPlan(s, jobs, designs)
	}
	d := t.design(jobs)
	ses, err := t.open(s, record.Run{Kind: "run", Name: e.Name, Question: e.Question, Reference: jobs[0].called, Plots: e.Plots}, d)
	if err != nil {
		return err
	}
	return ses.close(t.searchAll(cmd.Context(), ses, jobs))
}

// searchAll tunes every scenario and writes the report.
func (f *tuneFlags) searchAll(ctx context.Context, ses *session, jobs []tuneJob) error {
	for _, job := range jobs {
		rec, err := f.tuneOne(ctx, ses, job)
		if err != nil {
			return err
		}
		if err := ses.conclude(record.Outcome{Scenario: job.scenario, Recommendation: &rec}); err != nil {
			return err
		}
		if err := f.profileFound(ctx, ses, job, rec); err != nil {
			return err
		}
	}
	return ses.finish()
}

// searchJobs makes the scenarios: corpora × storages × cores.
func (f *runFlags) searchJobs(ctx context.Context, s *streams, t *tuneFlags, e experiment.Experiment, margin float64) ([]tuneJob, error) {
	goal, err := f.searchGoal(e, margin)
	if err != nil {
		return nil, err
	}
	corpora, err := f.experimentCorpora(ctx, s, e)
	if err != nil {
		return nil, err
	}
	var jobs []tuneJob
	for _, c := range corpora {
		for _, st := range e.Storage {
			for _, n := range e.Cores {
				job, err := f.searchJob(t, e, c, st, n)
				if err != nil {
					return nil, err
				}
				job.parsed.goal = goal
				jobs = append(jobs, job)
			}
		}
	}
	return jobs, nil
}

func (f *runFlags) searchGoal(e experiment.Experiment, margin float64) (goal decide.Goal, err error) {
	if f.def != nil {
		goal, err = f.targetGoal(margin)
	} else {
		goal, err = decide.ParseGoal(e.Objective, e.Require, margin)
	}
	if err != nil {
		return goal, &usageError{err}
	}
	goal.Given = f.margin != ""
	return goal, nil
}

// searchJob is one scenario.
func (f *runFlags) searchJob(t *tuneFlags, e experiment.Experiment, c corpus.Corpus, st string, n int) (tuneJob, error) {
	cores, err := target.Slice(n)
	if err != nil {
		return tuneJob{}, &usageError{err}
	}
	job := tuneJob{corpus: c, space: e.Space, named: true, parsed: parsed{cores: cores}}
	if f.def != nil {
		reference, err := f.assigned(e.Reference)
		job.scenario, job.reference, job.called = targetScenario(f.def, c, n), lab.Arm{Name: lab.Reference, Config: reference.Config}, e.Reference
		job.prior = tuner.Rates{ReferenceSPerByte: priorCommandS, BestSPerByte: priorCommandS, Alone: true, PlaceboEvery: t.placeboEvery()}
		return job, err
	}
	if _, err := storage.Lookup(st, 1); err != nil {
		return job, usagef("scenarios.storage: %w", err)
	}
	if job.reference, job.base, job.called, err = referenceArm(e.Reference, n); err != nil {
		return job, err
	}
	job.reference.Name = lab.Reference
	if err := readableArm(job.called, job.reference, st); err != nil {
		return job, err
	}
	if err := readableSpace(e.Space, st); err != nil {
		return job, err
	}
	job.scenario = scenario(c, st, n)
	job.prior, err = prior(c, st, n, job.reference, nil)
	job.prior.PlaceboEvery = t.placeboEvery()
	return job, err
}
