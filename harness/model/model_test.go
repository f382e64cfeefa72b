package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"sluice/harness/record"
	"sluice/scanner/config"
	"sluice/workloads/storage"
)

// plain is a network without any overhead.
func plain(readers, analysers int) network {
	return network{readers: readers, analysers: analysers, buffer: 1 << 20, batch: 1, cores: 1024, contention: 1}
}

// even are jobs that are all alike.
func even(n int, latency, service float64) []job {
	jobs := make([]job, n)
	for i := range jobs {
		jobs[i] = job{latency: latency, service: service, bytes: 1000}
	}
	return jobs
}

// mixed are jobs with lognormal latencies and services.
func mixed(n int, seed uint64) []job {
	rng := rand.New(rand.NewPCG(seed, 1))
	jobs := make([]job, n)
	for i := range jobs {
		jobs[i] = job{latency: 0.005 * math.Exp(0.5*rng.NormFloat64()), service: 0.001 * math.Exp(rng.NormFloat64()), bytes: math.Ceil(5000 * math.Exp(rng.NormFloat64())), tree: 1000}
	}
	return jobs
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Abs(want) {
		t.Errorf("%s is %v, want %v within %v", what, got, want, tolerance)
	}
}

func TestClosedForms(t *testing.T) {
	const n = 1000
	var s simulator
	t.Run("one reader and one analyser: the slower station's sum, and the other's once", func(t *testing.T) {
		o := s.run(plain(1, 1), even(n, 0.010, 0.004))
		near(t, "wall", o.wall, n*0.010+0.004, 1e-9)
		near(t, "first", o.first, 0.014, 1e-9)
		near(t, "p99", o.p99, 0.014, 1e-9)
		o = s.run(plain(1, 1), even(n, 0.004, 0.010))
		near(t, "wall", o.wall, 0.004+n*0.010, 1e-9)
	})
	t.Run("readers in parallel: as many rounds as they need", func(t *testing.T) {
		near(t, "wall", s.run(plain(16, 16), even(n, 0.020, 0.001)).wall, math.Ceil(n/16.)*0.020+0.001, 1e-9)
	})
	t.Run("one worker that does both: the sum of all", func(t *testing.T) {
		net := plain(1, 1)
		net.slots = 1
		near(t, "wall", s.run(net, even(n, 0.010, 0.004)).wall, n*0.014, 1e-9)
	})
	t.Run("more analysers than cores share them", func(t *testing.T) {
		net := plain(64, 8)
		net.cores = 2
		near(t, "wall", s.run(net, even(n, 0.001, 0.010)).wall, n*0.010/2, 0.01)
	})
	t.Run("contention stretches work on all cores", func(t *testing.T) {
		net := plain(64, 2)
		net.cores, net.contention = 2, 1.2
		near(t, "wall", s.run(net, even(n, 0.001, 0.010)).wall, n*0.010/2*1.2, 0.01)
	})
	t.Run("the link serves one at a time", func(t *testing.T) {
		net := plain(64, 64)
		net.link = 1e5 // 10 ms a file
		near(t, "wall", s.run(net, even(n, 0.001, 0.001)).wall, 0.001+n*0.010+0.001, 1e-6)
	})
	t.Run("an unbuffered channel holds readers up", func(t *testing.T) {
		net := plain(4, 1)
		net.buffer = 0
		o := s.run(net, even(n, 0.001, 0.010))
		near(t, "in flight", o.inFlight, 5, 0.02) // four hold theirs, one is analysed
	})
	t.Run("a budget for one file is a lock", func(t *testing.T) {
		net := plain(8, 8)
		net.budget, net.budgetFile = 1, 1
		net.readCPU = 0.002
		near(t, "wall", s.run(net, even(n, 0.001, 0.003)).wall, 0.001+n*0.005, 0.01)
	})
	t.Run("a lone file waits for company as long as it may", func(t *testing.T) {
		net := plain(1, 1)
		net.batch, net.linger = 100, 0.5
		o := s.run(net, even(2, 1, 0.001))
		near(t, "wall", o.wall, 2.001, 1e-9)   // the last batch leaves when nobody reads any more
		near(t, "first", o.first, 1.501, 1e-9) // the first after its linger
	})
}

// The machine repairman (K customers, exponential thinking, one exponential server) has
// a closed solution, Erlang's. The pipeline is one where a slot is held for a file's
// whole way.
func TestTheMachineRepairman(t *testing.T) {
	const customers, think, service, n = 6, 0.010, 0.003, 200_000
	rng := rand.New(rand.NewPCG(8, 9))
	jobs := make([]job, n)
	for i := range jobs {
		jobs[i] = job{latency: think * rng.ExpFloat64(), service: service * rng.ExpFloat64()}
	}
	net := plain(customers, 1)
	net.slots = customers
	var s simulator
	o := s.run(net, jobs)
	weights, sum := 1.0, 0.0
	for k := range customers + 1 {
		if k > 0 {
			weights *= float64(customers-k+1) * service / think
		}
		sum += weights
	}
	near(t, "utilisation", o.workBusy, 1-1/sum, 0.01)
	near(t, "throughput", n/o.wall, (1-1/sum)/service, 0.01)
}

// Arrivals of many slow readers are nearly Poisson: the wait before one server of even
// service is that of M/D/1, ρ·s ÷ 2(1 − ρ) (Pollaczek and Khinchine).
func TestManyReadersBeforeOneAnalyserAreNearlyMD1(t *testing.T) {
	const n, readers, think, service = 300_000, 600, 1.0, 0.001
	rng := rand.New(rand.NewPCG(8, 10))
	jobs := make([]job, n)
	for i := range jobs {
		jobs[i] = job{latency: think * rng.ExpFloat64(), service: service}
	}
	var s simulator
	o := s.run(plain(readers, 1), jobs)
	rho := readers * service / think
	near(t, "wait", o.mean-o.readMean-o.workMean, rho*service/(2*(1-rho)), 0.05)
}

func anyNetwork(rng *rand.Rand) network {
	net := network{
		readers: 1 + rng.IntN(40), analysers: 1 + rng.IntN(6), buffer: rng.IntN(20), batch: 1 + rng.IntN(20)*rng.IntN(2),
		linger: 0.002, steal: rng.IntN(2) == 0, cores: 1 + rng.IntN(4), contention: 1 + rng.Float64()/2,
		openCPU: 50e-6 * rng.Float64(), readCPU: 30e-6, late: 20e-6, handFile: 2e-6, handRead: 3e-6, wake: 15e-6, budgetRatio: 30, budgetFile: 65536,
	}
	if rng.IntN(3) == 0 {
		net.slots, net.batch, net.buffer = max(net.readers, net.analysers), 1, 0
	}
	if rng.IntN(3) == 0 {
		net.budget = float64(int64(1) << (10 + rng.IntN(16)))
	}
	if rng.IntN(2) == 0 {
		net.link = 1e6 * (1 + 200*rng.Float64())
	}
	return net
}

// Every file ends once, whatever the network; Little's law holds; nobody beats the bound;
// a second run, and one with other runs between, is the same.
func TestAnyNetworkKeepsTheLaws(t *testing.T) {
	var s, again simulator
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 3))
		net, jobs := anyNetwork(rng), mixed(1+rng.IntN(400), seed)
		if rng.IntN(4) == 0 {
			for i := range jobs {
				jobs[i].latency = 0 // a local disk
			}
		}
		o := s.run(net, jobs)
		if o.done != len(jobs) {
			t.Fatalf("seed %d: %d of %d files ended: %+v", seed, o.done, len(jobs), net)
		}
		if s.inSystem != 0 || s.reading != 0 || s.working != 0 || math.Abs(s.held) > 1e-6 || s.queueN != 0 || s.line != none || s.open != none {
			t.Fatalf("seed %d: something is left: %+v", seed, net)
		}
		if little := o.inFlight * o.wall / (float64(o.done) * o.mean); math.Abs(little-1) > 1e-9 {
			t.Errorf("seed %d: L is %v times λW", seed, little)
		}
		if b := bounds(net, 0, jobs); b.WallS > o.wall*(1+1e-9) {
			t.Errorf("seed %d: the bound is %v (%s), the simulation took %v: %+v", seed, b.WallS, b.Station, o.wall, net)
		}
		if other := again.run(net, jobs); other != o {
			t.Errorf("seed %d: a second run differs: %+v, %+v", seed, o, other)
		}
	}
}

func TestMoreLatencyNeverHelpsOneReader(t *testing.T) {
	var s simulator
	before := 0.0
	for _, factor := range []float64{0.1, 0.5, 1, 2, 4, 8} {
		jobs := mixed(500, 4)
		for i := range jobs {
			jobs[i].latency *= factor
		}
		net := anyNetwork(rand.New(rand.NewPCG(1, 1)))
		net.readers, net.slots, net.budget = 8, 0, 0
		wall := s.run(net, jobs).wall
		if wall < before {
			t.Errorf("latency ×%v takes %v, less than before: %v", factor, wall, before)
		}
		before = wall
	}
}

// Mean-value analysis is an estimate: it is near where one station is the bottleneck, and
// pessimistic where two are.
func TestMeanValueAnalysisIsNearTheSimulation(t *testing.T) {
	var s simulator
	for _, readers := range []int{2, 4, 16, 64} {
		for _, analysers := range []int{1, 2} {
			t.Run(fmt.Sprintf("readers=%d/analysers=%d", readers, analysers), func(t *testing.T) {
				net, jobs := plain(readers, analysers), mixed(5000, 7)
				net.cores = 2
				net.buffer = 16
				tolerance := 0.06
				if balance := float64(readers) / 5.7 / float64(analysers) * 1.65; balance > 0.4 && balance < 2.5 {
					tolerance = 0.2
				}
				near(t, "estimate", bounds(net, 0, jobs).EstimateS, s.run(net, jobs).wall, tolerance)
			})
		}
	}
}

func TestQuantileIsTheRank(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	x := make([]float64, 1000)
	for i, v := range rng.Perm(1000) {
		x[i] = float64(v)
	}
	for q, want := range map[float64]float64{0.5: 499, 0.99: 989, 1: 999, 0.0001: 0} {
		if got := quantile(x, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func TestASimulationAllocatesNothingForAFile(t *testing.T) {
	var s simulator
	net, jobs := anyNetwork(rand.New(rand.NewPCG(1, 1))), mixed(5000, 1)
	s.run(net, jobs)
	if n := testing.AllocsPerRun(3, func() { s.run(net, jobs) }); n > 0 {
		t.Errorf("%v allocations in a run of 5000 files", n)
	}
}

// A million files on an object store, draws included.
func BenchmarkPredict(b *testing.B) {
	p, c := taught(), config.Default(2)
	c.IO.Workers = 64
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprintf("files=%d", n), func(b *testing.B) {
			s := scene(b, "object-store", n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Predict(p, c, s, Options{Simulations: 1}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/file")
		})
	}
}

func BenchmarkSimulate(b *testing.B) {
	jobs := mixed(1_000_000, 1)
	net := plain(64, 2)
	net.cores, net.buffer, net.link, net.openCPU, net.readCPU = 2, 16, 200e6, 50e-6, 20e-6
	var s simulator
	b.ReportAllocs()
	for b.Loop() {
		s.run(net, jobs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/file")
}

func BenchmarkBound(b *testing.B) {
	jobs := mixed(1000, 1)
	net := plain(64, 2)
	b.ReportAllocs()
	for b.Loop() {
		bounds(net, 0, jobs)
	}
}

func BenchmarkPrior(b *testing.B) {
	ask, err := Prior(taught(), record.Flat{}, scene(b, "object-store", 50_000), PriorOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("new", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			ask(record.Flat{"io.workers": 1 + i%4000, "channel.buffer": i / 4000})
		}
	})
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			ask(record.Flat{"io.workers": 7})
		}
	})
}

// scene is a corpus of drawn files on a storage.
func scene(tb testing.TB, name string, files int) Scenario {
	tb.Helper()
	profile, err := storage.Lookup(name, 2)
	if err != nil {
		tb.Fatal(err)
	}
	return Scenario{Corpus: "drawn", Files: Draw(files, int64(files)*10_000, 1), Storage: profile, Seed: 1, Block: 1000, Cores: 2}
}
