package lab_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/harness/lab"
	"sluice/harness/record"
)

// sentinels are reference trials one minute apart whose wall time is a function
// of their number, with other trials between them that must not be read.
func sentinels(n int, wallS func(i int) float64) []record.Trial {
	var trials []record.Trial
	start := time.Unix(1e9, 0)
	for i := range n {
		reference := record.Trial{
			Scenario: "s", Phase: record.Grid, Block: i, Slot: i % 2, Arm: lab.Reference, Status: record.OK, Started: start.Add(time.Duration(i) * time.Minute),
			Sample: record.Sample{Fingerprint: fmt.Sprint(i)}, Metrics: map[string]float64{record.Wall: wallS(i), lab.CostS: 30},
		}
		other, failed, aside, warm, elsewhere := reference, reference, reference, reference, reference
		other.Arm, other.Slot = "c00", 1-i%2
		failed.Status, failed.Slot = record.Failed, 2
		aside.SetAside, aside.Attempt = "others", 1
		warm.Phase = record.Calibration
		elsewhere.Scenario = "t"
		for _, t := range []*record.Trial{&other, &failed, &aside, &warm, &elsewhere} {
			t.Metrics = map[string]float64{record.Wall: 1000 / float64(i+1), lab.CostS: 30}
		}
		trials = append(trials, reference, other, failed, aside, warm, elsewhere)
	}
	return trials
}

func TestDriftOfTheReferenceIsFoundPerHour(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	trials := sentinels(61, func(i int) float64 { // 6 % in the hour
		return math.Exp(math.Log(1.06)*float64(i)/60 + 0.005*rng.NormFloat64())
	})
	d := lab.Order(trials, record.Wall)
	if d.N != 61 || d.Over != time.Hour || math.Abs(d.DriftPerHour-0.06) > 0.01 || d.DriftP > 0.001 {
		t.Errorf("%+v, want about 6 %% an hour over 61 trials", d)
	}
	words := strings.Join(d.Words(), "\n")
	for _, want := range []string{"wall_s rose by ", "an hour, p < 0.001", "pairs within blocks cancel it"} {
		if !strings.Contains(words, want) {
			t.Errorf("words %q, want %q in them", words, want)
		}
	}
}

func TestDriftOfAShortRunIsNotToldByTheHour(t *testing.T) {
	trials := sentinels(61, func(i int) float64 { return math.Exp(0.001 * float64(i)) })
	start := trials[0].Started
	for i := range trials {
		trials[i].Started = start.Add(trials[i].Started.Sub(start) / 3600)
	}
	words := strings.Join(lab.Order(trials, record.Wall).Words(), "\n")
	if !strings.Contains(words, "rose by 6.") || strings.Contains(words, "an hour") {
		t.Errorf("words %q, want the 6 %% of a second and no guess of an hour", words)
	}
}

func TestSteadyReferenceIsNotWarnedAbout(t *testing.T) {
	warned := 0
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 2))
		if len(lab.Order(sentinels(20, func(int) float64 { return math.Exp(0.05 * rng.NormFloat64()) }), record.Wall).Words()) > 0 {
			warned++
		}
	}
	// Two tests at 1 %, one of them one-sided: 6 of 400 expected, at most 2 % and 3 standard deviations.
	if warned > 16 {
		t.Errorf("%d of 400 steady runs warned about, want at most 16", warned)
	}
}

func TestSlowWandererIsAutocorrelated(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	level := 0.0
	d := lab.Order(sentinels(60, func(int) float64 {
		level = 0.9*level + 0.05*rng.NormFloat64()
		return math.Exp(level)
	}), record.Wall)
	if d.Autocorrelation < 0.5 || d.AutocorrelationP > 0.001 {
		t.Errorf("%+v, want a strong autocorrelation", d)
	}
	if words := strings.Join(d.Words(), "\n"); !strings.Contains(words, "foretells the next") {
		t.Errorf("words %q, want the correlation among them", words)
	}
}

// A round of several blocks scans one sample several times; samples that differ
// must not look like a machine that wanders.
func TestSamplesThatDifferAreNotAWanderingMachine(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	sizes := make([]float64, 30)
	for i := range sizes {
		sizes[i] = math.Exp(0.3 * rng.NormFloat64())
	}
	trials := sentinels(90, func(i int) float64 { return sizes[i/3] * math.Exp(0.01*rng.NormFloat64()) })
	for i := range trials {
		trials[i].Sample.Fingerprint = fmt.Sprint(trials[i].Block / 3)
	}
	if d := lab.Order(trials, record.Wall); d.N != 30 || d.AutocorrelationP < 0.01 {
		t.Errorf("%+v, want one value for each of 30 samples, and no correlation", d)
	}
}

func TestClockSetBackDoesNotChangeTheOrder(t *testing.T) {
	rising := func(i int) float64 { return math.Exp(float64(i) / 100) }
	trials := sentinels(61, rising)
	want := lab.Order(trials, record.Wall)
	for i := range trials {
		if trials[i].Block >= 30 {
			trials[i].Started = trials[i].Started.Add(-5 * time.Hour)
		}
	}
	slices.Reverse(trials)
	trials = slices.DeleteFunc(trials, func(t record.Trial) bool { return t.Scenario != "s" })
	got := lab.Order(trials, record.Wall)
	if got.DriftP != want.DriftP || got.Autocorrelation != want.Autocorrelation || got.DriftPerHour <= 0 || got.Over <= 0 {
		t.Errorf("with the clock set back %+v, else %+v; want the same order", got, want)
	}
}

func TestTooFewSentinelsSayNothing(t *testing.T) {
	for n := range 6 {
		d := lab.Order(sentinels(n, func(i int) float64 { return float64(i + 1) }), record.Wall)
		if d.N != n || d.DriftP != 1 || d.AutocorrelationP != 1 || d.Words() != nil {
			t.Errorf("%d trials: %+v, want nothing said", n, d)
		}
	}
}
