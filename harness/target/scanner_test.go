package target

import (
	"strings"
	"testing"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/scanner/config"
	"sluice/workloads/corpus"
)

func TestTheChildIsToldOnlyWhatDiffersFromTheDefault(t *testing.T) {
	for _, test := range []struct {
		name string
		scan record.Scan
		want string // the end of the command
	}{
		{"nothing", record.Scan{}, "trial-0.inflight"},
		{"prefilter", record.Scan{NoPrefilter: true}, "trial-0.inflight --no-prefilter"},
		{"rules", record.Scan{Rules: record.RulesGo12}, "trial-0.inflight --rules go-12"},
		{"analyser", record.Scan{Analyser: record.Lines}, "trial-0.inflight --analyser lines"},
		{"all", record.Scan{NoPrefilter: true, Rules: "go-12", Analyser: "go-ast"}, "trial-0.inflight --no-prefilter --rules go-12 --analyser go-ast"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Scanner{Exe: "sluice", Folder: t.TempDir(), Root: "/src", Storage: "local", Cores: []int{0}, Scan: test.scan}
			argv, _, err := s.command(config.Default(1), lab.Job{Draw: corpus.Draw{Fingerprint: "f"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(argv, " "); !strings.HasSuffix(got, test.want) {
				t.Errorf("command %q, want it to end in %q", got, test.want)
			}
		})
	}
}
