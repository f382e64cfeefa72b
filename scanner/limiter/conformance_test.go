package limiter_test

import (
	"testing"

	"go.uber.org/goleak"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/limitertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASemaphoreKeepsItsPromises(t *testing.T) {
	limitertest.Semaphore(t, func(limit int) (limitertest.Semaphorer, error) { return limiter.NewSemaphore(limit) })
}

func TestEveryAlgorithmKeepsTheLimitersPromises(t *testing.T) {
	for _, a := range limiter.Algorithms() {
		t.Run(a.Name, func(t *testing.T) {
			limitertest.Limiter(t, func(o limiter.Options) (*limiter.Limiter, error) {
				o.Algorithm = a.Name
				return limiter.New(o)
			})
		})
	}
}

// wild is a rule that leaps within the bounds and far beyond them.
type wild struct{ n int }

func (w *wild) Next(limiter.Window) limiter.Decision {
	w.n = (w.n*5 + 3) % 64
	return limiter.Decision{Limit: w.n*w.n - 500, Reason: limiter.Reason{What: "a whim"}}
}

func TestAWildRuleKeepsTheLimitersPromises(t *testing.T) {
	limitertest.Limiter(t, func(o limiter.Options) (*limiter.Limiter, error) {
		o.Rule = new(wild)
		return limiter.New(o)
	})
}
