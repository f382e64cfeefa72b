// Package reportstest makes reports as a real run would leave them: seeded, with
// noise, failures and warnings, so that words, pictures and pages can be tested
// and looked at without measuring anything.
//
// The figures come from a small model of the scanner on two cores (reading is
// bounded by readers ÷ latency, analysis by two cores); they are plausible, not
// measured.
package reportstest

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"sluice/harness/record"
)

const (
	cores     = 2
	runID     = "20261121T071500-3f9a"
	fileBytes = 9300.0 // mean size of a file of the corpus
)

// Tune is a finished tuning run over two storage profiles: one in which much is
// gained (nfs) and one in which nothing is shown (local).
func Tune(seed uint64) record.Report {
	g := newGenerator(seed)
	run := g.run("tune", "goroot", "sluice tune corpus:goroot --storage local,nfs --reference naive --also go-idiom --seed 1")
	return record.Report{Run: run, Outcomes: []record.Outcome{g.tuned("local"), g.tuned("nfs")}}
}

// Grid is a finished experiment: the readers and analysers crossed, 6 pairs for
// each of 12 configurations, two storage profiles.
func Grid(seed uint64) record.Report {
	g := newGenerator(seed)
	run := g.run("run", "pool-split", "sluice run experiments/pool-split.yaml")
	run.Question = "How should the cores be split between reading and analysing?"
	return record.Report{Run: run, Outcomes: []record.Outcome{g.grid("local"), g.grid("nfs")}}
}

// Compare is a finished comparison of two presets, with one trial that was killed.
func Compare(seed uint64) record.Report {
	g := newGenerator(seed)
	run := g.run("compare", "goroot", "sluice compare naive go-idiom corpus:goroot --storage nfs")
	run.Reference = "naive"
	return record.Report{Run: run, Outcomes: []record.Outcome{g.compared("nfs")}}
}

// Target is a run that tuned a foreign command with knobs and a metric of its
// own, interrupted before anything was confirmed.
func Target(seed uint64) record.Report {
	g := newGenerator(seed)
	run := g.run("tune", "ripgrep-threads", "sluice tune --target ripgrep.yaml")
	run.Reference, run.State = "defaults", "interrupted"
	scenario := record.Scenario{Name: "ripgrep-threads", Cores: cores}
	outcome := record.Outcome{Scenario: scenario}
	for block := range 5 {
		for slot, threads := range []int{2, 1, 4, 8, 32} {
			trial := g.trial(scenario, record.Search, block, slot, fmt.Sprintf("c%02d", slot), record.Flat{"threads": threads, "gogc": 100 << (slot % 2)})
			speed := 4000 * math.Min(float64(threads), 2.2) * g.noise(0.03)
			trial.Metrics = map[string]float64{"throughput": speed, record.Wall: 9000 / speed, record.CPU: 1.6 * g.noise(0.01), record.RSS: 9e6 + 4e5*float64(threads)}
			outcome.Trials = append(outcome.Trials, trial)
		}
	}
	return record.Report{Run: run, Outcomes: []record.Outcome{outcome}}
}

type generator struct {
	rng   *rand.Rand
	clock time.Time
}

func newGenerator(seed uint64) *generator {
	return &generator{rng: rand.New(rand.NewPCG(seed, 7)), clock: time.Date(2026, 11, 21, 7, 15, 0, 0, time.UTC)}
}

// noise is a factor around 1 with the given standard deviation of its logarithm.
func (g *generator) noise(sigma float64) float64 { return math.Exp(sigma * g.rng.NormFloat64()) }

func (g *generator) run(kind, name, command string) record.Run {
	return record.Run{
		ID: runID, Kind: kind, Name: name, Command: command, Seed: 1, Version: "0.1.0",
		Started: g.clock, Finished: g.clock.Add(171 * time.Second), State: "done",
		Machine: machine(), Reference: "naive",
	}
}

func machine() record.Machine {
	return record.Machine{
		Class: "linux-amd64-2c-24g", UsableCores: cores, MemoryBytes: 24 << 30,
		Detail: map[string]string{"cpu": "AMD EPYC 7B13", "kernel": "6.1.0", "go": "go1.26.8", "filesystem": "ext4", "governor": "performance"},
		Absent: []string{"hardware counters", "cpu frequency"},
	}
}

func scenario(storage string) record.Scenario {
	return record.Scenario{
		Name: "goroot/" + storage + "/2c", Corpus: "goroot", Root: "/usr/local/go/src", Fingerprint: "sha256:6b1f0c9d2a",
		Files: 9871, Bytes: 91_800_000, Storage: storage, Cores: cores,
	}
}

// Naive is the configuration of the preset naive on two cores, flat and whole.
func Naive() record.Flat {
	return record.Flat{
		"source.order": "walk",
		"io.workers":   2, "io.reader": "read", "io.limiter": "none",
		"cpu.workers": 2, "cpu.scheduler": "queue", "cpu.pin": "none", "cpu.limiter": "none",
		"clone.workers": 4, "clone.limiter": "none",
		"channel.buffer": 100, "channel.batch": 1, "channel.linger": 0.002,
		"memory.budget": "none", "memory.gogc": 100, "memory.gomemlimit": "none", "memory.arenas": 0,
		"runtime.gomaxprocs": 2,
	}
}

func with(changes record.Flat) record.Flat {
	flat := Naive()
	maps.Copy(flat, changes)
	return flat
}

func goIdiom() record.Flat {
	return with(record.Flat{"io.workers": 64, "cpu.workers": 64, "cpu.scheduler": "per-file"})
}

// metrics is the model: what one trial of a configuration would have shown.
func (g *generator) metrics(config record.Flat, storage string) map[string]float64 {
	io, cpu := number(config["io.workers"]), number(config["cpu.workers"])
	buffer, gogc := number(config["channel.buffer"]), number(config["memory.gogc"])
	latency := 0.00005
	if storage == "nfs" {
		latency = 0.00567
	}
	read := io / latency                           // files/s that the readers can bring
	compute := 1290 * math.Min(cpu, cores)         // files/s that the analysers can take
	compute *= 1 - 0.004*math.Max(0, cpu-cores)    // switching
	compute *= 0.97 + 0.03*math.Min(gogc, 400)/400 // the collector
	files := 1 / math.Pow(math.Pow(read, -6)+math.Pow(compute, -6), 1.0/6)
	files *= g.noise(0.008)
	waiting := math.Min(buffer, 2*io) * math.Max(0, 1-compute/read)
	p50 := latency + (1+waiting)/compute
	rss := 46e6 + 1.1e6*io + 5.2e6*cpu + 0.012e6*buffer + 6e4*gogc
	if config["cpu.scheduler"] == "per-file" {
		p50 = 64 / files
		rss += 55e6
	}
	bytes := files * fileBytes
	wall := 14e6 / bytes
	return map[string]float64{
		record.Throughput: bytes, record.FilesPerS: files,
		record.Wall: wall, record.ProcessWall: wall + 0.041*g.noise(0.1), record.CPU: 0.00071 * 14e6 / fileBytes * g.noise(0.006),
		record.P50: p50 * g.noise(0.02), record.P99: (p50*3.1 + 0.006) * g.noise(0.07),
		record.FirstResult: (latency + 0.004) * g.noise(0.1), record.RSS: rss * g.noise(0.012),
	}
}

func (g *generator) trial(s record.Scenario, phase record.Phase, block, slot int, arm string, config record.Flat) record.Trial {
	g.clock = g.clock.Add(1300 * time.Millisecond)
	return record.Trial{
		Run: runID, Scenario: s.Name, Phase: phase, Block: block, Slot: slot, Arm: arm, Config: config,
		Sample:  record.Sample{Seed: 1, Index: block, Files: 1507, Bytes: 14_000_000, Fidelity: 0.1525, Fingerprint: "sha256:91ac"},
		Status:  record.OK,
		Started: g.clock, FindingsDigest: "sha256:5d41402a", OthersCPUShare: math.Abs(0.012 * g.rng.NormFloat64()),
		Command: []string{"sluice", "scan", "--files-from", ".sluice/samples/91ac.txt", "--root", s.Root, "--storage", s.Storage, "--seed", "1", "--block", fmt.Sprint(block), "--set", "io.workers=" + fmt.Sprint(config["io.workers"])},
	}
}

// block measures arms once each on one sample.
func (g *generator) block(s record.Scenario, phase record.Phase, block int, arms []record.Arm) []record.Trial {
	trials := make([]record.Trial, 0, len(arms))
	shared := g.noise(0.02) // what a block's sample adds to all of its trials
	for slot, arm := range arms {
		trial := g.trial(s, phase, block, slot, arm.Name, arm.Config)
		trial.Metrics = g.metrics(arm.Config, s.Storage)
		trial.Metrics[record.Throughput] *= shared
		trial.Metrics[record.FilesPerS] *= shared
		trial.Metrics[record.Wall] /= shared
		trials = append(trials, trial)
	}
	return trials
}

func (g *generator) tuned(storage string) record.Outcome {
	s := scenario(storage)
	reference := record.Arm{Name: "reference", Config: Naive()}
	outcome := record.Outcome{Scenario: s}
	outcome.Trials = append(outcome.Trials, g.block(s, record.Warmup, 0, []record.Arm{reference})...)
	outcome.Trials = append(outcome.Trials, g.block(s, record.Calibration, 0, []record.Arm{reference, reference})...)
	for block := range 10 {
		arms := []record.Arm{reference}
		for slot := range 4 {
			arms = append(arms, record.Arm{Name: fmt.Sprintf("c%02d", 4*block+slot), Config: g.candidate()})
		}
		outcome.Trials = append(outcome.Trials, g.block(s, record.Search, block, arms)...)
	}
	killed := &outcome.Trials[20]
	killed.Status, killed.Reason, killed.Metrics = record.TimedOut, "no result after 18 s; stopped", map[string]float64{}

	chosen := record.Arm{Name: "c17", Config: with(record.Flat{"io.workers": 16, "channel.buffer": 16, "channel.batch": 4, "memory.gogc": 200})}
	fastest := record.Arm{Name: "c31", Config: with(record.Flat{"io.workers": 48, "cpu.workers": 3, "channel.buffer": 700, "channel.batch": 16, "memory.gogc": 400})}
	idiom := record.Arm{Name: "go-idiom", Config: goIdiom()}
	for block := range 7 {
		outcome.Trials = append(outcome.Trials, g.block(s, record.Confirmation, block, []record.Arm{reference, fastest, chosen, idiom})...)
	}
	outcome.Recommendation = g.recommend(s, outcome.Trials, reference, chosen, []record.Arm{fastest, idiom})
	return outcome
}

func (g *generator) candidate() record.Flat {
	pick := func(values ...int) int { return values[g.rng.IntN(len(values))] }
	return with(record.Flat{
		"io.workers": int(math.Exp2(6 * g.rng.Float64())), "cpu.workers": 1 + g.rng.IntN(4),
		"channel.buffer": pick(0, 4, 16, 64, 250, 1000), "channel.batch": pick(1, 4, 16, 64), "memory.gogc": pick(50, 100, 200, 400),
	})
}

func (g *generator) recommend(s record.Scenario, trials []record.Trial, reference, chosen record.Arm, also []record.Arm) *record.Recommendation {
	of := func(arm record.Arm) record.Arm { return Arm(trials, record.Confirmation, arm, reference.Name) }
	r := &record.Recommendation{
		Schema: "sluice.recommendation/v1", Run: runID, Verdict: record.Better, Step: record.Throughput,
		Goal:    record.Goal{Objective: "balanced", Require: []string{"rss<512MiB"}},
		Machine: machine(), Scenario: s, Measurements: len(trials), ConfirmedBlocks: 7, Fidelity: 0.1525,
		Reference: of(reference), Recommended: of(chosen), Warnings: []string{}, Indistinguishable: []record.Arm{},
	}
	for _, arm := range also {
		r.Also = append(r.Also, of(arm))
	}
	r.Gain = r.Recommended.Ratios
	r.Wrote = "sluice.nfs.yaml"
	r.Indistinguishable = []record.Arm{{Name: "c22", Config: with(record.Flat{"io.workers": 14, "channel.buffer": 64, "channel.batch": 4, "memory.gogc": 200})}}
	if s.Storage == "local" {
		candidate := r.Recommended
		ratio := candidate.Ratios[record.Throughput]
		ratio.Verdict, ratio.Needed = record.Undecided, 23
		candidate.Ratios[record.Throughput] = ratio
		r.Verdict, r.Step, r.Candidate, r.Recommended, r.Wrote = record.Undecided, record.Throughput, &candidate, r.Reference, "sluice.yaml"
		r.Indistinguishable = []record.Arm{}
		r.Warnings = append(r.Warnings, "others used up to 4 % of the machine while trials ran; on a quieter machine the interval would be narrower")
	}
	return r
}

func (g *generator) grid(storage string) record.Outcome {
	s := scenario(storage)
	reference := record.Arm{Name: "reference", Config: Naive()}
	var arms []record.Arm
	for _, io := range []int{1, 4, 16, 64} {
		for _, cpu := range []int{1, 2, 4} {
			arms = append(arms, record.Arm{Name: fmt.Sprintf("g%02d", len(arms)), Config: with(record.Flat{"io.workers": io, "cpu.workers": cpu})})
		}
	}
	outcome := record.Outcome{Scenario: s}
	for block := range 18 {
		part := arms[4*(block%3) : 4*(block%3)+4]
		outcome.Trials = append(outcome.Trials, g.block(s, record.Grid, block, append([]record.Arm{reference}, part...))...)
	}
	grid := &record.GridResult{
		Schema: "sluice.grid/v1", Run: runID, Machine: machine(), Scenario: s, Goal: record.Goal{Objective: "balanced", Require: []string{"rss<1GiB"}}, Blocks: 6,
		Warnings: []string{"12 configurations were compared, each at 95 %: expect one in twenty to look different by chance; the best of them is inflated by selection (`sluice tune` confirms a choice)"},
	}
	grid.Reference = Arm(outcome.Trials, record.Grid, reference, reference.Name)
	for _, arm := range arms {
		grid.Arms = append(grid.Arms, Arm(outcome.Trials, record.Grid, arm, reference.Name))
	}
	slices.SortFunc(grid.Arms, func(a, b record.Arm) int {
		if a.Ratios[record.Throughput].Ratio > b.Ratios[record.Throughput].Ratio {
			return -1
		}
		return 1
	})
	outcome.Grid = grid
	return outcome
}

func (g *generator) compared(storage string) record.Outcome {
	s := scenario(storage)
	a, b := record.Arm{Name: "naive", Config: Naive()}, record.Arm{Name: "go-idiom", Config: goIdiom()}
	outcome := record.Outcome{Scenario: s}
	for block := range 10 {
		outcome.Trials = append(outcome.Trials, g.block(s, record.Comparison, block, []record.Arm{a, b})...)
	}
	killed := &outcome.Trials[5]
	killed.Status, killed.Reason, killed.Metrics = record.Killed, "signal: killed", map[string]float64{}
	b = Arm(outcome.Trials, record.Comparison, b, a.Name)
	outcome.Compare = &record.CompareResult{
		Schema: "sluice.comparison/v1", Run: runID, Verdict: b.Ratios[record.Throughput].Verdict, Goal: record.Goal{Objective: record.Throughput, Require: []string{}},
		Machine: machine(), Scenario: s, Blocks: 10, A: Arm(outcome.Trials, record.Comparison, a, a.Name), B: b, Ratios: b.Ratios, Warnings: []string{},
	}
	return outcome
}

func number(value any) float64 {
	if whole, ok := value.(int); ok {
		return float64(whole)
	}
	return 0
}
