package machine_test

import (
	"fmt"

	"sluice/harness/machine"
)

// A meter stands around the work; what the work itself used is taken out.
func ExampleStartMeter() {
	meter, err := machine.StartMeter()
	if err != nil {
		fmt.Println(err)
		return
	}
	// … run something here and learn how much CPU it used …
	share, err := meter.Others(0)
	fmt.Println(share >= 0, share <= 1, err)
	// Output: true true <nil>
}

// A watch stands around the work as a meter does. What it cannot read is nil.
func ExampleStartConditions() {
	cores, err := machine.Affinity()
	if err != nil {
		fmt.Println(err)
		return
	}
	watch := machine.StartConditions(cores)
	// … run something here …
	conditions := watch.End()
	if steal := conditions.StealShare; steal != nil {
		fmt.Println(*steal >= 0, *steal <= 1)
	}
	// Output: true true
}
