package corpus

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// uneven makes a corpus of n files whose sizes are lognormal, as those of real
// trees are: median 4 KiB, and a few of many megabytes.
func uneven(n int, seed uint64) Corpus {
	rng := rand.New(rand.NewPCG(seed, 0))
	files := make([]File, n)
	for i := range files {
		size := int64(4096 * math.Exp(1.6*rng.NormFloat64()))
		files[i] = File{Path: fmt.Sprintf("p%d/f%d.go", i%17, i), Size: size}
	}
	files[0].Size = 0 // real trees hold empty files
	return FromFiles("uneven", "/nowhere", files)
}

func TestDrawsOfDifferentIndexAreDisjoint(t *testing.T) {
	for _, share := range []int64{2, 3, 7, 10, 50} {
		for seed := range uint64(5) {
			c := uneven(3000, seed)
			bytes := c.Bytes / share
			seen := map[string]int{}
			disjoint := c.Disjoint(bytes)
			if got, want := disjoint, int(share); got != want {
				t.Errorf("share 1/%d: Disjoint = %d, want %d", share, got, want)
			}
			for index := range disjoint {
				d := c.Sample(seed, index, bytes)
				if d.Overlap {
					t.Errorf("share 1/%d: draw %d of %d says it overlaps", share, index, disjoint)
				}
				for _, f := range d.Files {
					if other, ok := seen[f.Path]; ok {
						t.Fatalf("share 1/%d, seed %d: %s is in draws %d and %d", share, seed, f.Path, other, index)
					}
					seen[f.Path] = index
				}
			}
			if d := c.Sample(seed, disjoint, bytes); !d.Overlap {
				t.Errorf("share 1/%d: draw %d says it does not overlap, only %d can", share, disjoint, disjoint)
			}
		}
	}
}

func TestEveryStratumGivesItsShare(t *testing.T) {
	c := uneven(3000, 1)
	bytes := c.Bytes / 8
	share := float64(bytes) / float64(c.Bytes)
	for index := range 20 {
		d := c.Sample(3, index, bytes)
		part := strata(d.Files)
		for class, n := range strata(c.Files) {
			want := share * float64(n)
			if got := float64(part[class]); got < math.Floor(want) || got > math.Ceil(want) {
				t.Errorf("draw %d holds %v of %d files of %d bits, want %.2f rounded up or down", index, got, n, class, want)
			}
		}
	}
}

func TestExpectedBytesAreThoseAskedFor(t *testing.T) {
	c := uneven(1000, 2)
	bytes := c.Bytes / 10
	const seeds = 400
	var ratios []float64
	for seed := range uint64(seeds) {
		ratios = append(ratios, float64(c.Sample(seed, int(seed%10), bytes).Bytes)/float64(bytes))
	}
	mean, spread := moments(ratios)
	if limit := 4 * spread / math.Sqrt(seeds); math.Abs(mean-1) > limit {
		t.Errorf("draws have %.4f of the bytes asked for in the mean, want 1 ± %.4f", mean, limit)
	}
	if _, simple := moments(simpleDraws(c, seeds)); spread > 0.85*simple {
		t.Errorf("draws spread by %.3f of the bytes asked for, simple random ones by %.3f: strata should help more", spread, simple)
	}
}

// simpleDraws tells how many bytes simple random samples of a tenth of the files
// have, relative to a tenth of the bytes.
func simpleDraws(c Corpus, n int) []float64 {
	rng := rand.New(rand.NewPCG(1, 1))
	ratios := make([]float64, n)
	for i := range ratios {
		for _, at := range rng.Perm(len(c.Files))[:len(c.Files)/10] {
			ratios[i] += 10 * float64(c.Files[at].Size) / float64(c.Bytes)
		}
	}
	return ratios
}

func TestGiantsAppearByTheirShareAlone(t *testing.T) {
	c := uneven(500, 3)
	giant := File{Path: "giant.go", Size: c.Bytes}
	c = FromFiles("", "", append(c.Files, giant))
	const seeds = 800
	seen := 0
	for seed := range uint64(seeds) {
		if slices.Contains(c.Sample(seed, 0, c.Bytes/20).Files, giant) {
			seen++
		}
	}
	if want := seeds / 20; math.Abs(float64(seen-want)) > 4*math.Sqrt(float64(want)) {
		t.Errorf("the giant is in %d of %d draws of a twentieth, want about %d", seen, seeds, want)
	}
}

func TestDrawsAreRepeatable(t *testing.T) {
	c := uneven(500, 4)
	shuffled := slices.Clone(c.Files)
	slices.Reverse(shuffled)
	first := c.Sample(7, 2, c.Bytes/5)
	again := FromFiles("again", "/elsewhere", shuffled).Sample(7, 2, c.Bytes/5)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same draw differs (-first +again):\n%s", diff)
	}
	if other := c.Sample(8, 2, c.Bytes/5); other.Fingerprint == first.Fingerprint {
		t.Error("another seed gave the same draw")
	}
	if !slices.IsSortedFunc(first.Files, cmpPath) {
		t.Error("the files of a draw are not sorted by path")
	}
}

func TestRoundsOfAnExhaustedCorpusDiffer(t *testing.T) {
	c := uneven(500, 5)
	n := c.Disjoint(c.Bytes / 4)
	if a, b := c.Sample(1, 0, c.Bytes/4), c.Sample(1, n, c.Bytes/4); a.Fingerprint == b.Fingerprint {
		t.Errorf("draws 0 and %d are the same, want a fresh shuffle", n)
	}
}

func TestAskedForEverythingADrawIsTheWholeCorpus(t *testing.T) {
	c := uneven(200, 6)
	for _, bytes := range []int64{c.Bytes, 2 * c.Bytes, math.MaxInt64} {
		for index := range 2 {
			d := c.Sample(1, index, bytes)
			if d.Fidelity != 1 || d.Fingerprint != c.Fingerprint || len(d.Files) != len(c.Files) {
				t.Errorf("draw %d of %d bytes: fidelity %v and %d files, want the whole corpus", index, bytes, d.Fidelity, len(d.Files))
			}
			if d.Overlap != (index > 0) {
				t.Errorf("draw %d of the whole: Overlap is %t", index, d.Overlap)
			}
		}
	}
}

func TestSmallCorporaAreDrawnFromToo(t *testing.T) {
	for _, row := range []struct {
		name         string
		sizes        []int64
		bytes        int64
		disjoint     int
		files        int // in draw 0
		wantFidelity float64
	}{
		{"no files", nil, 100, 0, 0, 1},
		{"empty files only", []int64{0, 0}, 100, 1, 2, 1},
		{"one file, more than asked", []int64{1000}, 10, 1, 1, 1},
		{"equal files, nothing asked", []int64{100, 100, 100, 100}, 0, 4, 1, 0.25},
		{"equal files, one asked", []int64{100, 100, 100, 100}, 100, 4, 1, 0.25},
	} {
		t.Run(row.name, func(t *testing.T) {
			var files []File
			for i, size := range row.sizes {
				files = append(files, File{Path: fmt.Sprint(i), Size: size})
			}
			c := FromFiles("small", "", files)
			if got := c.Disjoint(row.bytes); got != row.disjoint {
				t.Errorf("Disjoint(%d) = %d, want %d", row.bytes, got, row.disjoint)
			}
			d := c.Sample(1, 0, row.bytes)
			if len(d.Files) != row.files || d.Fidelity != row.wantFidelity {
				t.Errorf("draw has %d files at fidelity %v, want %d at %v", len(d.Files), d.Fidelity, row.files, row.wantFidelity)
			}
		})
	}
}

// TestAnyDrawKeepsItsPromises draws from random corpora: never empty, part of
// the corpus, sums right, neighbours disjoint.
func TestAnyDrawKeepsItsPromises(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n, seed := 1+rng.IntN(300), rng.Uint64()
		c := uneven(n, seed)
		bytes := rng.Int64N(c.Bytes + 2)
		index := rng.IntN(2 * c.Disjoint(bytes))
		where := fmt.Sprintf("%d files, seed %d, draw %d of %d bytes", n, seed, index, bytes)
		d, next := c.Sample(seed, index, bytes), c.Sample(seed, index+1, bytes)
		if len(d.Files) == 0 {
			t.Errorf("%s: the draw is empty", where)
		}
		if got := FromFiles("", "", d.Files); got.Bytes != d.Bytes || got.Fingerprint != d.Fingerprint {
			t.Errorf("%s: bytes or fingerprint are not those of the files", where)
		}
		for _, f := range d.Files {
			if !slices.Contains(c.Files, f) {
				t.Errorf("%s: %v is no file of the corpus", where, f)
			}
			if !next.Overlap && slices.Contains(next.Files, f) {
				t.Errorf("%s: %v is in the next draw too", where, f)
			}
		}
	}
}

// strata counts the files of each size class.
func strata(files []File) map[int]int {
	counts := map[int]int{}
	for _, f := range files {
		counts[stratum(f.Size)]++
	}
	return counts
}

func moments(x []float64) (mean, spread float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		spread += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, math.Sqrt(spread)
}

func BenchmarkSample(b *testing.B) {
	c := uneven(11_000, 1)
	b.ReportAllocs()
	for b.Loop() {
		c.Sample(1, 3, c.Bytes/10)
	}
}
