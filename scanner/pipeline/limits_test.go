package pipeline

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"sluice/scanner/limiter"
	"sluice/scanner/source"
)

// fixed is a limit that stays.
func fixed(n int) Limit {
	return Limit{Algorithm: "static", Bounds: limiter.Bounds{Initial: n, Min: 1, Max: max(n, 1)}}
}

func TestALimitBoundsItsStationWhateverTheScheduler(t *testing.T) {
	for _, scheduler := range schedulers {
		t.Run(scheduler, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(300)
				d := newDisk(files, 0, 5*time.Millisecond)
				l := &lab{takes: 3 * time.Millisecond}
				o := options(l)
				o.Scheduler, o.Readers, o.Analysers = scheduler, 12, 8
				o.ReadLimit, o.AnalyseLimit = fixed(3), fixed(2)
				account, err := Run(t.Context(), d, source.List(paths), o)
				if err != nil || account.Scanned != 300 {
					t.Fatalf("%d scanned, %v", account.Scanned, err)
				}
				if got := d.most.Load(); got != 3 {
					t.Errorf("%d files were read at once, want 3", got)
				}
				if got := l.most.Load(); got != 2 {
					t.Errorf("%d files were analysed at once, want 2", got)
				}
				if len(account.Limiters) != 2 {
					t.Fatalf("%d limiters are in the account, want 2", len(account.Limiters))
				}
				for _, g := range account.Limiters {
					if s := g.Stats; s.Completed != 300 || s.InFlight != 0 || s.SettledTwice != 0 {
						t.Errorf("%s: %+v, want 300 completed and none in flight", g.Station, s)
					}
				}
			})
		})
	}
}

// TestReadsGrowWhileTheAnalysersStarve is what the limiter is for: slow storage, and
// two readers to begin with.
func TestReadsGrowWhileTheAnalysersStarve(t *testing.T) {
	took := func(t *testing.T, o Options) (took time.Duration, limited []Limited) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			files, paths := plain(3000)
			o.New = (&lab{takes: 2 * time.Millisecond}).analyser
			account, err := Run(t.Context(), newDisk(files, 0, 40*time.Millisecond), source.List(paths), o)
			if err != nil || account.Scanned != 3000 {
				t.Fatalf("%d scanned, %v", account.Scanned, err)
			}
			took, limited = account.Wall, account.Limiters
		})
		return took, limited
	}
	o := options(nil)
	o.Readers, o.Buffer = 64, 100
	best, _ := took(t, o)
	o.Readers = 256
	o.ReadLimit = Limit{Algorithm: "occupancy", Bounds: limiter.Bounds{Initial: 2, Min: 1, Max: 256}, Samples: 2, ServiceOnly: true}
	got, limited := took(t, o)
	if share := float64(best) / float64(got); share < 0.85 {
		t.Errorf("%.2f of the throughput of 64 readers, want 0.85", share)
	}
	if highest := limited[0].Highest; highest < 30 {
		t.Errorf("the limit came to %d at most", highest)
	}
	if len(limited[0].Changes) == 0 || limited[0].Changes[0].Reason.String() == "" {
		t.Errorf("no reasoned change is in the account: %+v", limited[0].Changes)
	}
}

// TestReadsAreFewWhereTheAnalysersAreTheBound: readers that run far ahead are memory
// and sojourn.
func TestReadsAreFewWhereTheAnalysersAreTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(3000)
		o := options(&lab{takes: 2 * time.Millisecond})
		o.Readers, o.Buffer = 64, 100
		o.ReadLimit = Limit{Algorithm: "occupancy", Bounds: limiter.Bounds{Initial: 64, Min: 1, Max: 64}, Samples: 2, ServiceOnly: true}
		account, err := Run(t.Context(), newDisk(files, 0, time.Millisecond), source.List(paths), o)
		if err != nil {
			t.Fatal(err)
		}
		if got := account.Limiters[0].Final; got > 16 {
			t.Errorf("%d files are read at once at the end, want 16 at most", got)
		}
		if busy := account.Stations[1].Utilisation; busy < 0.95 {
			t.Errorf("the analysers are busy for %.2f of the time", busy)
		}
	})
}

func TestAFullQueueDropsReadsWhereItShould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(500)
		o := options(&lab{takes: 2 * time.Millisecond})
		o.Readers, o.Buffer = 32, 4
		o.ReadLimit = Limit{Algorithm: "aimd", Bounds: limiter.Bounds{Initial: 32, Min: 1, Max: 32}, FullDrops: true}
		account, err := Run(t.Context(), newDisk(files, 0, time.Millisecond), source.List(paths), o)
		if err != nil {
			t.Fatal(err)
		}
		if l := account.Limiters[0]; l.Stats.Dropped == 0 || l.Mean > 24 {
			t.Errorf("%d reads were dropped, the limit is %.1f on average", l.Stats.Dropped, l.Mean)
		}
	})
}

func TestWhoWaitsForAPermitEndsWithTheContext(t *testing.T) {
	for _, scheduler := range schedulers {
		t.Run(scheduler, func(t *testing.T) {
			files, paths := plain(50)
			l := &lab{begun: make(chan struct{}, 50)}
			ctx, cancel := withCause(t)
			over := errors.New("over")
			o := options(l)
			o.Scheduler, o.Readers, o.Analysers = scheduler, 8, 8
			o.ReadLimit, o.AnalyseLimit = fixed(1), fixed(1)
			go func() {
				<-l.begun
				cancel(over)
			}()
			account, err := Run(ctx, newDisk(files, 0, 0), source.List(paths), o)
			if err != nil && !errors.Is(err, over) {
				t.Errorf("error is %v", err)
			}
			addsUp(t, account)
			for _, g := range account.Limiters {
				if g.Stats.InFlight != 0 {
					t.Errorf("%s: %d permits are out at the end", g.Station, g.Stats.InFlight)
				}
			}
		})
	}
}

func TestPermitsComeBackFromWhatGoesWrong(t *testing.T) {
	files, paths := fstest.MapFS{}, []string{}
	for i := range 120 {
		name := fmt.Sprintf("%s%d", []string{"denied", "broken", "faulty", "growing", "ok", "sad"}[i%6], i)
		files[name] = &fstest.MapFile{Data: []byte([]string{"panic", "error", "text"}[i%3])}
		paths = append(paths, name)
	}
	for _, scheduler := range schedulers {
		t.Run(scheduler, func(t *testing.T) {
			o := options(&lab{})
			o.Scheduler = scheduler
			o.ReadLimit, o.AnalyseLimit = fixed(1), fixed(1)
			account, err := Run(t.Context(), newDisk(files, 0, 0), source.List(paths), o)
			if err != nil {
				t.Fatal(err)
			}
			addsUp(t, account)
			for _, g := range account.Limiters {
				if g.Stats.InFlight != 0 {
					t.Errorf("%s: %d permits are out at the end", g.Station, g.Stats.InFlight)
				}
			}
		})
	}
}

func TestAWrongLimitIsRefused(t *testing.T) {
	files, paths := plain(1)
	o := options(&lab{})
	o.ReadLimit = Limit{Algorithm: "vegs"}
	if _, err := Run(t.Context(), files, source.List(paths), o); err == nil {
		t.Error("an unknown algorithm is accepted")
	}
}

// lognormal draws for each name a duration of that median and spread, from the name
// and the seed alone.
func lognormal(median time.Duration, sigma float64, seed uint64) func(string) time.Duration {
	return func(name string) time.Duration {
		h := fnv.New64a()
		_, _ = h.Write([]byte(name))
		rng := rand.New(rand.NewPCG(h.Sum64(), seed))
		return time.Duration(float64(median) * math.Exp(sigma*rng.NormFloat64()))
	}
}

// TestOccupancyReachesTheBestStaticLimit is an object store (20 ms a file) in
// front of two analysers whose files differ widely, in virtual time, the way up from
// two readers included.
func TestOccupancyReachesTheBestStaticLimit(t *testing.T) {
	wall := func(t *testing.T, n int, seed uint64, readers int, l Limit) (wall time.Duration, limited []Limited) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			files, paths := plain(n)
			d := newDisk(files, 0, 0)
			d.draws = lognormal(20*time.Millisecond, 0.5, seed)
			o := options(&lab{draws: lognormal(400*time.Microsecond, 1.3, seed+1)})
			o.Readers, o.Buffer, o.ReadLimit = readers, 100, l
			account, err := Run(t.Context(), d, source.List(paths), o)
			if err != nil || account.Scanned != int64(n) {
				t.Fatalf("%d scanned, %v", account.Scanned, err)
			}
			wall, limited = account.Wall, account.Limiters
		})
		return wall, limited
	}
	for n, least := range map[int]float64{1000: 0.85, 10000: 0.95} {
		t.Run(fmt.Sprintf("%d files", n), func(t *testing.T) {
			var shares []float64 // who runs first at one instant is chance, so that one figure is not enough
			for seed := range uint64(5) {
				best := time.Duration(math.MaxInt64)
				for _, readers := range []int{32, 64, 128} {
					took, _ := wall(t, n, seed, readers, Limit{})
					best = min(best, took)
				}
				got, _ := wall(t, n, seed, 256, Limit{
					Algorithm: "occupancy", Bounds: limiter.Bounds{Initial: 2, Min: 1, Max: 256}, Samples: 2, ServiceOnly: true,
				})
				shares = append(shares, float64(best)/float64(got))
			}
			slices.Sort(shares)
			if median := shares[len(shares)/2]; median < least {
				t.Errorf("%.3f of the best static limit's throughput, want %.2f in the median", shares, least)
			}
		})
	}
}
