package limitertest_test

import (
	"testing"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/limitertest"
)

func TestAStaticRuleKeepsEveryPromise(t *testing.T) {
	limitertest.Rule(t, func() limiter.Rule { return &limiter.Static{Limit: 20} })
}
