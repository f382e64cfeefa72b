package limiter_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/limiter"
)

// seesaw is a rule whose every decision is a change.
type seesaw struct{}

func (seesaw) Next(w limiter.Window) limiter.Decision {
	return limiter.Decision{Limit: 3 - w.Limit, Reason: limiter.Reason{What: "to and fro"}} // 1 or 2
}

// changing makes a limiter each of whose permits, held for 1 ms, is a change; and a
// function that takes and settles one.
func changing(t *testing.T, listener func(limiter.Change)) (*limiter.Limiter, func()) {
	l := newLimiter(t, limiter.Options{Rule: seesaw{}, Initial: 1, Max: 2, Window: time.Millisecond, Samples: 1, Listener: listener})
	return l, func() {
		p := permit(t, l)
		<-time.After(time.Millisecond)
		_ = p.Settle(limiter.Success)
	}
}

func TestAChangeIsToldWithItsReasonOnceThePermitIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *limiter.Limiter
		var got []limiter.Change
		l, change := changing(t, func(c limiter.Change) {
			if l.InFlight() != 0 {
				t.Error("the permit is not back yet")
			}
			got = append(got, c)
		})
		change()
		change()
		why := limiter.Reason{What: "to and fro"}
		if want := []limiter.Change{{1, time.Millisecond, 1, 2, why}, {2, 2 * time.Millisecond, 2, 1, why}}; !slices.Equal(got, want) {
			t.Errorf("told %+v, want %+v", got, want)
		}
		if words := got[1].String(); words != "− 1: to and fro" {
			t.Errorf("in words it is %q", words)
		}
	})
}

func TestAListenerMayUseItsLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var change func()
		var l *limiter.Limiter
		depth, told := 0, 0
		l, change = changing(t, func(limiter.Change) {
			if depth++; depth > 1 {
				t.Error("told while it was told")
			}
			if told++; told < 5 {
				change()
			}
			depth--
		})
		change()
		if told != 5 || l.InFlight() != 0 {
			t.Errorf("told %d times, want 5, one by one; %d in flight", told, l.InFlight())
		}
	})
}

func TestAListenerThatBlocksHoldsUpOneGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var seqs []int
		l, change := changing(t, func(c limiter.Change) {
			seqs = append(seqs, c.Seq)
			<-release
		})
		var all sync.WaitGroup
		all.Go(change) // is held up
		synctest.Wait()
		<-time.After(time.Millisecond)
		const others = 100
		for range others {
			change()
		}
		if s := l.Stats(); s.Windows != others+1 || s.ChangesLost != others-64 {
			t.Errorf("meanwhile the figures are %+v", s)
		}
		close(release)
		all.Wait()
		want := []int{1}
		for seq := others + 1 - 63; seq <= others+1; seq++ { // the oldest are lost
			want = append(want, seq)
		}
		if !slices.Equal(seqs, want) {
			t.Errorf("told %v, want %v", seqs, want)
		}
	})
}

func TestAListenerThatBreaksIsCountedAndGoesOn(t *testing.T) {
	for _, row := range []struct {
		name   string
		breaks func()
		panics uint64
	}{
		{"by a panic", func() { panic("no") }, 6},
		{"by a panic with nothing", func() { panic(nil) }, 6},
		{"by the end of its goroutine", runtime.Goexit, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				told := 0
				l, change := changing(t, func(limiter.Change) {
					told++
					row.breaks()
				})
				for range 6 {
					var all sync.WaitGroup
					all.Go(change)
					all.Wait()
				}
				if s := l.Stats(); told != 6 || s.ListenerPanics != row.panics || s.InFlight != 0 {
					t.Errorf("told %d times, the figures are %+v", told, s)
				}
			})
		})
	}
}
