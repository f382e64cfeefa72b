package cli

import (
	"testing"

	"sluice/harness/record"
)

// Two commands with equal keys are the same work: one resumes the other.
func TestHowTrialsScanBelongsToTheKeyOfARun(t *testing.T) {
	seen := map[string]record.Scan{}
	for _, scan := range []record.Scan{
		{},
		{NoPrefilter: true},
		{Rules: record.RulesGo12},
		{Analyser: record.Lines},
		{Analyser: record.GoAST},
		{NoPrefilter: true, Rules: record.RulesGo12},
	} {
		key, err := design{Kind: "run", Seed: 1, Scan: scan}.key()
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := seen[key]; taken {
			t.Errorf("%+v and %+v have the same key", scan, other)
		}
		seen[key] = scan
	}
}

func TestTheDefaultByNameIsTheDefault(t *testing.T) {
	f := measureFlags{scan: record.Scan{Rules: record.RulesBuiltin}}
	if err := f.checkScan(); err != nil || f.scan != (record.Scan{}) {
		t.Errorf("--rules builtin is %+v (%v), want what no flag is", f.scan, err)
	}
}
