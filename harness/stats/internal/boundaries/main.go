// Command boundaries writes the table of critical values that harness/stats
// embeds. It is run by go generate in that folder, takes no argument, always
// writes the same file, and costs about half a minute of one core and 200 MB.
package main

import (
	"fmt"
	"os"

	"sluice/harness/stats/internal/boundary"
)

func main() {
	table := boundary.Format(boundary.Tabulate(boundary.Tabled()))
	if err := os.WriteFile("boundaries.txt", table, 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
