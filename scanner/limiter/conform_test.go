package limiter_test

import (
	"testing"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/limitertest"
)

func TestEachAlgorithmKeepsThePromisesOfARule(t *testing.T) {
	but := map[string][]limitertest.Exception{
		"occupancy": {{Promise: limitertest.StepsAreSane, Why: "it knows how much is lacking", Step: 8}},
	}
	for _, a := range limiter.Algorithms() {
		t.Run(a.Name, func(t *testing.T) {
			limitertest.Rule(t, func() limiter.Rule { return a.New(a.Bounds) }, but[a.Name]...)
		})
	}
}
