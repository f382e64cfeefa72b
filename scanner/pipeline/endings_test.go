package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/budget"
	"sluice/scanner/observe"
	"sluice/scanner/source"
)

// does is an analyser made of a function.
type does func(path string) (Verdict, error)

func (f does) Analyse(path string, _ []byte) (Verdict, error) { return f(path) }
func (does) Close()                                           {}

func TestWhoComputesAfterALongWaitIsNoStall(t *testing.T) {
	for name, source := range map[string]func(paths []string) func(func(source.Item) bool){
		"a slow source": func(paths []string) func(func(source.Item) bool) {
			return func(yield func(source.Item) bool) {
				<-time.After(time.Minute)
				source.List(paths)(yield)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(6)
				o := options(&lab{takes: time.Second})
				o.Stall, o.FailStalled = 30*time.Second, true
				if got, err := Run(t.Context(), files, source(paths), o); err != nil || got.Scanned != 6 {
					t.Errorf("%d files were scanned, %v", got.Scanned, err)
				}
			})
		})
	}
	t.Run("slow storage", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			files, paths := plain(6)
			o := options(&lab{takes: time.Second})
			o.Stall, o.FailStalled = 30*time.Second, true
			if got, err := Run(t.Context(), newDisk(files, 1, 40*time.Second), source.List(paths), o); err != nil || got.Scanned != 6 {
				t.Errorf("%d files were scanned, %v", got.Scanned, err)
			}
		})
	})
}

func TestAStalledRunEndsAlsoIfItWasCancelledBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(3)
		release := make(chan struct{})
		o := options(&lab{})
		o.New = func() Analyser { return stuckAt{"f00001", release} }
		o.Stall, o.FailStalled = 30*time.Second, true
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := Run(ctx, files, source.List(paths), o)
		if !errors.Is(err, context.DeadlineExceeded) || !got.Stuck {
			t.Errorf("stuck is %v, the error %v", got.Stuck, err)
		}
		close(release)
	})
}

// TestAReaderThatWaitsForMemoryLeavesNoBatchLying would take linger for each
// file or two otherwise.
func TestAReaderThatWaitsForMemoryLeavesNoBatchLying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(200)
		o := options(&lab{})
		o.Batch, o.Linger, o.BudgetBytes = 50, 10*time.Second, 2*budget.NewEstimator().Resident("", 10)
		o.Stall, o.FailStalled = time.Second, true
		got, err := Run(t.Context(), files, source.List(paths), o)
		if err != nil || got.Scanned != 200 || got.Wall > 10*time.Second {
			t.Errorf("%d files were scanned in %v, %v", got.Scanned, got.Wall, err)
		}
	})
}

// TestWhatAFileGrowsByIsPaidFor has files that announce nothing.
func TestWhatAFileGrowsByIsPaidFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(8)
		for _, file := range files {
			file.Data = []byte(strings.Repeat("x", 1<<20))
		}
		l := &lab{takes: time.Second}
		o := options(l)
		o.Readers, o.Analysers, o.MaxFileBytes = 4, 4, 4<<20
		o.BudgetBytes = 2 * budget.NewEstimator().Resident("", 2<<20) // what is paid for doubles
		got, err := Run(t.Context(), modest{files}, source.List(paths), o)
		if err != nil || got.Scanned != 8 {
			t.Fatalf("%d files were scanned, %v", got.Scanned, err)
		}
		if most := l.most.Load(); most > 3 {
			t.Errorf("%d files were analysed at once", most)
		}
		if most := got.Watch.InFlightBytes.Max; most < 16<<20 || most > float64(o.BudgetBytes) {
			t.Errorf("%v bytes were seen in flight, the budget is %d", most, o.BudgetBytes)
		}
	})
}

// modest is a file system whose files announce no size.
type modest struct{ fs.FS }

func (m modest) Open(name string) (fs.File, error) {
	file, err := m.FS.Open(name)
	return modestFile{file}, err
}

type modestFile struct{ fs.File }

func (f modestFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return modestInfo{info}, err
}

type modestInfo struct{ fs.FileInfo }

func (modestInfo) Size() int64 { return 0 }

func TestAnAnalyserThatEndsItsGoroutineCostsOneFile(t *testing.T) {
	for _, scheduler := range schedulers {
		t.Run(scheduler, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(9)
				var made atomic.Int32
				o := options(&lab{})
				o.Scheduler, o.Batch, o.BudgetBytes = scheduler, 3, 1
				o.New = func() Analyser {
					made.Add(1)
					return does(func(path string) (Verdict, error) {
						if path == "f00004" {
							runtime.Goexit()
						}
						return Verdict{Language: "text"}, nil
					})
				}
				got, err := Run(t.Context(), files, source.List(paths), o)
				if err != nil {
					t.Fatal(err)
				}
				addsUp(t, got)
				if got.Scanned != 8 || got.Failed[Panicked] != 1 || made.Load() != 3 {
					t.Errorf("%d scanned, failed %v, %d analysers made; want 8, one, and one in place of the unfit", got.Scanned, got.Failed, made.Load())
				}
			})
		})
	}
}

func TestAReaderThatEndsItsGoroutineGivesTheBudgetBack(t *testing.T) {
	for _, scheduler := range schedulers {
		t.Run(scheduler, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(9)
				o := options(&lab{})
				o.Scheduler, o.BudgetBytes = scheduler, 1
				got, err := Run(t.Context(), leaving{files}, source.List(paths), o)
				if err != nil {
					t.Fatal(err)
				}
				addsUp(t, got)
				if got.Scanned != 8 || got.Failed[Panicked] != 1 {
					t.Errorf("%d scanned, failed %v", got.Scanned, got.Failed)
				}
			})
		})
	}
}

// leaving has a file whose reading ends the goroutine.
type leaving struct{ fs.FS }

func (l leaving) Open(name string) (fs.File, error) {
	file, err := l.FS.Open(name)
	if name == "f00004" {
		file = leavingFile{file}
	}
	return file, err
}

type leavingFile struct{ fs.File }

func (leavingFile) Read([]byte) (int, error) { runtime.Goexit(); return 0, nil }

// TestStartedIsCalledWhenTheWorkersStandReady counts their threads.
func TestStartedIsCalledWhenTheWorkersStandReady(t *testing.T) {
	threads := func() int {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Skipf("no list of threads: %v", err)
		}
		return len(tasks)
	}
	for _, scheduler := range []string{Queue, Steal, Inline} {
		files, paths := plain(3)
		o := options(&lab{})
		o.Scheduler, o.Readers, o.Analysers, o.Pin = scheduler, 40, 40, Locked
		at := 0
		o.Started = func() { at = threads() }
		if _, err := Run(t.Context(), files, source.List(paths), o); err != nil {
			t.Fatal(err)
		}
		if at < 40 {
			t.Errorf("%s: %d threads were there for 40 locked workers and more", scheduler, at)
		}
	}
}

func TestAnAnalyserThatCannotBeMadeIsTheErrorOfTheRun(t *testing.T) {
	l := &lab{}
	o := options(l)
	o.Analysers = 4
	o.New = func() Analyser {
		if len(l.made) == 2 {
			panic("no more")
		}
		return l.analyser()
	}
	files, paths := plain(3)
	_, err := Run(t.Context(), files, source.List(paths), o)
	if err == nil || !strings.Contains(err.Error(), "no more") {
		t.Errorf("the error is %v", err)
	}
	if slices.ContainsFunc(l.made, func(f *fake) bool { return !f.closed }) {
		t.Error("an analyser that was made is not closed")
	}
}

// TestABlockedAnalyserIsReportedBeforeTheStall keeps the two kinds of complaint apart: a
// worker that is blocked is reported after 100 ms, the stall comes later.
func TestABlockedAnalyserIsReportedBeforeTheStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(2)
		release := make(chan struct{})
		o := options(&lab{})
		o.New = func() Analyser { return stuckAt{"f00001", release} }
		o.Stall, o.FailStalled, o.Interrupt = 30*time.Second, true, func() { close(release) }
		var order []string
		o.Watch = func(r observe.Report) { order = append(order, r.What) }
		o.Stalled = func(s observe.Stall) { order = append(order, s.What) }
		_, err := Run(t.Context(), files, source.List(paths), o)
		if !errors.Is(err, ErrStalled) || fmt.Sprint(order) != "[blocked stall]" {
			t.Errorf("told in this order: %v; %v", order, err)
		}
	})
}
