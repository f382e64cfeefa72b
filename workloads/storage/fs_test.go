package storage

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// tree makes files f0, f1 … of these sizes in an in-memory folder d.
func tree(sizes ...int) fstest.MapFS {
	base := fstest.MapFS{}
	for i, size := range sizes {
		base[fmt.Sprintf("d/f%d", i)] = &fstest.MapFile{Data: make([]byte, size)}
	}
	return base
}

// openAll opens every file of tree at once and returns when each was open,
// counted from the beginning.
func openAll(t *testing.T, f *FS, n int) []time.Duration {
	t.Helper()
	begun := time.Now()
	took := make([]time.Duration, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			file, err := f.Open(fmt.Sprintf("d/f%d", i))
			if err != nil {
				t.Error(err)
				return
			}
			took[i] = time.Since(begun)
			_ = file.Close()
		})
	}
	wg.Wait()
	return took
}

func TestOpenWaitsTheLatencyOnceAndThenTheLink(t *testing.T) {
	constant := Profile{Median: 5 * time.Millisecond, LinkBytesPerSec: 1000} // a byte takes 1 ms
	for _, row := range []struct {
		name    string
		profile Profile
		sizes   []int
		want    []time.Duration // sorted
	}{
		{"latency alone", Profile{Median: 5 * time.Millisecond}, []int{100}, []time.Duration{5 * time.Millisecond}},
		{"latency and transfer", constant, []int{10}, []time.Duration{15 * time.Millisecond}},
		{"an empty file", constant, []int{0}, []time.Duration{5 * time.Millisecond}},
		{"link alone", Profile{LinkBytesPerSec: 1000}, []int{10}, []time.Duration{10 * time.Millisecond}},
		{
			"latencies overlap, transfers queue", constant,
			[]int{10, 10, 10},
			[]time.Duration{15 * time.Millisecond, 25 * time.Millisecond, 35 * time.Millisecond},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFS(tree(row.sizes...), row.profile, 1, 0, newTimers())
				got := openAll(t, f, len(row.sizes))
				slices.Sort(got) // files that are alike arrive at once, in any order
				if !slices.Equal(got, row.want) {
					t.Errorf("opens took %v, want %v", got, row.want)
				}
			})
		})
	}
}

// TestTheLinkServesInTheOrderOfArrival checks the simulation against one that is
// worked out by hand: sort by the end of the latency, serve one after the other.
func TestTheLinkServesInTheOrderOfArrival(t *testing.T) {
	const files, size = 200, 4000
	p := Profile{Median: 5 * time.Millisecond, Sigma: 0.5, LinkBytesPerSec: 1e6} // 4 ms each: the link is the bottleneck
	sizes := make([]int, files)
	for i := range sizes {
		sizes[i] = size
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFS(tree(sizes...), p, 9, 4, newTimers())
		got := openAll(t, f, files)
		order := make([]int, files)
		for i := range order {
			order[i] = i
		}
		latency := func(i int) time.Duration { return p.Latency(9, 4, fmt.Sprintf("d/f%d", i)) }
		slices.SortFunc(order, func(i, j int) int { return cmp.Compare(latency(i), latency(j)) })
		var free time.Duration
		for _, i := range order {
			free = max(free, latency(i)) + 4*time.Millisecond
			if got[i] != free {
				t.Errorf("file %d was open after %v, want %v", i, got[i], free)
			}
		}
		a := f.Achieved()
		if a.Opens != files || a.MeanExcessS != 0 || a.MeanS != a.AskedMeanS {
			t.Errorf("in virtual time achieved is %+v, want no excess", a)
		}
		if total := free.Seconds() * p.LinkBytesPerSec / (files * size); math.Abs(total-1) > 0.05 {
			t.Errorf("the whole took %.3f of bytes ÷ link", total)
		}
	})
}

func TestTheSameBlockWaitsAlikeWhateverTheOrder(t *testing.T) {
	p := Profile{Median: 5 * time.Millisecond, Sigma: 0.5}
	synctest.Test(t, func(t *testing.T) {
		base := tree(1, 1, 1, 1)
		together := openAll(t, newFS(base, p, 1, 2, newTimers()), 4)
		slow := newFS(base, p, 1, 2, newTimers())
		for i := 3; i >= 0; i-- {
			begun := time.Now()
			if _, err := slow.Open(fmt.Sprintf("d/f%d", i)); err != nil {
				t.Fatal(err)
			}
			if alone := time.Since(begun); alone != together[i] {
				t.Errorf("file %d took %v alone, %v together", i, alone, together[i])
			}
		}
	})
}

func TestWalkingAndErrorsCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFS(tree(1, 2), Profile{Median: time.Hour}, 1, 0, newTimers())
		begun := time.Now()
		if _, err := f.Open("d"); err != nil {
			t.Error(err)
		}
		if entries, err := f.ReadDir("d"); err != nil || len(entries) != 2 {
			t.Errorf("ReadDir: %d entries, %v", len(entries), err)
		}
		if info, err := f.Stat("d/f1"); err != nil || info.Size() != 2 {
			t.Errorf("Stat: %v, %v", info, err)
		}
		if _, err := f.Lstat("d/f1"); err != nil {
			t.Error(err)
		}
		if _, err := f.Open("d/none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open of a missing file = %v", err)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("all this took %v, want no time", took)
		}
		if a := f.Achieved(); a != (Achieved{}) {
			t.Errorf("Achieved = %+v, want nothing counted", a)
		}
	})
}

func TestCloseWakesEveryOpen(t *testing.T) {
	for name, make := range clocks() {
		t.Run(name, func(t *testing.T) {
			f := newFS(tree(1, 1, 1), Profile{Median: 24 * time.Hour}, 1, 0, make())
			results := closeWhileOpening(f, 3)
			for range 3 {
				if err := <-results; !errors.Is(err, fs.ErrClosed) {
					t.Errorf("Open = %v, want %v", err, fs.ErrClosed)
				}
			}
			if _, err := f.Open("d/f0"); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("Open after Close = %v, want %v", err, fs.ErrClosed)
			}
			if err := f.Close(); err != nil {
				t.Errorf("a second Close = %v", err)
			}
		})
	}
}

// closeWhileOpening closes f once n opens are under way. Whether they wait by
// then or are about to makes no difference to what they must return.
func closeWhileOpening(f *FS, n int) <-chan error {
	results := make(chan error, n)
	var started sync.WaitGroup
	for i := range n {
		started.Add(1)
		go func() {
			started.Done()
			_, err := f.Open(fmt.Sprintf("d/f%d", i))
			results <- err
		}()
	}
	started.Wait()
	_ = f.Close()
	return results
}

func TestLocalIsAPassThrough(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("package a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	local, err := Lookup("local", 2)
	if err != nil {
		t.Fatal(err)
	}
	f := New(os.DirFS(dir), local, 1, 0)
	if f.clock != nil || f.meter != nil {
		t.Error("local has a clock or a meter")
	}
	if allocs, base := allocations(t, f), allocations(t, os.DirFS(dir)); allocs != base {
		t.Errorf("Open allocates %v times, the base %v times", allocs, base)
	}
	if a := f.Achieved(); a != (Achieved{}) {
		t.Errorf("Achieved = %+v, want zero", a)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func allocations(t *testing.T, fsys fs.FS) float64 {
	t.Helper()
	return testing.AllocsPerRun(50, func() {
		file, err := fsys.Open("a.go")
		if err != nil {
			t.Error(err)
			return
		}
		_ = file.Close()
	})
}

func TestFilesAreTheBasesOwn(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("package a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.go", filepath.Join(dir, "link.go")); err != nil {
		t.Fatal(err)
	}
	f := New(os.DirFS(dir), Profile{Median: time.Microsecond}, 1, 0)
	defer f.Close()
	file, err := f.Open("a.go")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, ok := file.(io.ReaderAt); !ok {
		t.Errorf("%T is no io.ReaderAt", file)
	}
	if text, err := io.ReadAll(file); err != nil || string(text) != "package a\n" {
		t.Errorf("read %q, %v", text, err)
	}
	if target, err := f.ReadLink("link.go"); err != nil || target != "a.go" {
		t.Errorf("ReadLink = %q, %v", target, err)
	}
	if f.Achieved().Opens != 1 {
		t.Errorf("%d opens counted, want 1", f.Achieved().Opens)
	}
}

func TestFSBehavesAsAFileSystem(t *testing.T) {
	for name, p := range map[string]Profile{"local": {}, "slow": {Median: time.Millisecond, Sigma: 0.5, LinkBytesPerSec: 1e6}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := New(tree(3, 0, 70), Profile{}, 1, 0)
				if !p.instant() {
					f = newFS(tree(3, 0, 70), p, 1, 0, newTimers())
				}
				if err := fstest.TestFS(f, "d/f0", "d/f1", "d/f2"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
