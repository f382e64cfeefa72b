package observe

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A quantity that is 10 for the first 1.5 ms of every 5 ms is 3 on average. A look
// every 5 ms would see 10 always or never.
func TestTheGaugeDoesNotKeepStepWithTheScan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		m := NewMonitor(MonitorOptions{Seed: 1, Sample: 5 * time.Millisecond, InFlight: func() (files, bytes int64) {
			if time.Since(begin)%(5*time.Millisecond) < 1500*time.Microsecond {
				return 10, 1000
			}
			return 0, 0
		}})
		m.Start(func() time.Duration { return time.Since(begin) })
		<-time.After(100 * time.Second)
		got := m.Stop()
		if n := float64(got.InFlight.N); math.Abs(n-20_000) > 4*math.Sqrt(20_000) {
			t.Errorf("%v samples in 100 s, want some 20000", n)
		}
		if e := got.InFlight.StandardError; math.Abs(got.InFlight.Mean-3) > 4*e || e > 0.1 {
			t.Errorf("mean is %v ± %v, want 3", got.InFlight.Mean, e)
		}
		if got.InFlight.Max != 10 || got.InFlightBytes.Max != 1000 {
			t.Errorf("maxima are %v files and %v bytes, want 10 and 1000", got.InFlight.Max, got.InFlightBytes.Max)
		}
		if got.LateMaxS != 0 {
			t.Errorf("looks were up to %v s late in virtual time", got.LateMaxS)
		}
	})
}

// Three workers, exponential service, a queue that fills and empties.
func TestLittlesLawHoldsForASampledGauge(t *testing.T) {
	const seed, files, workers = 7, 20_000, 3
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, seed))
		begin := time.Now()
		now := func() time.Duration { return time.Since(begin) }
		source := new(Tally)
		tallies := []*Tally{source}
		queue := make(chan time.Duration, files)
		m := NewMonitor(MonitorOptions{Seed: seed, InFlight: func() (int64, int64) { return InFlight(tallies) }})
		sojourns := make([]time.Duration, workers)
		var pool sync.WaitGroup
		for i := range workers {
			tally, rng := new(Tally), rand.New(rand.NewPCG(seed, uint64(i)))
			tallies = append(tallies, tally)
			pool.Go(func() {
				for taken := range queue {
					<-time.After(time.Duration(rng.ExpFloat64() * float64(2500*time.Microsecond)))
					sojourns[i] += now() - taken
					tally.Leave(1, 100)
				}
			})
		}
		m.Start(now)
		for range files {
			<-time.After(time.Duration(rng.ExpFloat64() * float64(time.Millisecond)))
			source.Enter(1, 100)
			queue <- now()
		}
		close(queue)
		pool.Wait()
		wall := now()
		got := m.Stop()
		var sum time.Duration
		for _, d := range sojourns {
			sum += d
		}
		ratio := Little(got.InFlight.Mean, files/wall.Seconds(), sum.Seconds()/files)
		if tolerance := 4 * got.InFlight.StandardError / got.InFlight.Mean; math.Abs(ratio-1) > tolerance || tolerance > 0.3 {
			t.Errorf("L is %v times λW, want 1 within %v; L is %+v (seed %d)", ratio, tolerance, got.InFlight, seed)
		}
	})
}

func TestLittleOfNothingIsZero(t *testing.T) {
	if got := Little(3, 0, 1) + Little(3, 1, 0); got != 0 {
		t.Errorf("got %v, want 0", got)
	}
	if got := Little(6, 2, 3); got != 1 {
		t.Errorf("got %v, want 1", got)
	}
}

// Neighbours that are alike (ρ = 0.9) make the error of the mean √19 = 4.4 times what
// independent samples would have. Batch means find it, so that 2.1 errors about the mean
// hold the truth in most runs; the naive error would in a third of them.
func TestTheStandardErrorKnowsThatSamplesAreAlike(t *testing.T) {
	const runs, samples, rho = 400, 4000, 0.9
	rng := rand.New(rand.NewPCG(3, 4))
	batched, naive := 0, 0
	for range runs {
		var s batches
		x, squares := rng.NormFloat64(), 0.0
		for range samples {
			x = rho*x + math.Sqrt(1-rho*rho)*rng.NormFloat64()
			s.add(x)
			squares += x * x
		}
		got := s.average()
		if got.Batches < 16 || got.Batches >= mostBatches {
			t.Fatalf("%d batches of %d samples", got.Batches, samples)
		}
		if math.Abs(got.Mean) < 2.1*got.StandardError {
			batched++
		}
		if math.Abs(got.Mean) < 2.1*math.Sqrt(squares)/samples {
			naive++
		}
	}
	if batched < runs*88/100 || naive > runs/2 {
		t.Errorf("the truth is within 2.1 errors in %d of %d runs by batches and in %d naively", batched, runs, naive)
	}
}

func TestAveragesOfFewSamples(t *testing.T) {
	for _, row := range []struct {
		samples []float64
		want    Average
	}{
		{nil, Average{}},
		{[]float64{4}, Average{N: 1, Mean: 4, Max: 4, Batches: 1}},
		{[]float64{4, 6}, Average{N: 2, Mean: 5, Max: 6, Batches: 2, StandardError: 1}},
	} {
		var s batches
		for _, x := range row.samples {
			s.add(x)
		}
		if got := s.average(); got != row.want {
			t.Errorf("%v: got %+v, want %+v", row.samples, got, row.want)
		}
	}
}
