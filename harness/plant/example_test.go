package plant_test

import (
	"context"
	"fmt"

	"sluice/harness/plant"
)

// A plant of 8 slots that becomes one of 16, and two limits that stay: power is what
// was done, as a share of what could have been, over the median latency in units of
// that without queueing.
func ExampleRun() {
	spec, err := plant.Parse("mine.yaml", []byte(`
name: mine
doc: 8 slots, then 16
service: {distribution: constant, median: 10ms}
station: {kind: fifo}
load: {clients: 100}
phases: [{for: 30s, slots: 8}, {for: 30s, slots: 16}]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	among := []plant.Contestant{plant.StaticLimit(8), plant.StaticLimit(32)}
	contest, err := plant.Run(context.Background(), []plant.Spec{spec}, among, plant.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range contest.Plants[0].Scores {
		fmt.Printf("%-9s utilisation %.2f, power %.2f, p99 × %.1f\n", s.Limiter, s.Utilisation, s.Power, s.P99Ratio)
	}
	// Output:
	// static 8  utilisation 0.75, power 0.75, p99 × 1.0
	// static 32 utilisation 1.00, power 0.38, p99 × 4.0
}
