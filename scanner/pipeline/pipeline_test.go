package pipeline

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"sluice/scanner/limiter"
	"sluice/scanner/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zoo is a source with everything that can become of a file, and its fate.
func zoo(rng *rand.Rand) (files fstest.MapFS, items []source.Item, want Account, found []string) {
	files = fstest.MapFS{}
	want = Account{Skipped: map[string]int64{}, Failed: map[string]int64{}, Languages: map[string]int64{}}
	for i := range 200 + rng.IntN(200) {
		fates := []string{"ok", "ok", "ok", "ok", "panic", "error", "binary", "denied", "broken", "growing", "faulty", "missing", "large", "dir", "symlink", "unlisted"}
		fate := fates[rng.IntN(len(fates))]
		item := source.Item{Path: fmt.Sprintf("%s%03d", fate, i), Size: source.Unknown}
		text := fmt.Sprintf("%s %d", fate, i)
		file := &fstest.MapFile{Data: []byte(text)}
		switch fate {
		case "ok":
			want.Scanned++
			want.Bytes += int64(len(text))
			want.Languages["lang"+item.Path[len(item.Path)-1:]]++
			found = append(found, item.Path+"="+text)
		case "panic", "broken":
			want.Failed[Panicked]++
		case "error":
			want.Failed[Unanalysed]++
		case "binary", "symlink":
			want.Skipped[fate]++
		case "denied":
			want.Failed[Denied]++
		case "faulty":
			want.Failed[Unreadable]++
		case "missing":
			want.Failed[Missing]++
			file = nil
		case "large", "growing":
			want.Skipped[SkipTooLarge]++
		case "dir":
			want.Skipped[source.SkipIrregular]++
			file.Mode = fs.ModeDir
		case "unlisted":
			want.Failed[Denied]++
			item.Err = fs.ErrPermission
		}
		if fate == "large" {
			file.Data = make([]byte, 2<<10)
		}
		if fate == "symlink" {
			item.Skip = source.SkipSymlink
		}
		if file != nil {
			files[item.Path] = file
		}
		items = append(items, item)
	}
	want.Discovered = int64(len(items))
	slices.Sort(found)
	return files, items, want, found
}

// anyLimit draws a limit within so many workers, or none.
func anyLimit(rng *rand.Rand, workers int) Limit {
	algorithms := limiter.Algorithms()
	i := rng.IntN(2 * len(algorithms))
	if i >= len(algorithms) {
		return Limit{}
	}
	return Limit{
		Algorithm: algorithms[i].Name, Bounds: limiter.Bounds{Initial: 1 + rng.IntN(workers), Min: 1, Max: workers},
		PerByte: rng.IntN(2) == 0, FullDrops: rng.IntN(2) == 0,
	}
}

// TestConcurrencyChangesNothingThatIsFound is the central property. A failure
// prints the seed that repeats it.
func TestConcurrencyChangesNothingThatIsFound(t *testing.T) {
	for range 60 {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 0))
		files, items, want, found := zoo(rng)
		for range 4 {
			l := &lab{refuse: rng.IntN(2) == 0}
			o := options(l)
			o.Readers, o.Analysers = 1+rng.IntN(20), 1+rng.IntN(20)
			o.Buffer, o.Batch = rng.IntN(30), 1+rng.IntN(20)
			o.Linger = time.Duration(rng.IntN(3)) * time.Millisecond
			o.Scheduler = schedulers[rng.IntN(len(schedulers))]
			o.Pin = []string{Free, Free, Locked, Partition}[rng.IntN(4)]
			o.ReadLimit, o.AnalyseLimit = anyLimit(rng, o.Readers), anyLimit(rng, o.Analysers)
			o.BudgetBytes = []int64{0, 0, 1, 100 << 10, 1 << 30}[rng.IntN(5)]
			if rng.IntN(4) == 0 {
				o.Readers = o.Analysers
			}
			got, err := Run(t.Context(), newDisk(files, 0, 0), slices.Values(items), o)
			if err != nil {
				t.Fatalf("seed %d, %+v: %v", seed, o, err)
			}
			ignored := cmpopts.IgnoreFields(Account{}, "Failures", "Wall", "FirstResult", "Sojourn", "Service", "InServiceMean", "Limiters", "CostBySize", "Stations", "BudgetWait", "Watch", "Warnings")
			if diff := cmp.Diff(want, got, ignored); diff != "" {
				t.Fatalf("seed %d, %+v: account (-want +got)\n%s", seed, o, diff)
			}
			if diff := cmp.Diff(found, l.found()); diff != "" {
				t.Fatalf("seed %d, %+v: found (-want +got)\n%s", seed, o, diff)
			}
			if n := sum(got.Failed); int64(len(got.Failures)) != n {
				t.Fatalf("seed %d: %d failures are described, %d counted", seed, len(got.Failures), n)
			}
		}
	}
}
