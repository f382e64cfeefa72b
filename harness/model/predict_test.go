package model

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/scanner/config"
	"sluice/scanner/observe"
	"sluice/workloads/storage"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// taught are parameters as calibration finds them on two cores.
func taught() Parameters {
	return Parameters{
		Schema: Schema, Cores: 2, Corpus: "drawn", Storage: "object-store", Trials: 2,
		OpenCPUS: 12e-6, SleepCPUS: 36e-6, ReadCPUS: 17e-6, LateS: 19e-6, HandFileS: 1e-6, HandLotS: 3e-6, WakeS: 15e-6, StartS: 0.001, StatS: 3e-6, Contention: 1.1,
		Service: Service{
			Files: 1000, Bytes: 10e6, MeanS: 400e-6, P50S: 8e-6, P90S: 200e-6, P99S: 5e-3, MaxS: 40e-3, Scale: 1, TreePeakBytes: 7e6,
			BySize: []observe.SizeCost{
				{FromBytes: 1 << 8, Plain: observe.Cost{Files: 300, Bytes: 100e3, ServiceS: 0.002}},
				{FromBytes: 1 << 12, Plain: observe.Cost{Files: 500, Bytes: 3e6, ServiceS: 0.01}, Parsed: observe.Cost{Files: 100, Bytes: 600e3, ServiceS: 0.06, TreeBytes: 18e6}},
				{FromBytes: 1 << 15, Plain: observe.Cost{Files: 60, Bytes: 3e6, ServiceS: 0.008}, Parsed: observe.Cost{Files: 40, Bytes: 3e6, ServiceS: 0.32, TreeBytes: 90e6}},
			},
		},
		Memory:   Memory{BaseBytes: 22e6, PerReaderBytes: 24 << 10, PerAnalyserBytes: 900 << 10, HeapShare: 0.8, TreeShare: 1},
		Residual: Residual{Wall: 0.03, P99: 0.08, RSS: 0.04},
		Seen:     Seen{Schedulers: []string{"queue"}, Storages: []string{"object-store"}, IOWorkersMin: 16, IOWorkersMax: 16, MostAtWork: 0.5},
	}
}

// played is a trial as the scanner would have left it, had it behaved as the model with
// those parameters says.
func played(t *testing.T, p Parameters, s Scenario, flat record.Flat) record.Trial {
	t.Helper()
	c, err := config.Default(s.Cores).WithFlat(flat)
	if err != nil {
		t.Fatal(err)
	}
	c = c.Resolve(s.Cores)
	n, files := p.networkOf(c, s), ordered(s.Files, c.Source.Order)
	var sim simulator
	jobs := p.jobs(nil, files, s, s.Block, 0.5)
	o := sim.run(n, jobs)
	var ledger observe.Ledger
	asked, pure := 0.0, 0.0
	for _, j := range jobs {
		asked += j.latency / float64(len(jobs))
		pure += j.service / float64(len(jobs))
	}
	for _, j := range jobs { // what a clock sees is stretched by contention
		ledger.Record(int64(j.bytes), int64(j.tree), time.Duration(j.service*o.workMean/pure*1e9))
	}
	count := int64(len(jobs))
	stats := map[string]any{
		"wall_s": o.wall, "cpu_s": o.cores * o.wall, "tree_peak_bytes": 1e6, "cost_by_size": ledger.Sizes(),
		"storage": map[string]any{"asked_mean_s": asked, "achieved_mean_s": asked + p.LateS},
		"stations": []observe.Station{
			{Name: "read", Workers: n.readers, ServiceS: observe.Quantiles{N: count, Mean: o.readMean}, Utilisation: o.readBusy, HoldS: &observe.Quantiles{N: count, P50: p.HandFileS + p.HandLotS/float64(n.batch)}},
			{Name: "analyse", Workers: n.analysers, ServiceS: observe.Quantiles{N: count, Mean: o.workMean, P50: 8e-6, P90: 2e-4, P99: 5e-3, Max: 4e-2}, WaitS: observe.Quantiles{N: count, P50: p.WakeS}, Utilisation: o.workBusy},
		},
	}
	data, err := json.Marshal(stats)
	if err != nil {
		t.Fatal(err)
	}
	return record.Trial{
		Status: record.OK, Config: c.Flat(), Stats: data,
		Metrics: map[string]float64{record.Wall: o.wall + p.StartS, record.P99: o.p99, record.RSS: p.Memory.rss(c, n, o, float64(totalBytes(files)))},
	}
}

// fated are the same files, every eighth of them to be parsed.
func fated(s Scenario) Scenario {
	for i := range s.Files {
		s.Files[i].Fate = Plain
		if i%8 == 0 {
			s.Files[i].Fate = Parsed
		}
	}
	return s
}

// What was calibrated with two played trials predicts others, of other workers, batches
// and storage, nearly as the parameters that played them do.
func TestCalibrationFindsWhatPlayedTheTrials(t *testing.T) {
	truth, home := taught(), fated(scene(t, "object-store", 800))
	trials := []record.Trial{
		played(t, truth, home, record.Flat{"io.workers": 16, "cpu.workers": 1}),
		played(t, truth, home, record.Flat{"io.workers": 48, "cpu.workers": 2, "channel.batch": 8}),
	}
	p, err := Calibrate(trials, []Scenario{home, home})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"object-store", "nfs", "network-disk", "local"} {
		away := fated(scene(t, name, 800))
		away.Block = 1003
		for _, flat := range []record.Flat{
			{"io.workers": 4},
			{"io.workers": 64, "cpu.workers": 4},
			{"io.workers": 16, "cpu.scheduler": "per-file"},
			{"io.workers": 16, "cpu.scheduler": "inline"},
			{"io.workers": 32, "cpu.scheduler": "steal", "channel.batch": 16},
			{"io.workers": 32, "memory.budget": 4 << 20},
		} {
			c, err := config.Default(2).WithFlat(flat)
			if err != nil {
				t.Fatal(err)
			}
			want := played(t, truth, away, flat).Metrics
			got, err := Predict(p, c, away, Options{Simulations: 1})
			if err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("%s on %s: ", flat, name)
			near(t, what+"wall", got.WallS.Value, want[record.Wall], 0.05)
			if c.Memory.Budget == 0 { // with one it hangs on which few files stand in line behind a giant
				near(t, what+"p99", got.SojournP99S.Value, want[record.P99], 0.15)
			}
			near(t, what+"rss", got.RSSPeakBytes.Value, want[record.RSS], 0.15) // 16 analysers from trials of 1 and 2
		}
	}
}

func TestCalibrationSaysWhatOneTrialCannotTell(t *testing.T) {
	home := scene(t, "object-store", 300)
	p, err := Calibrate([]record.Trial{played(t, taught(), home, record.Flat{"io.workers": 16, "cpu.workers": 1})}, []Scenario{home})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(p.Unknown, "\n")
	for _, want := range []string{"slow each other down", "what a reader and an analyser hold", "what a batch costs"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing is said of %q:\n%s", want, all)
		}
	}
}

func TestWhatCannotCalibrateIsRefused(t *testing.T) {
	home := scene(t, "nfs", 100)
	good := played(t, taught(), home, record.Flat{})
	failed, command, broken := good, good, good
	failed.Status = record.Failed
	command.Stats = nil
	broken.Stats = json.RawMessage(`{"wall_s": "soon"}`)
	for _, row := range []struct {
		name   string
		trials []record.Trial
		scenes []Scenario
		want   string
	}{
		{"no trial", nil, nil, "at least one trial"},
		{"a scenario too few", []record.Trial{good}, nil, "one scenario for each"},
		{"a trial that failed", []record.Trial{failed}, []Scenario{home}, "ended as failed"},
		{"a command", []record.Trial{command}, []Scenario{home}, "no stations"},
		{"broken statistics", []record.Trial{broken}, []Scenario{home}, "statistics"},
		{"no files", []record.Trial{good}, []Scenario{{Cores: 2}}, "no files"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := Calibrate(row.trials, row.scenes); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("the error is %v, want one that says %q", err, row.want)
			}
		})
	}
	if _, err := Calibrate([]record.Trial{command}, []Scenario{home}); !errors.Is(err, ErrNoStations) {
		t.Errorf("%v is not ErrNoStations", err)
	}
}

func TestBadQuestionsAreRefused(t *testing.T) {
	good, home := config.Default(2), scene(t, "nfs", 10)
	contradictory := good
	contradictory.IO.Workers = 0
	noCores, many := home, home
	noCores.Cores = 0
	many.Cores = 1 << 20
	broken := taught()
	broken.OpenCPUS = math.NaN()
	slow := taught()
	slow.Contention = 0.5
	for _, row := range []struct {
		name string
		p    Parameters
		c    config.Config
		s    Scenario
		want string
	}{
		{"not calibrated", Parameters{}, good, home, "not calibrated"},
		{"a figure that is none", broken, good, home, "open_cpu_s"},
		{"contention below 1", slow, good, home, "contention"},
		{"an invalid configuration", taught(), contradictory, home, "io.workers"},
		{"no cores", taught(), good, noCores, "cores is 0"},
		{"too many cores", taught(), good, many, "1 … 4096"},
		{"no files", taught(), good, Scenario{Cores: 1}, "no files"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := Predict(row.p, row.c, row.s, Options{}); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("the error is %v, want one that says %q", err, row.want)
			}
			if _, err := Bound(row.p, row.c, row.s); err == nil {
				t.Error("Bound accepts it")
			}
		})
	}
}

func TestATrialThatTheModelMissesIsSaid(t *testing.T) {
	home := scene(t, "object-store", 200)
	for _, row := range []struct {
		factor float64 // by which others on the machine drew the trial out
		said   bool
	}{{1, false}, {2, true}} {
		trial := played(t, taught(), home, record.Flat{"io.workers": 16})
		trial.Metrics[record.Wall] *= row.factor
		var told map[string]any
		if err := json.Unmarshal(trial.Stats, &told); err != nil {
			t.Fatal(err)
		}
		told["wall_s"] = told["wall_s"].(float64) * row.factor
		var err error
		if trial.Stats, err = json.Marshal(told); err != nil {
			t.Fatal(err)
		}
		p, err := Calibrate([]record.Trial{trial}, []Scenario{home})
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(strings.Join(p.Unknown, "\n"), "calibrate on a quiet machine"); said != row.said {
			t.Errorf("drawn out by %g: said %v with a residual of %.2f, want %v", row.factor, said, p.Residual.Wall, row.said)
		}
	}
}

func TestWhatLiesBeyondTheCalibrationIsSaid(t *testing.T) {
	s := scene(t, "nfs", 50)
	s.Cores, s.Drawn, s.Corpus, s.Fingerprint = 8, true, "other", "f"
	p := taught()
	p.Fingerprint = "g"
	c := config.Default(8)
	c.CPU.Scheduler, c.CPU.Workers, c.IO.Workers = "inline", 16, 128
	c.CPU.Pin, c.IO.Reader, c.Runtime.GOMAXPROCS, c.Memory.GOGC = "locked", "mmap", 3, -1
	c.IO.Limiter.Algorithm = "vegas"
	got, err := Predict(p, c, s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(append(got.Doubts, got.Ignored...), "\n")
	for _, want := range []string{"extrapolated: unproved", "storage nfs", "scheduler inline", "corpus other", "files drawn", "share a core", "io.workers 128: calibrated on at most 16", "cpu.pin", "io.reader", "io.limiter=vegas", "runtime.gomaxprocs=3", "memory.gogc"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing is said of %q:\n%s", want, all)
		}
	}
	known := config.Default(2)
	known.IO.Workers = 2 * taught().Seen.IOWorkersMax
	same, err := Predict(taught(), known, scene(t, "object-store", 50), Options{})
	if err != nil || len(same.Doubts)+len(same.Ignored) > 0 {
		t.Errorf("what was calibrated on is doubted: %q, %q, %v", same.Doubts, same.Ignored, err)
	}
}

func TestOrders(t *testing.T) {
	files := []File{{"b", 2, 0}, {"a", 2, 0}, {"c", 9, 0}, {"d", 1, 0}}
	for order, want := range map[string]string{"walk": "bacd", "largest-first": "cabd", "smallest-first": "dabc"} {
		got := ""
		for _, f := range ordered(files, order) {
			got += f.Path
		}
		if got != want {
			t.Errorf("%s takes %s, want %s", order, got, want)
		}
	}
	// Giants last leave one analyser alone with the last of them.
	p, s := taught(), scene(t, "local", 400)
	s.Files[len(s.Files)-1] = File{"z", 30e6, Parsed}
	wall := func(order string) float64 {
		c := config.Default(2)
		c.Source.Order = order
		got, err := Predict(p, c, s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return got.WallS.Value
	}
	if first, walk := wall("largest-first"), wall("walk"); first >= walk {
		t.Errorf("largest first takes %v, the walk with a giant at its end %v", first, walk)
	}
}

// Which files are parsed is dealt evenly where it is not known: the sum hardly depends on
// the deal, and is what was calibrated.
func TestCostsAreDealtEvenly(t *testing.T) {
	p := taught()
	for _, bySize := range []bool{true, false} {
		var low, high float64
		for phase := range 20 {
			s := p.Service
			if !bySize {
				s.BySize = nil
			}
			c := newCosts(s, float64(phase)/20)
			sum := 0.0
			for range 1000 {
				service, _ := c.next(5000, Unknown)
				sum += service
			}
			if low == 0 || sum < low {
				low = sum
			}
			high = max(high, sum)
		}
		if most := map[bool]float64{true: 1.02, false: 1.25}[bySize]; high/low > most {
			t.Errorf("by size %v: sums of 1000 files run from %v to %v", bySize, low, high)
		}
		if !bySize {
			near(t, "sum", (low+high)/2, 1000*p.Service.MeanS, 0.05)
		}
	}
}

func TestTheCurveOfReadersIsAsDrawn(t *testing.T) {
	p, s, c := taught(), scene(t, "object-store", 1000), config.Default(2)
	values, err := Values("io.workers", c, s)
	if err != nil {
		t.Fatal(err)
	}
	points, err := Curve(p, c, "io.workers", values, s, Options{Simulations: 3})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, at := range points {
		g := at.Prediction
		fmt.Fprintf(&b, "%4v readers  wall %8.1f ms  p99 %7.1f ms  resident %5.1f MB  bound by %s %s\n", at.Value, g.WallS.Value*1e3, g.SojournP99S.Value*1e3, g.RSSPeakBytes.Value/1e6,
			g.Bounds.Station, strings.Repeat("▒", int(40*points[len(points)-1].Prediction.WallS.Value/g.WallS.Value)))
	}
	knee, ok := Knee(points)
	fmt.Fprintf(&b, "knee at %v (%v)\n", knee.Value, ok)
	const golden = "testdata/curve.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the curve changed (-want +got); -update writes it anew:\n%s", diff)
	}
}

func TestEveryCurveThatIsOfferedCanBeDrawn(t *testing.T) {
	p, s, c := taught(), scene(t, "nfs", 60), config.Default(2)
	drawn := 0
	for _, k := range config.Knobs() {
		values, err := Values(k.Name, c, s)
		if err != nil {
			if !strings.Contains(err.Error(), "does not follow") {
				t.Errorf("%s: %v", k.Name, err)
			}
			continue
		}
		drawn++
		if points, err := Curve(p, c, k.Name, values, s, Options{Simulations: 1}); err != nil || len(points) < 2 {
			t.Errorf("%s: %d points, %v", k.Name, len(points), err)
		}
	}
	if drawn != 9 {
		t.Errorf("%d knobs can be drawn, the documentation says 9", drawn)
	}
	if _, err := Values("io.worker", c, s); err == nil || !strings.Contains(err.Error(), `did you mean "io.workers"`) {
		t.Errorf("a misspelt knob: %v", err)
	}
	if _, err := Curve(p, c, "io.workers", []any{int64(0)}, s, Options{}); err == nil {
		t.Error("a curve of invalid values is drawn")
	}
	if _, ok := Knee(nil); ok {
		t.Error("a curve of nothing has a knee")
	}
}

func TestThePriorKnowsWhichWayIsUp(t *testing.T) {
	for _, metric := range []string{record.Throughput, record.P99, record.RSS} {
		ask, err := Prior(taught(), record.Flat{"io.workers": 8}, scene(t, "object-store", 5000), PriorOptions{Metric: metric})
		if err != nil {
			t.Fatal(err)
		}
		gain, deviation, ok := ask(record.Flat{"io.workers": 8})
		if gain != 0 || deviation <= 0 || !ok {
			t.Errorf("%s: the reference gains %v ± %v over itself", metric, gain, deviation)
		}
		more, _, _ := ask(record.Flat{"io.workers": 512})
		if again, _, _ := ask(record.Flat{"io.workers": 512}); again != more {
			t.Errorf("%s: asked again, the prior says %v, not %v", metric, again, more)
		}
		if up := metric == record.Throughput; up != (more > 0) {
			t.Errorf("%s: 512 readers gain %v over 8", metric, more)
		}
		for _, bad := range []record.Flat{{"io.workers": -1}, {"no.knob": 1}, {"io.limiter": "vegas"}} {
			if _, _, ok := ask(bad); ok {
				t.Errorf("%s: %s has a prior", metric, bad)
			}
		}
	}
	if _, err := Prior(taught(), record.Flat{"io.workers": -1}, scene(t, "nfs", 10), PriorOptions{}); err == nil {
		t.Error("an invalid reference has a prior")
	}
	if _, err := Prior(taught(), record.Flat{}, scene(t, "nfs", 10), PriorOptions{Metric: "luck"}); err == nil {
		t.Error("there is a prior of luck")
	}
}

// A prior sees a part of the files. Its ratios are those of all.
func TestThePriorOfAPartIsNearThatOfAll(t *testing.T) {
	s := scene(t, "object-store", 20_000)
	part, err := Prior(taught(), record.Flat{"io.workers": 8}, s, PriorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := Prior(taught(), record.Flat{"io.workers": 8}, s, PriorOptions{Files: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, readers := range []int{2, 16, 32, 64} {
		a, _, _ := part(record.Flat{"io.workers": readers})
		b, _, _ := all(record.Flat{"io.workers": readers})
		if math.Abs(a-b) > 0.1 {
			t.Errorf("%d readers: %v by a part, %v by all", readers, a, b)
		}
	}
}

func TestDrawnFilesAddUp(t *testing.T) {
	files := Draw(1000, 10e6, 1)
	if sum := totalBytes(files); sum > 10e6 || sum < 9.99e6 {
		t.Errorf("%d bytes are drawn, want 10e6", sum)
	}
	if len(Draw(-1, 5, 1)) != 0 {
		t.Error("fewer than no files are drawn")
	}
}

// Whatever valid configuration and scenario: an answer, finite, its figures in order.
func FuzzPredict(f *testing.F) {
	f.Add(4, 2, 16, 8, 0.002, int64(0), 100, uint8(0), uint8(0), 300, 5.0)
	f.Add(1, 1, 0, 1, 0.0, int64(1<<20), -1, uint8(4), uint8(1), 1, 0.0)
	f.Add(100, 9, 3, 300, 1.0, int64(2<<20), 10, uint8(1), uint8(2), 77, 1e3)
	f.Fuzz(func(t *testing.T, readers, analysers, buffer, batch int, linger float64, budget int64, gogc int, scheduler, order uint8, files int, millis float64) {
		c := config.Default(2)
		c.IO.Workers, c.CPU.Workers, c.Channel.Buffer, c.Channel.Batch = readers, analysers, buffer, batch
		c.Memory.Budget, c.Memory.GOGC = budget, gogc
		if linger >= 0 && linger < 10 {
			c.Channel.Linger = time.Duration(linger * 1e9)
		}
		c.CPU.Scheduler = []string{"queue", "steal", "per-file", "threads", "inline"}[scheduler%5]
		c.Source.Order = []string{"walk", "largest-first", "smallest-first"}[order%3]
		if files < 1 || files > 500 || !(millis >= 0 && millis < 1e4) || c.Validate() != nil {
			t.Skip()
		}
		s := scene(t, "object-store", files)
		s.Storage = storage.Profile{Name: "fuzzed", Median: time.Duration(millis * 1e6), Sigma: 0.5, LinkBytesPerSec: float64(readers) * 1e6}
		got, err := Predict(taught(), c, s, Options{Simulations: 1})
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range map[string]float64{"wall": got.WallS.Value, "p99": got.SojournP99S.Value, "rss": got.RSSPeakBytes.Value, "bound": got.Bounds.WallS} {
			if !(v > 0) || math.IsInf(v, 0) {
				t.Errorf("%s is %v: %s", name, v, c.Flat())
			}
		}
		if got.Bounds.WallS > got.WallS.Value*(1+1e-9) || got.SojournP50S.Value > got.SojournP99S.Value || got.FirstResultS > got.WallS.Value {
			t.Errorf("bound %v, wall %v, p50 %v, p99 %v, first %v: %v", got.Bounds.WallS, got.WallS.Value, got.SojournP50S.Value, got.SojournP99S.Value, got.FirstResultS, record.Flat(c.Flat()))
		}
	})
}
