package stats_test

import (
	"fmt"

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
