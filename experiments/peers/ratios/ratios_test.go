package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const output = `goos: linux
BenchmarkCost/subject=floor/mode=serial-2      	 100	 100 ns/op	 0 B/op	 0 allocs/op
BenchmarkCost/subject=x-sync/mode=serial-2     	 100	 40 ns/op	 0 B/op	 0 allocs/op
BenchmarkCost/subject=bdp/mode=serial-2        	 100	 120 ns/op	 8 B/op	 1 allocs/op
BenchmarkWaiting/subject=x-sync/mode=waiting-2 	 100	 500 ns/op	 0 B/op	 0 allocs/op
BenchmarkOther-2	 1	 5 ns/op
PASS
BenchmarkCost/subject=floor/mode=serial-2      	 100	 200 ns/op	 0 B/op	 0 allocs/op
BenchmarkCost/subject=x-sync/mode=serial-2     	 100	 80 ns/op	 0 B/op	 0 allocs/op
BenchmarkCost/subject=bdp/mode=serial-2        	 100	 220 ns/op	 8 B/op	 1 allocs/op
BenchmarkWaiting/subject=x-sync/mode=waiting-2 	 100	 700 ns/op	 0 B/op	 0 allocs/op
`

const want = `Cost, least (median) of 2 rounds:

| subject | serial ns | × floor | × x-sync | B | allocs |
|---|--:|--:|--:|--:|--:|
| floor | 100 (150) | 1.00 (1.00) | 2.50 (2.50) | 0 | 0 |
| x-sync | 40.0 (60.0) | 0.40 (0.40) | 1.00 (1.00) | 0 | 0 |
| bdp | 120 (170) | 1.20 (1.15) | 3.00 (2.88) | 8 | 1 |

Waiting, least (median) of 2 rounds:

| subject | waiting ns | × x-sync | B | allocs |
|---|--:|--:|--:|--:|
| x-sync | 500 (600) | 1.00 (1.00) | 0 | 0 |

`

func TestEachSubjectIsHeldAgainstTheBasesOfItsRound(t *testing.T) {
	tables, err := read(strings.NewReader(output), "cost.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, table := range tables {
		if err := table.write(&got); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestARunThatDidNotEndIsRefused(t *testing.T) {
	cut := output[:strings.LastIndex(output, "BenchmarkCost/subject=bdp")]
	tables, err := read(strings.NewReader(cut), "cost.txt")
	if err != nil {
		t.Fatal(err)
	}
	err = tables[0].write(&strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "bdp, serial has 1 rounds where floor has 2") {
		t.Errorf("error is %v, want one that names bdp", err)
	}
}

func TestAFileOfSomethingElseIsRefused(t *testing.T) {
	if _, err := read(strings.NewReader("PASS\n"), "cost.txt"); err == nil {
		t.Error("no error for a file without benchmarks")
	}
}
