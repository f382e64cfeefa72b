package stats_test

import (
	"fmt"
	"math"

	"sluice/harness/stats"
)

func ExampleCompare() {
	seconds := []float64{1.00, 1.40, 1.10, 0.95, 1.20, 1.05} // one block each
	reference := []float64{1.41, 1.98, 1.53, 1.35, 1.70, 1.46}
	c, err := stats.Compare(false, seconds, reference, 0.02, 0.05)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("×%.2f [%.2f, %.2f] at %.1f %%, n = %d: %s\n", c.Ratio, c.Low, c.High, 100*c.Confidence, c.N, c.Verdict)
	// Output: ×1.41 [1.39, 1.42] at 96.9 %, n = 6: better
}

func ExampleSequential() {
	rule, err := stats.NewSequential(0.05, 12) // 12 pairs at most, fixed beforehand
	if err != nil {
		fmt.Println(err)
		return
	}
	var logs []float64
	for _, ratio := range []float64{1.031, 1.024, 1.042, 1.028, 1.035, 1.019, 1.033, 1.027, 1.030, 1.029, 1.038, 1.026} {
		logs = append(logs, math.Log(ratio))
		in, verdict := rule.Judge(logs, 0)
		if verdict != stats.Undecided {
			fmt.Printf("after %d pairs ×%.3f [%.3f, %.3f]: %s\n", in.N, math.Exp(in.Estimate), math.Exp(in.Low), math.Exp(in.High), verdict)
			return
		}
	}
	// Output: after 8 pairs ×1.030 [1.019, 1.042]: better
}
