package target

import (
	"os"
	"path/filepath"
	"testing"

	"sluice/harness/record"
	"sluice/harness/unit"
)

func TestMetricsOfATrialAreWhatItsStatisticsTell(t *testing.T) {
	const usual = `"scanned":10,"bytes":1000,"sojourn_p99_s":0.5,"in_service_mean":3`
	for _, test := range []struct {
		name, stats string
		want        map[string]float64 // of the metrics looked at, those that are there
	}{
		{"a scan that counts nothing in flight", `{` + usual + `,"stations":[{"name":"read"}]}`, map[string]float64{record.P99: 0.5, record.Throughput: 500}},
		{
			"files in flight and the time that a reader holds them",
			`{` + usual + `,"in_flight_mean":7.5,"in_flight_max":12,"stations":[{"name":"read","hold_s":{"n":10,"p50":0.1,"p99":0.25}},{"name":"analyse"}]}`,
			map[string]float64{record.P99: 0.5, record.Throughput: 500, "in_flight_mean_files": 7.5, "in_flight_max_files": 12, "read_hold_p99_s": 0.25},
		},
		{"none in flight is told too", `{` + usual + `,"in_flight_max":0}`, map[string]float64{record.P99: 0.5, record.Throughput: 500, "in_flight_max_files": 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "stats.json")
			if err := os.WriteFile(path, []byte(test.stats), 0o600); err != nil {
				t.Fatal(err)
			}
			trial := record.Trial{Metrics: map[string]float64{record.Wall: 2}}
			if err := addStats(&trial, path); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{record.P99, record.Throughput, "in_flight_mean_files", "in_flight_max_files", "read_hold_p99_s", "analyse_hold_p99_s"} {
				got, there := trial.Metrics[name]
				want, wanted := test.want[name]
				if there != wanted || got != want {
					t.Errorf("%s is %v (there: %v), want %v (%v)", name, got, there, want, wanted)
				}
			}
		})
	}
}

func TestNamesOfMetricsTellTheirUnits(t *testing.T) {
	if m := unit.Describe("read_hold_p99_s"); m.Kind != unit.Seconds || m.HigherBetter {
		t.Errorf("read_hold_p99_s is described as %+v, want seconds of which fewer are better", m)
	}
	if m := unit.Describe("in_flight_max_files"); m.Kind != unit.Number || m.HigherBetter {
		t.Errorf("in_flight_max_files is described as %+v, want a number of which less is better", m)
	}
}

func TestStatisticsThatAreNoJSONAreAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stats.json")
	if err := os.WriteFile(path, []byte(`{"in_flight_max":"many"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := addStats(&record.Trial{Metrics: map[string]float64{}}, path); err == nil {
		t.Error("a word where a number belongs was taken")
	}
}
