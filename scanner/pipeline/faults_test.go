package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/source"
)

func TestCancelReturnsTheCauseAndAnAccountThatAddsUp(t *testing.T) {
	for _, scheduler := range []string{Queue, PerFile} {
		for _, batch := range []int{1, 16} {
			t.Run(fmt.Sprintf("scheduler=%s/batch=%d", scheduler, batch), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					files, paths := plain(5000)
					o := options(&lab{takes: time.Second})
					o.Readers, o.Analysers, o.Scheduler, o.Batch = 8, 4, scheduler, batch
					stop := errors.New("enough")
					ctx, cancel := context.WithCancelCause(t.Context())
					time.AfterFunc(10*time.Second+time.Millisecond, func() { cancel(stop) })
					begun := time.Now()
					got, err := Run(ctx, newDisk(files, 0, time.Millisecond), source.List(paths), o)
					if !errors.Is(err, stop) {
						t.Errorf("got error %v, want the cause", err)
					}
					if took := time.Since(begun); took > 11*time.Second+100*time.Millisecond {
						t.Errorf("it took %v after a cancel at 10 s, with files of 1 s under way", took)
					}
					addsUp(t, got)
					if got.Scanned < 36 || got.Scanned > 44 || got.Failed[Cancelled] == 0 {
						t.Errorf("%d files are scanned and %d cancelled, want about 40 and some", got.Scanned, got.Failed[Cancelled])
					}
				})
			})
		}
	}
}

func TestACancelAfterTheLastFileIsNoError(t *testing.T) {
	files, paths := plain(3)
	ctx, cancel := context.WithCancel(t.Context())
	l := &lab{begun: make(chan struct{}, 3)}
	o := options(l)
	o.Analysers = 1
	o.New = func() Analyser { return &last{Analyser: l.analyser(), cancel: cancel, left: 3} }
	got, err := Run(ctx, files, source.List(paths), o)
	if err != nil || got.Scanned != 3 {
		t.Errorf("got %d files and error %v, want 3 and none", got.Scanned, err)
	}
}

// last cancels once it has analysed the last file.
type last struct {
	Analyser
	cancel context.CancelFunc
	left   int
}

func (a *last) Analyse(path string, src []byte) (Verdict, error) {
	defer func() {
		if a.left--; a.left == 0 {
			a.cancel()
		}
	}()
	return a.Analyser.Analyse(path, src)
}

func TestAPanicKeepsItsStackAndTheAnalyserIsReplaced(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		t.Run(fmt.Sprintf("closing panics=%v", refuse), func(t *testing.T) {
			files := fstest.MapFS{"a": {Data: []byte("panic")}, "b": {Data: []byte("fine")}}
			l := &lab{refuse: refuse}
			o := options(l)
			o.Readers, o.Analysers = 1, 1
			got, err := Run(t.Context(), files, source.List([]string{"a", "b"}), o)
			if err != nil {
				t.Fatal(err)
			}
			if got.Scanned != 1 || len(got.Failures) != 1 {
				t.Fatalf("got %+v, want one file scanned and one failed", got)
			}
			failure := got.Failures[0]
			if failure.Path != "a" || failure.Reason != Panicked || !strings.Contains(failure.Detail, "broken by a") || !strings.Contains(failure.Detail, "Analyse") {
				t.Errorf("the failure is %+v, want the panic of a with its stack", failure)
			}
			if len(l.made) != 2 || !l.made[0].closed || !l.made[1].closed {
				t.Errorf("%d analysers were made, want 2, both closed", len(l.made))
			}
		})
	}
}

func TestAPanicOfTheSourceIsTheErrorOfTheRun(t *testing.T) {
	files, paths := plain(3)
	broken := func(yield func(source.Item) bool) {
		for item := range source.List(paths) {
			yield(item)
		}
		panic("no more")
	}
	got, err := Run(t.Context(), files, broken, options(&lab{}))
	if err == nil || !strings.Contains(err.Error(), "no more") {
		t.Errorf("got error %v, want the panic", err)
	}
	addsUp(t, got)
}

func TestStartedIsCalledOnceBeforeTheSourceIsAsked(t *testing.T) {
	files, paths := plain(3)
	var calls []string
	o := options(&lab{})
	o.Started = func() { calls = append(calls, "started") }
	asked := func(yield func(source.Item) bool) {
		calls = append(calls, "asked")
		source.List(paths)(yield)
	}
	if _, err := Run(t.Context(), files, asked, o); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"started", "asked"}, calls); diff != "" {
		t.Error(diff)
	}
	o.Started = func() { panic("not ready") }
	if _, err := Run(t.Context(), files, asked, o); err == nil || len(calls) != 2 {
		t.Errorf("got error %v and %d calls, want an error before the source is asked", err, len(calls))
	}
}

func TestProgressComesTwiceASecondAndNeverRunsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(1000)
		o := options(&lab{takes: 10 * time.Millisecond}) // 5 s
		var seen []Progress
		o.Progress = func(p Progress) { seen = append(seen, p) }
		if _, err := Run(t.Context(), files, source.List(paths), o); err != nil {
			t.Fatal(err)
		}
		if len(seen) < 9 || len(seen) > 10 {
			t.Fatalf("progress came %d times in 5 s, want 9 or 10", len(seen))
		}
		for i, p := range seen {
			if p.Done > p.Discovered || p.Elapsed != time.Duration(i+1)*500*time.Millisecond || i > 0 && p.Done <= seen[i-1].Done {
				t.Errorf("report %d is %+v", i, p)
			}
		}
		if first, last := seen[0], seen[len(seen)-1]; first.Walked || !last.Walked || last.Discovered != 1000 {
			t.Errorf("the source ended early or never: first %+v, last %+v", first, last)
		}
	})
}

func TestWrongOptionsAreNamedAllAtOnce(t *testing.T) {
	_, err := Run(t.Context(), fstest.MapFS{}, source.List(nil), Options{Scheduler: "fibers", Pin: "glue", Reader: "aloud", BudgetBytes: -1, Linger: -1, Buffer: -1})
	for _, want := range []string{"readers is 0", "analysers is 0", "batch is 0", "buffer is -1", "linger", `"fibers"`, `"glue"`, `"aloud"`, "memory budget in bytes is -1", "largest file", "makes analysers"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %v does not name %q", err, want)
		}
	}
}

func TestAnEmptySourceGivesAnEmptyAccount(t *testing.T) {
	got, err := Run(t.Context(), fstest.MapFS{}, source.List(nil), options(&lab{}))
	if err != nil || got.Discovered != 0 || got.Wall != 0 {
		t.Errorf("got %+v and error %v", got, err)
	}
}

func TestFilesOfEverySizeAreReadWhole(t *testing.T) {
	sizes := []int{0, 1, 4095, 4096, 4097, 1 << 16, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3 << 20}
	files := fstest.MapFS{}
	var paths, want []string
	for i, size := range slices.Repeat(sizes, 3) {
		path := fmt.Sprintf("f%d", i)
		data := strings.Repeat("y", size)
		files[path] = &fstest.MapFile{Data: []byte(data)}
		paths = append(paths, path)
		want = append(want, path+"="+data)
	}
	slices.Sort(want)
	l := &lab{}
	o := options(l)
	o.MaxFileBytes = 3 << 20
	if _, err := Run(t.Context(), files, source.List(paths), o); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(l.found(), want) {
		t.Error("what was analysed is not what the files hold")
	}
}
