package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"sluice/harness/record"
	"sluice/harness/trial"
)

// scan describes a trial of the scanner by what its stations did.
type scan struct {
	readers, analysers int
	read, analyse      float64 // utilisation
	budget             float64 // share of the readers' time
	blocked, idle      float64
	cpu                float64 // cores busy, of two
	service            float64 // of a read, in seconds; 0 is 1 ms
	longest            float64 // analysis, in seconds of a wall of 1 s
	queue              float64 // of a file before analysis, in seconds
	bytes              float64
	profile            string
	others             float64
	config             record.Flat
}

// trial builds the record of a trial of one second.
func (s scan) trial(t *testing.T) record.Trial {
	t.Helper()
	service := s.service
	if service == 0 {
		service = 0.001
	}
	type object = map[string]any
	stats := object{
		"wall_s": 1, "cpu_s": s.cpu * 2, "bytes": s.bytes, "littles_ratio": 1, "in_flight_mean_bytes": 1e6,
		"stations": []object{
			{
				"name": "read", "workers": s.readers, "utilisation": s.read, "wait_s": object{"n": 100, "mean": 0.1},
				"service_s": object{"n": s.read * float64(s.readers) / service, "mean": service}, "hold_s": object{"n": 100, "mean": 0},
			},
			{
				"name": "analyse", "workers": s.analysers, "utilisation": s.analyse, "wait_s": object{"n": 100, "mean": s.queue},
				"service_s": object{"n": 100, "mean": s.analyse * float64(s.analysers) / 100, "max": s.longest},
			},
		},
		"watch": object{"occupancy": []object{
			{"pool": "read", "kind": "io", "workers": s.readers, "looks": 100 * s.readers, "waiting": s.budget + s.blocked, "idle": s.idle},
			{"pool": "analyse", "kind": "cpu", "workers": s.analysers, "looks": 100 * s.analysers},
		}},
	}
	if s.budget > 0 {
		stats["budget_wait_s"] = object{"n": 100, "mean": s.budget * float64(s.readers) / 100}
	}
	if s.profile != "" {
		stats["storage"] = object{"profile": s.profile}
	}
	data, err := json.Marshal(stats)
	if err != nil {
		t.Fatal(err)
	}
	return record.Trial{
		Status: record.OK, Phase: record.Grid, Arm: "reference", Config: s.config, Stats: data, OthersCPUShare: s.others,
		Metrics: map[string]float64{record.Wall: 1, record.CPU: s.cpu * 2},
		Command: []string{"sluice", "scan", "--root", "/my tree", "--config", "c.yaml", "--storage", "nfs"},
	}
}

func TestTheBoundThatHolds(t *testing.T) {
	for _, c := range []struct {
		what       string
		scan       scan
		bound      string
		confidence Confidence
		knob       string
		to         any
		most       float64 // estimate
	}{
		{
			"two readers wait for storage and the analysers starve",
			scan{readers: 2, analysers: 2, read: 0.98, analyse: 0.2, cpu: 0.25},
			"I/O latency", Holds, "io.workers", 9, 4,
		},
		{
			"readers wait most of the time",
			scan{readers: 4, analysers: 2, read: 0.8, analyse: 0.5, cpu: 0.5},
			"I/O latency", Likely, "io.workers", 8, 2,
		},
		{
			"readers wait for storage at the most that their limiter may let",
			scan{readers: 250, analysers: 2, read: 0.98, analyse: 0.2, cpu: 0.25, config: record.Flat{"io.limiter": "bdp", "io.limiter.max": int64(256)}},
			"I/O latency", Holds, "io.limiter.max", 1025, 4,
		},
		{
			"a limiter that does not see the analysers holds the readers back",
			scan{readers: 8, analysers: 2, read: 0.98, analyse: 0.2, cpu: 0.25, config: record.Flat{"io.limiter": "vegas", "io.limiter.max": int64(256)}},
			"I/O latency", Holds, "io.limiter", "occupancy", 4,
		},
		{
			"a limiter took time to come up",
			scan{readers: 40, analysers: 2, read: 0.98, analyse: 0.2, cpu: 0.25, config: record.Flat{"io.limiter": "occupancy", "io.limiter.max": int64(256), "io.limiter.initial": int64(2)}},
			"I/O latency", Holds, "io.limiter.initial", 40, 4,
		},
		{
			"cores are full, and readers wait for room",
			scan{readers: 64, analysers: 2, read: 0.05, blocked: 0.9, analyse: 0.98, cpu: 0.97},
			"cores", Holds, "", nil, 0,
		},
		{
			"cores are full though readers are busy, too",
			scan{readers: 2, analysers: 2, read: 0.95, analyse: 0.96, cpu: 0.95},
			"cores", Holds, "", nil, 0,
		},
		{
			"cores are full, and a third of that is outside the stations",
			scan{readers: 8, analysers: 2, read: 0.1, analyse: 0.66, cpu: 0.99, config: record.Flat{"memory.gogc": int64(100)}},
			"cores", Holds, "memory.gogc", 200, 1.5,
		},
		{
			"one analyser is busy on two cores",
			scan{readers: 64, analysers: 1, read: 0.02, blocked: 0.95, analyse: 0.99, cpu: 0.5},
			"analysers", Holds, "cpu.workers", 2, 1 / 0.5,
		},
		{
			"analysers are busy and others have the cores",
			scan{readers: 64, analysers: 2, read: 0.02, blocked: 0.95, analyse: 0.97, cpu: 0.5, others: 0.45},
			"neighbours", Likely, "", nil, 0,
		},
		{
			"many analysers wait for the cores that others have",
			scan{readers: 64, analysers: 64, read: 0.07, analyse: 0.62, cpu: 0.38, longest: 0.6, others: 0.6, config: record.Flat{"cpu.scheduler": "inline"}},
			"neighbours", Likely, "", nil, 0,
		},
		{
			"readers wait for memory and the analysers starve",
			scan{readers: 64, analysers: 2, budget: 0.9, analyse: 0.5, cpu: 0.5, config: record.Flat{"memory.budget": int64(1 << 20)}},
			"memory budget", Holds, "memory.budget", int64(1 << 22), 2,
		},
		{
			"readers wait for memory, but the cores are full",
			scan{readers: 64, analysers: 2, budget: 0.9, analyse: 0.97, cpu: 0.95, config: record.Flat{"memory.budget": int64(1 << 20)}},
			"cores", Holds, "", nil, 0,
		},
		{
			"the link is full, and readers are busy for that",
			scan{readers: 64, analysers: 2, read: 0.95, analyse: 0.4, cpu: 0.4, bytes: 190e6, profile: "nfs"},
			"I/O link", Holds, "", nil, 2.5,
		},
		{
			"one file is left at the end",
			scan{readers: 8, analysers: 2, read: 0.1, idle: 0.8, analyse: 0.6, cpu: 0.6, longest: 0.5},
			"tail", Likely, "source.order", "largest-first", 1 / 0.6,
		},
		{
			"one file is left at the end, large files first",
			scan{
				readers: 8, analysers: 2, read: 0.1, idle: 0.8, analyse: 0.6, cpu: 0.6, longest: 0.5,
				config: record.Flat{"source.order": "largest-first"},
			},
			"tail", Likely, "", nil, 1 / 0.6,
		},
		{
			"one file takes as long as all",
			scan{readers: 8, analysers: 2, read: 0.1, idle: 0.8, analyse: 0.6, cpu: 0.6, longest: 0.97},
			"tail", Holds, "", nil, 0,
		},
		{
			"batches linger while analysers starve",
			scan{
				readers: 2, analysers: 2, read: 0.5, idle: 0.5, analyse: 0.4, cpu: 0.4, queue: 0.4,
				config: record.Flat{"channel.batch": int64(64), "channel.linger": 0.5},
			},
			"hand-over", Likely, "channel.batch", 16, 2,
		},
		{
			"the channel has no room",
			scan{
				readers: 2, analysers: 2, read: 0.4, blocked: 0.5, analyse: 0.7, cpu: 0.7,
				config: record.Flat{"channel.batch": int64(1), "channel.buffer": int64(0)},
			},
			"hand-over", Likely, "channel.buffer", 16, 1 / 0.7,
		},
		{
			"nothing stands out",
			scan{readers: 8, analysers: 2, read: 0.5, blocked: 0.2, idle: 0.3, analyse: 0.6, cpu: 0.6},
			"none", Likely, "", nil, 0,
		},
		{
			"readers that analyse are no readers that wait",
			scan{readers: 8, analysers: 8, read: 0.8, analyse: 0.1, cpu: 0.3, config: record.Flat{"cpu.scheduler": "inline"}},
			"none", Likely, "", nil, 0,
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			e, err := Explain(c.scan.trial(t), 2)
			if err != nil {
				t.Fatal(err)
			}
			got := e.Bounds[0]
			if got.Name != c.bound || got.Confidence != c.confidence || got.Knob != c.knob || fmt.Sprint(got.To) != fmt.Sprint(c.to) {
				t.Fatalf("%s (%s), %s to %v: %s; want %s (%s), %s to %v", got.Name, got.Confidence, got.Knob, got.To, got.Because, c.bound, c.confidence, c.knob, c.to)
			}
			if c.most > 0 && math.Abs(got.AtMost/c.most-1) > 0.01 {
				t.Errorf("at most ×%.3f, want ×%.3f", got.AtMost, c.most)
			}
			if got.Because == "" || got.Remedy == "" || (got.Knob != "") != (len(got.Check) > 0) {
				t.Errorf("%+v: want figures, a remedy, and the way to check it where there is a knob", got)
			}
		})
	}
}

func TestWhatAForeignProgramTells(t *testing.T) {
	for _, c := range []struct {
		what       string
		wall, cpu  float64
		bound      string
		confidence Confidence
	}{
		{"all four cores are busy", 1, 3.9, "cores", Holds},
		{"one core of four is", 2, 2, "one core", Likely},
		{"next to none is", 2, 0.1, "waiting", Likely},
		{"two of four are", 1, 2, "none", CannotTell},
	} {
		e, err := Explain(record.Trial{Status: record.OK, Metrics: map[string]float64{
			record.Wall: c.wall, record.CPU: c.cpu, trial.VoluntarySwitches: 10, trial.InvoluntarySwitches: 0,
		}}, 4)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Bounds[0]; got.Name != c.bound || got.Confidence != c.confidence {
			t.Errorf("%s: %s (%s), %s; want %s (%s)", c.what, got.Name, got.Confidence, got.Because, c.bound, c.confidence)
		}
		if len(e.Stations) != 0 || !strings.Contains(strings.Join(e.CannotTell, ";"), "stations not recorded") {
			t.Errorf("%s: stations %v, cannot tell %v; there are none", c.what, e.Stations, e.CannotTell)
		}
	}
}

func TestWhatWasNotRecordedIsNotJudged(t *testing.T) {
	e, err := Explain(record.Trial{Status: record.OK, Metrics: map[string]float64{}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Bounds[0]; got.Name != "none" || got.Confidence != CannotTell {
		t.Errorf("%+v; want that it cannot be told", got)
	}
	if len(e.Figures) != 0 {
		t.Errorf("figures %v of a trial that has none", e.Figures)
	}
}

func TestFiguresAreMediansOfTheTrialsThatCount(t *testing.T) {
	var trials []record.Trial
	for _, read := range []float64{0.2, 0.9, 0.3} {
		trials = append(trials, scan{readers: 2, analysers: 2, read: read, analyse: 0.1, cpu: 0.1}.trial(t))
	}
	failed := scan{readers: 2, analysers: 2, read: 0.99}.trial(t)
	failed.Status = record.Failed
	replaced := scan{readers: 2, analysers: 2, read: 0.99}.trial(t)
	replaced.SetAside = "disturbed"
	e, err := Over(append(trials, failed, replaced), 2)
	if err != nil {
		t.Fatal(err)
	}
	if e.Trials != 3 || e.Figures[readBusy] != 0.3 {
		t.Errorf("%d trials, readers busy %v; want 3 and 0.3", e.Trials, e.Figures[readBusy])
	}
	if _, err := Over([]record.Trial{failed, replaced}, 2); !errors.Is(err, ErrNoTrials) {
		t.Errorf("of trials that do not count: %v, want %v", err, ErrNoTrials)
	}
}

func TestSharesOfAStationsTimeAddUpToNoMoreThanOne(t *testing.T) {
	e, err := Explain(scan{readers: 64, analysers: 2, read: 0.6, budget: 0.1, blocked: 0.5, idle: 0.4, analyse: 0.5}.trial(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Stations {
		sum := 0.0
		for _, spent := range s.Spent {
			sum += spent.Share
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: %+v add up to %v", s.Name, s.Spent, sum)
		}
	}
}

func TestTheCommandsThatCheckABoundCanBePasted(t *testing.T) {
	e, err := Explain(scan{readers: 2, analysers: 2, read: 0.98, analyse: 0.2, cpu: 0.25}.trial(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"sluice scan --config c.yaml --set io.workers=9 --print-config > changed.yaml",
		"sluice compare c.yaml changed.yaml '/my tree' --storage nfs",
	}
	if got := strings.Join(e.Bounds[0].Check, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestStatisticsThatAreNoJSONAreAnErrorThatNamesTheTrial(t *testing.T) {
	_, err := Explain(record.Trial{Status: record.OK, Phase: record.Grid, Block: 3, Slot: 1, Stats: []byte("{")}, 2)
	if err == nil || !strings.Contains(err.Error(), "grid/3/1") {
		t.Errorf("%v; want the trial's address", err)
	}
}

// An explanation is JSON whatever the figures: none is NaN or infinite.
func FuzzExplain(f *testing.F) {
	f.Add(2, 2, 0.9, 0.1, 0.1, 0.5, uint8(2))
	f.Add(0, 0, 0.0, 0.0, 0.0, 0.0, uint8(1))
	f.Fuzz(func(t *testing.T, readers, analysers int, read, analyse, budget, cpu float64, cores uint8) {
		for _, v := range []float64{read, analyse, budget, cpu} {
			if math.IsNaN(v) || v < 0 || v > 1e6 {
				t.Skip()
			}
		}
		if readers < 0 || analysers < 0 || readers > 1e6 || analysers > 1e6 {
			t.Skip()
		}
		s := scan{readers: readers, analysers: analysers, read: read, analyse: analyse, budget: budget, cpu: cpu, config: record.Flat{"memory.budget": int64(1 << 20)}}
		e, err := Explain(s.trial(t), int(cores)+1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
	})
}
