// Command ratios reads the output of benchmarks with subjects and prints what each
// subject costs, in nanoseconds and as a multiple of the floor and of
// golang.org/x/sync/semaphore in the same round, as Markdown.
//
//	go test -run='^$' -bench=. -benchmem ./limiters >>cost.txt   # as often as there shall be rounds
//	go run ./ratios cost.txt
//
// Rounds are passes through all the benchmarks, not repetitions of each in turn
// (go test -count), so that the machine's slow minutes fall on everybody.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ratios:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("%d files; name one that holds the benchmarks' output", len(args))
	}
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	tables, err := read(f, args[0])
	if err != nil {
		return err
	}
	for _, t := range tables {
		if err := t.write(w); err != nil {
			return err
		}
	}
	return nil
}
