package analyze

import (
	"errors"
	"strings"
	"testing"
)

func TestATextThatStallsTheParserIsGivenUp(t *testing.T) {
	for name, w := range map[string]*Worker{
		"from an arena":         worker(t, builtin(t, WithoutPrefilter())),
		"from the C library":    worker(t, builtin(t, WithoutPrefilter(), WithMalloc())),
		"without a plan":        worker(t, builtin(t, WithoutPrefilter(), withoutPlan)),
		"in the query, no plan": worker(t, builtin(t, WithoutPrefilter(), withoutPlan)),
	} {
		t.Run(name, func(t *testing.T) {
			src := strings.Repeat("\"`'", 100_000)
			if strings.HasPrefix(name, "in the query") {
				src = "package p\nvar x = " + strings.Repeat("(", 20_000)
				w.limit = func(int) limit { return limit{steps: 500, asked: 1 << 40} } // 204 of them for the parser
			}
			if _, err := w.Analyze("a.go", []byte(src)); !errors.Is(err, ErrTooCostly) {
				t.Errorf("error is %v after %d steps and %d bytes asked for, want %v", err, w.core.steps(), w.core.asked(), ErrTooCostly)
			}
			w.limit = limitOf
			usable(t, w)
		})
	}
}

// usable checks that a worker is as good as before.
func usable(t *testing.T, w *Worker) {
	t.Helper()
	if got := analyze(t, w, "a.go", "package p\nimport \"crypto/md5\"\nvar x = md5.New()"); len(got) != 1 {
		t.Errorf("found %v, want the weak hash", got)
	}
}

func TestWhatATextTakesDoesNotDependOnItsAllocator(t *testing.T) {
	counts := map[bool][2]int64{}
	for _, arena := range []bool{true, false} {
		e := builtin(t)
		if err := e.Warm(); err != nil {
			t.Fatal(err)
		}
		c, err := newCore(arena)
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		l := e.languages["go"]
		for range 3 { // nor on what was parsed before
			if _, err := c.scan(l.grammar, l.query, []byte("package p\nfunc f( { md5.New(1, \"2\"}\n"+strings.Repeat("x := 1\n", 500)), unlimited, nil); err != nil {
				t.Fatal(err)
			}
			got := [2]int64{c.steps(), c.asked()}
			if want, ok := counts[true]; ok && got != want {
				t.Errorf("arena %v: %v steps and bytes, before it was %v", arena, got, want)
			}
			counts[arena] = got
		}
	}
}

func TestAnalysesEndOnceStopped(t *testing.T) {
	w := worker(t, builtin(t, WithoutPrefilter()))
	stop := NewStop()
	stop.Set()
	stop.Set()
	w.StopOn(stop)
	for _, src := range []string{strings.Repeat("var x = f(1)\n", 100_000), strings.Repeat("\"`'", 10_000)} {
		if _, err := w.Analyze("a.go", []byte("package p\n"+src)); !errors.Is(err, ErrStopped) {
			t.Errorf("error is %v, want %v", err, ErrStopped)
		}
	}
	w.StopOn(nil)
	w.limit = limitOf
	usable(t, w)
}

// The text would keep the parser busy for hours, so that the analysis ends only
// if the stop ends it.
func TestAnAnalysisUnderWayIsStopped(t *testing.T) {
	src := []byte(strings.Repeat("\"", 1_000_000))
	w := worker(t, builtin(t, WithoutPrefilter()))
	begun := make(chan struct{})
	w.limit = func(int) limit { close(begun); return unlimited }
	stop := NewStop()
	w.StopOn(stop)
	ended := make(chan error)
	go func() {
		_, err := w.Analyze("a.js", src)
		ended <- err
	}()
	<-begun
	stop.Set()
	if err := <-ended; !errors.Is(err, ErrStopped) {
		t.Errorf("error is %v, want %v", err, ErrStopped)
	}
	w.StopOn(nil)
	w.limit = limitOf
	usable(t, w)
}
