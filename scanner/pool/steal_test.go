package pool

import (
	"slices"
	"testing"
	"testing/synctest"
)

// The two halves of the argument beside thieves.sleeping, each on its own: their
// race is too short to be met by chance.
func TestNoWakeUpIsLostBetweenAnnouncingAndSleeping(t *testing.T) {
	t.Run("a task pushed before the announcement is found", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newThieves(t.Context(), Options{Size: 2}, make(chan int), Work[int]{})
			s.spawn(0, 7)
			if len(s.wake) != 0 {
				t.Error("a token was sent though nobody sleeps")
			}
			if _, ok := s.sleep(1); ok { // the bubble reports a deadlock if it waits
				t.Error("it received a task")
			}
		})
	})
	t.Run("a task pushed after the announcement sends a token", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newThieves(t.Context(), Options{Size: 2}, make(chan int), Work[int]{})
			s.sleeping.Add(1) // announced, has looked in vain, does not wait yet
			s.spawn(0, 7)
			s.spawn(0, 8)
			if len(s.wake) != 1 {
				t.Errorf("%d tokens wait for the sleeper, want 1", len(s.wake))
			}
		})
	})
	t.Run("whoever steals wakes the next", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newThieves(t.Context(), Options{Size: 2}, make(chan int), Work[int]{})
			s.spawn(0, 7)
			s.sleeping.Add(1)
			if s.raid(1) == nil || len(s.wake) != 1 {
				t.Errorf("%d tokens after a theft, want 1", len(s.wake))
			}
		})
	})
}

func TestStridesComeToEveryPlace(t *testing.T) {
	for n := 1; n <= 64; n++ {
		for _, stride := range coprimes(n) {
			seen := make([]bool, n)
			for i := range n {
				seen[i*stride%n] = true
			}
			if slices.Contains(seen, false) {
				t.Errorf("steps of %d around %d places leave some out", stride, n)
			}
		}
	}
}
