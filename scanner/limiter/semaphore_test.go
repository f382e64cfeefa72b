package limiter

import "testing"

func TestAPermitThatComesBackJustBeforeSomebodyQueuesIsHis(t *testing.T) {
	for _, row := range []struct {
		name  string
		n     uint64
		whole bool
		want  uint64
	}{
		{"one", 1, false, 1},
		{"all", 3, false, 3},
		{"more than there are, where the whole limit will do", 7, true, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := NewSemaphore(3)
			if err != nil {
				t.Fatal(err)
			}
			s.take(3, false)
			if s.take(row.n, row.whole) != 0 {
				t.Fatal("the bound was passed")
			}
			s.give(3) // nobody waits yet
			w := s.enqueue(row.n, row.whole)
			if len(w.ready) != 1 || w.taken != row.want {
				t.Errorf("who queued then was granted %d, want %d", w.taken, row.want)
			}
			if state := s.state.Load(); state&queued != 0 || inFlight(state) != row.want {
				t.Errorf("%d are in flight, want %d; does anybody wait? %v", inFlight(state), row.want, state&queued != 0)
			}
		})
	}
}

func TestAGrantThatCrossesACancelGoesToTheNext(t *testing.T) {
	s, err := NewSemaphore(1)
	if err != nil {
		t.Fatal(err)
	}
	s.take(1, false)
	first, next := s.enqueue(1, false), s.enqueue(1, false)
	s.give(1)        // to the first
	s.abandon(first) // who is gone by now
	if next.taken != 1 || s.InFlight() != 1 || s.Waiting() != 0 {
		t.Errorf("the next was granted %d; %d are in flight, %d wait", next.taken, s.InFlight(), s.Waiting())
	}
}
