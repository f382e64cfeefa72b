package trial_test

import (
	"context"
	"fmt"
	"time"

	"sluice/harness/trial"
)

// A command that knows nothing of trials is measured from start to exit.
func ExampleRun() {
	result, err := trial.Run(context.Background(), trial.Spec{
		Argv:       []string{"/bin/sh", "-c", "echo found nothing; exit 1"},
		Timeout:    time.Minute,
		KeepStdout: 1 << 10,
		ExitOK:     []int{0, 1}, // as grep does: 1 means no match
		Foreign:    true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Status, result.ExitCode)
	fmt.Print(string(result.Stdout))
	// Output:
	// ok 1
	// found nothing
}
