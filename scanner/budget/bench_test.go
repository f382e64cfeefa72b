package budget_test

import (
	"testing"

	"sluice/scanner/budget"
)

// BenchmarkAcquire takes and gives back: alone, among others that all fit, and
// among others of whom only one fits at a time.
func BenchmarkAcquire(b *testing.B) {
	b.Run("goroutines=1", func(b *testing.B) {
		bytes, ctx := budget.New(1000), b.Context()
		b.ReportAllocs()
		for b.Loop() {
			if bytes.Acquire(ctx, 600) == nil {
				bytes.Release(600)
			}
		}
	})
	for name, cost := range map[string]int64{"goroutines=many/fit=all": 1, "goroutines=many/fit=1": 600} {
		b.Run(name, func(b *testing.B) {
			bytes, ctx := budget.New(1000), b.Context()
			b.ReportAllocs()
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if bytes.Acquire(ctx, cost) == nil {
						bytes.Release(cost)
					}
				}
			})
		})
	}
}

// BenchmarkResident asks for the estimate of a class that is known.
func BenchmarkResident(b *testing.B) {
	e := budget.NewEstimator()
	e.Learn("go", 10_000, 300_000)
	b.ReportAllocs()
	for b.Loop() {
		e.Resident("go", 10_000)
	}
}

// BenchmarkLearn is what each parse pays.
func BenchmarkLearn(b *testing.B) {
	e := budget.NewEstimator()
	b.ReportAllocs()
	for b.Loop() {
		e.Learn("go", 10_000, 300_000)
	}
}
