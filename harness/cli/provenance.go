package cli

import (
	"slices"
	"time"

	"sluice/harness/record"
	"sluice/harness/unit"
	"sluice/scanner/config"
)

// provenance says where a tuned file comes from: machine, corpus, storage, goal
// and the gain with its interval.
func provenance(ses *session, job tuneJob, rec *record.Recommendation) *config.Provenance {
	p := &config.Provenance{
		Machine: config.Machine{
			Class: ses.machine.Class, UsableCores: job.scenario.Cores, MemoryBytes: ses.machine.MemoryBytes, Detail: ses.machine.Detail,
		},
		Corpus: config.Corpus{
			Name: job.scenario.Corpus, Fingerprint: job.scenario.Fingerprint, Files: job.scenario.Files, Bytes: job.scenario.Bytes,
		},
		Storage:   config.Storage{Asked: job.scenario.Storage},
		Goal:      config.Goal{Objective: rec.Goal.Objective, Require: rec.Goal.Require},
		Reference: ses.run.Reference,
		Verdict:   string(rec.Verdict),
		Fidelity:  rec.Fidelity,
		Version:   Version,
		Date:      time.Now().UTC().Truncate(time.Second),
		Run:       ses.run.ID,
	}
	if achieved := rec.Reference.Metrics["storage_achieved_mean_s"]; achieved > 0 {
		p.Storage.AchievedMeanS = achieved
	}
	for metric, ratio := range rec.Gain {
		if p.Gain == nil {
			p.Gain = map[string]config.Gain{}
		}
		p.Gain[unit.Short(metric)] = config.Gain{
			Ratio: ratio.Ratio, Low: ratio.Low, High: ratio.High, Confidence: ratio.Confidence, N: ratio.N, Verdict: string(ratio.Verdict),
		}
	}
	trials, err := ses.store.Trials(ses.run.ID)
	if err != nil {
		return p // the file is still true without the samples' fingerprints
	}
	for _, t := range trials {
		samples := p.Corpus.SampleFingerprint
		if t.Scenario == job.scenario.Name && t.Phase == record.Confirmation && !slices.Contains(samples, t.Sample.Fingerprint) {
			p.Corpus.SampleFingerprint = append(samples, t.Sample.Fingerprint)
		}
	}
	return p
}
