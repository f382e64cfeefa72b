package limiter_test

import (
	"slices"
	"testing"

	"sluice/scanner/limiter"
)

// objects is a scan of an object store: reads of 20 ms, so many at once as anybody
// asks for, two analysers, and windows as the pipeline has them.
func objects(files int) pipe {
	return pipe{
		initial: 8, most: 64, seed: 1, files: files, first: 0.005, samples: 8,
		read: 0.02, readSigma: 0.4, consumers: 2, consume: takes(0.0005), sizes: 0.3, room: 100,
	}
}

func takes(s float64) func(int) float64 { return func(int) float64 { return s } }

// best is what the best static limit needs.
func (p pipe) best() float64 {
	least := 0.0
	for _, p.initial = range []int{4, 8, 16, 32, 64} {
		if s := p.seconds(); least == 0 || s < least {
			least = s
		}
	}
	return least
}

func TestOccupancyComesNearTheBestStaticLimit(t *testing.T) {
	rows := []struct {
		name   string
		change func(*pipe)
		files  int
		want   float64 // of the best static throughput
	}{
		{"a short scan, the ramp included", func(*pipe) {}, 1000, 0.85},
		{"a long scan", func(*pipe) {}, 10_000, 0.95},
		{"analysers that want forty reads", func(p *pipe) { p.consume = takes(0.001) }, 1000, 0.85},
		{"files of very different size", func(p *pipe) { p.consume, p.sizes = takes(0.001), 1.2 }, 10_000, 0.93},
		{"analysers that are the bottleneck", func(p *pipe) { p.consume, p.sizes = takes(0.01), 1 }, 1000, 0.9},
		{"reads of very different length", func(p *pipe) { p.readSigma = 0.8 }, 10_000, 0.9},
		{"an unbuffered channel", func(p *pipe) { p.consume, p.room = takes(0.001), 0 }, 10_000, 0.95},
		{"a disk of eight lanes", func(p *pipe) { p.lanes = 8 }, 10_000, 0.93},
		{"a disk of thirty-two lanes", func(p *pipe) { p.lanes = 32 }, 10_000, 0.93},
		{"analysers that become faster", func(p *pipe) { p.consume = after(3000, 0.004, 0.001) }, 10_000, 0.95},
		{"analysers that become slower", func(p *pipe) { p.consume = after(3000, 0.001, 0.004) }, 10_000, 0.95},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			for _, seed := range seeds {
				p := objects(row.files)
				p.seed = seed
				row.change(&p)
				best := p.best()
				p.rule = limiter.NewOccupancy(limiter.Bounds{Initial: 8, Min: 1, Max: 64})
				if got := best / p.seconds(); got < row.want {
					t.Errorf("seed %d: %.3f of the best static throughput, want %v", seed, got, row.want)
				}
			}
		})
	}
}

func after(files int, a, b float64) func(int) float64 {
	return func(done int) float64 {
		if done < files {
			return a
		}
		return b
	}
}

// limitsOf are the limits of a scan, window by window.
func limitsOf(p pipe, b limiter.Bounds) (all []int) {
	p.rule, p.most = limiter.NewOccupancy(b), b.Max
	p.tail = func(_ float64, _ limiter.Window, d limiter.Decision) { all = append(all, min(d.Limit, b.Max)) }
	p.seconds()
	return all
}

func TestOccupancyComesFromEightToSixtyFourInAWindow(t *testing.T) {
	if got := limitsOf(objects(1000), limiter.Bounds{Initial: 8, Min: 1, Max: 64}); !slices.Equal(got[:2], []int{64, 64}) {
		t.Errorf("limits %v, want 64 at once", got[:2])
	}
}

func TestOccupancyDoesNotRunAwayBeforeASlowDisk(t *testing.T) {
	p := objects(10_000)
	p.lanes = 8
	p.rule, p.most = limiter.NewOccupancy(limiter.Bounds{Initial: 8, Min: 1, Max: 1000}), 1000
	var got []int
	high := 0.0 // s
	p.tail = func(_ float64, w limiter.Window, d limiter.Decision) {
		got = append(got, d.Limit)
		if w.Limit > 64 {
			high += w.Length().Seconds()
		}
	}
	p.seconds()
	if high > 0.2 {
		t.Errorf("the limit was above 64 for %.3f s before a disk of 8 lanes, want 0.2 s or less", high)
	}
	if late := slices.Max(got[len(got)/2:]); late > 24 {
		t.Errorf("limit %d in the second half, want 24 or less", late)
	}
}

func TestOccupancyFallsWithTheNeed(t *testing.T) {
	p := objects(10_000)
	p.consume = after(3000, 0.001, 0.008) // from forty to five reads
	got := limitsOf(p, limiter.Bounds{Initial: 8, Min: 1, Max: 64})
	if late := slices.Max(got[len(got)*3/4:]); late > 16 {
		t.Errorf("limit %d where five reads would do, want 16 or less", late)
	}
}
