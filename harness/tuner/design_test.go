package tuner

import (
	"fmt"
	"testing"
)

func TestPlanFitsItsLimitsAndRefusesWhatCannotFit(t *testing.T) {
	rates := Rates{ReferenceSPerByte: 3e-7, BestSPerByte: 1e-7, LaunchS: 0.1}
	for _, row := range []struct {
		limits Limits
		fits   bool
	}{
		{Limits{BudgetS: 90}, true},
		{Limits{BudgetS: 600}, true},
		{Limits{BudgetS: 5}, false},
		{Limits{Trials: 30}, true},
		{Limits{Trials: 29}, false},
		{Limits{Trials: 200, BudgetS: 90}, true},
	} {
		t.Run(fmt.Sprintf("%+v", row.limits), func(t *testing.T) {
			d, err := Plan(rates, row.limits, 100e6)
			if (err == nil) != row.fits {
				t.Fatalf("err = %v, fits should be %v", err, row.fits)
			}
			if err != nil {
				return
			}
			if row.limits.BudgetS > 0 && d.TotalS > row.limits.BudgetS {
				t.Errorf("takes %.0f s of %.0f", d.TotalS, row.limits.BudgetS)
			}
			if row.limits.Trials > 0 && d.Trials > row.limits.Trials {
				t.Errorf("takes %d trials of %d", d.Trials, row.limits.Trials)
			}
		})
	}
}
