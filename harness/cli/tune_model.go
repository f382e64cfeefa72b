package cli

import (
	"math"

	"sluice/harness/model"
	"sluice/harness/record"
	"sluice/harness/tuner"
	"sluice/workloads/corpus"
)

// foretold are the metrics that the model knows, each with the one that it is asked
// for: over the same files wall time is throughput.
func foretold(metric string) (asked string, ok bool) {
	switch metric {
	case record.Throughput, record.Wall:
		return record.Throughput, true
	case record.P99, record.RSS:
		return metric, true
	default:
		return "", false
	}
}

// model is what foretells the configurations of a job's search, calibrated by its
// first trials; nil where the goal is none that it knows.
func (ses *session) model(job tuneJob) tuner.Model {
	for _, metric := range job.parsed.goal.Judged() {
		if _, ok := foretold(metric); !ok {
			return nil
		}
	}
	return func(calibration []record.Trial, sample corpus.Draw) (func(record.Flat) (float64, float64, bool), error) {
		parses, release, err := foreteller(ses.run.Scan)
		if err != nil {
			return nil, err
		}
		defer release()
		lists := &fileLists{known: map[string][]model.File{}, parses: parses}
		good := teachers(calibration)
		if len(good) == 0 {
			return nil, model.ErrNoStations
		}
		var scenes []model.Scenario
		for _, t := range good {
			scenes = append(scenes, lists.scene(job.scenario, t))
		}
		parameters, err := model.Calibrate(good, scenes)
		if err != nil {
			return nil, err
		}
		scene := scenes[0]
		scene.Files = nil
		for _, f := range sample.Files {
			scene.Files = append(scene.Files, model.File{Path: f.Path, Bytes: f.Size})
		}
		lists.foretell(scene.Files, job.corpus.Root)
		return expected(parameters, job, scene)
	}
}

// expected joins what the model expects of each metric of the goal to what it
// expects of the goal's utility, which is linear in their logarithms.
func expected(p model.Parameters, job tuneJob, scene model.Scenario) (func(record.Flat) (gain, deviation float64, ok bool), error) {
	type part struct {
		weight float64
		prior  func(record.Flat) (float64, float64, bool)
	}
	var parts []part
	for _, metric := range job.parsed.goal.Judged() {
		asked, _ := foretold(metric)
		prior, err := model.Prior(p, job.reference.Config, scene, model.PriorOptions{Metric: asked})
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{job.parsed.goal.Weight(metric), prior})
	}
	return func(c record.Flat) (gain, deviation float64, ok bool) {
		for _, part := range parts {
			g, d, known := part.prior(c)
			if !known {
				return 0, math.Inf(1), false
			}
			gain, deviation = gain+part.weight*g, math.Hypot(deviation, part.weight*d)
		}
		return gain, deviation, true
	}, nil
}
