package observe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWarningsSayWhatTheSummaryShows(t *testing.T) {
	blocked := Report{What: WhatBlocked, Pool: "cpu", Kind: CPU, Slot: 1, ForS: 0.2, Path: "a.go", Wait: "chan send"}
	computed := Report{What: WhatComputing, Pool: "read", Kind: IO, Slot: 2, ForS: 0.15, Path: "b.go"}
	for _, row := range []struct {
		name    string
		summary Summary
		want    []string
	}{
		{"nothing", Summary{}, nil},
		{"the sandwich before its slices, with counts", Summary{
			Reports: []Report{blocked, {What: WhatSandwich, Pool: "cpu", Kind: CPU, Slot: 1, ForS: 0.2, Wait: "chan send"}},
			Counts:  []Count{{What: WhatBlocked, Pool: "cpu", Kind: CPU, N: 3}, {What: WhatSandwich, Pool: "cpu", Kind: CPU, N: 1}},
		}, []string{
			"every worker of pool cpu is blocked in user code: a task may be waiting for another task of the same pool; use Reply.Await (worker 1, chan send for 200ms)",
			"worker 1 of pool cpu is blocked outside a declared wait (chan send) for 200ms on a.go (the first of 3 such episodes)",
		}},
		{"analysis on the I/O workers", Summary{
			Occupancy: []Occupancy{{Pool: "read", Kind: IO, Looks: 400, Computing: 0.834, Flagged: true}, {Pool: "cpu", Kind: CPU, Looks: 400, Computing: 1}},
			Reports:   []Report{computed},
			Counts:    []Count{{What: WhatComputing, Pool: "read", Kind: IO, N: 1}},
		}, []string{
			"I/O pool read computed in 83 % of 400 looks at its workers: analysis belongs to the CPU workers",
			"worker 2 of I/O pool read has computed for 150ms on b.go: analysis belongs to the CPU workers",
		}},
		{"stalls first", Summary{
			Stalls: []Stall{{What: WhatDeadlock, ForS: 30, Workers: []WorkerState{
				{Pool: "read", Kind: IO, State: "waiting", ForS: 31, Path: "c.go"}, {Pool: "cpu", Kind: CPU, State: "idle", ForS: 32},
			}}},
			StallCount: 2,
		}, []string{
			"no file settled for 30s, and the workers wait for each other: read 0 waiting for 31s on c.go",
			"stalls not shown: 1",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, row.summary.Warnings()); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlyIOPoolsThatComputeAreFlagged(t *testing.T) {
	for _, row := range []struct {
		name string
		o    Occupancy
		want bool
	}{
		{"analysis on the I/O workers", Occupancy{Kind: IO, Looks: 100, Computing: 0.06}, true},
		{"reading and handing over", Occupancy{Kind: IO, Looks: 100_000, Computing: 0.02}, false},
		{"plainly too much in a few looks", Occupancy{Kind: IO, Looks: 10, Computing: 0.4}, true},
		{"too few looks to say", Occupancy{Kind: IO, Looks: 99, Computing: 0.29}, false},
		{"far too few", Occupancy{Kind: IO, Looks: 9, Computing: 1}, false},
		{"computing is a CPU pool's job", Occupancy{Kind: CPU, Looks: 1000, Computing: 1}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.o.analyses(); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestAStallNamesTheBusiestWorkersAndCountsTheRest(t *testing.T) {
	var all []WorkerState
	for slot := range 100 {
		state := State(slot % states)
		all = append(all, WorkerState{Pool: "p", Slot: slot, State: state.String(), state: state, ForS: 30})
	}
	first, others := busiest(all)
	if len(first) != mostStalled || others != 100-mostStalled {
		t.Fatalf("described %d workers and left out %d", len(first), others)
	}
	for i, w := range first {
		if want := []State{Computing, Reading, Waiting}[i/25]; w.state != want {
			t.Errorf("worker %d is %v, want %v", i, w.state, want)
		}
	}
	want := "no file settled for 30s: p 3 computing for 30s; p 7 computing for 30s; p 11 computing for 30s; p 15 computing for 30s; " +
		"p 19 computing for 30s; p 23 computing for 30s; p 27 computing for 30s; p 31 computing for 30s; and 17 more"
	if got := (Stall{What: WhatStall, ForS: 30, Workers: first, Others: others}).String(); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
