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
	trials, err := ses.store.Trials(ses.run.ID)
	if err != nil {
		trials = nil // the file is still true without the samples' fingerprints
	}
	return provenanceIn(ses.run, job.scenario, trials, rec)
}

// provenanceIn is provenance for what a stored run says of a scenario.
func provenanceIn(run record.Run, sc record.Scenario, trials []record.Trial, rec *record.Recommendation) *config.Provenance {
	m := rec.Machine
	p := &config.Provenance{
		Machine:   config.Machine{Class: m.Class, UsableCores: sc.Cores, MemoryBytes: m.MemoryBytes, Detail: m.Detail},
		Corpus:    config.Corpus{Name: sc.Corpus, Fingerprint: sc.Fingerprint, Files: sc.Files, Bytes: sc.Bytes},
		Storage:   config.Storage{Asked: sc.Storage},
		Goal:      config.Goal{Objective: rec.Goal.Objective, Require: rec.Goal.Require},
		Reference: run.Reference,
		Verdict:   string(rec.Verdict),
		Fidelity:  rec.Fidelity,
		Version:   run.Version,
		Date:      time.Now().UTC().Truncate(time.Second),
		Run:       run.ID,
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
	for _, t := range trials {
		samples := p.Corpus.SampleFingerprint
		if t.Scenario == sc.Name && t.Phase == record.Confirmation && !slices.Contains(samples, t.Sample.Fingerprint) {
			p.Corpus.SampleFingerprint = append(samples, t.Sample.Fingerprint)
		}
	}
	return p
}
