package limiters

import (
	"context"
	"runtime"
	"testing"
)

// BenchmarkCost is what a permit costs that is there for the asking: a limit of
// 1000 is never reached. Serial and parallel stand next to each other, so that a
// change of the machine's mood meets both.
func BenchmarkCost(b *testing.B) {
	for _, s := range subjects() {
		b.Run("subject="+s.name+"/mode=serial", func(b *testing.B) {
			round := s.make(b, 1000)
			b.ReportAllocs()
			for b.Loop() {
				if err := round(b.Context(), 0); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("subject="+s.name+"/mode=parallel", func(b *testing.B) {
			round := s.make(b, 1000)
			b.ReportAllocs()
			inParallel(b, 0, round)
		})
	}
}

// BenchmarkWaiting is what a permit costs that has to be waited for: sixteen
// goroutines for two slots, each held for 2000 turns of an empty
// loop, about a microsecond.
func BenchmarkWaiting(b *testing.B) {
	const goroutines, slots, turns = 16, 2, 2000
	for _, s := range subjects() {
		if !s.waits {
			continue
		}
		b.Run("subject="+s.name+"/mode=waiting", func(b *testing.B) {
			round := s.make(b, slots)
			b.ReportAllocs()
			b.SetParallelism((goroutines + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			inParallel(b, turns, round)
		})
	}
}

func inParallel(b *testing.B, turns int, round func(context.Context, int) error) {
	b.RunParallel(func(pb *testing.PB) {
		ctx := b.Context()
		for pb.Next() {
			if err := round(ctx, turns); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
