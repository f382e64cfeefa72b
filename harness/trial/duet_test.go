package trial

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/harness/record"
)

func TestTwoTrialsAtOnceAreNoOthersToEachOther(t *testing.T) {
	before := kin.cpu(0)
	var results [2]Result
	var both sync.WaitGroup
	for i := range results {
		both.Go(func() {
			r, err := Run(t.Context(), spec(t, "works"))
			if err != nil {
				t.Error(err)
			}
			results[i] = r
		})
	}
	both.Wait()
	var used time.Duration
	for i, r := range results {
		if r.Status != record.OK {
			t.Fatalf("trial %d: %s %s", i, r.Status, r.Reason)
		}
		if own := saidNumber(t, r, "cpu"); r.CPUS < own-0.002 || r.CPUS > own+0.020 {
			t.Errorf("trial %d: CPU %.4f s, want its own %.4f s", i, r.CPUS, own)
		}
		used += time.Duration((r.UserS + r.SysS) * float64(time.Second))
	}
	// The kernel's two accounts differ by what it takes to exit.
	if counted := kin.cpu(0) - before; counted < used-100*time.Millisecond || counted > used+100*time.Millisecond {
		t.Errorf("%v of CPU counted as ours, want the %v of both children", counted, used)
	}
}

func TestTheCPUOfAPartnerIsSeenWhileItWorks(t *testing.T) {
	before := kin.cpu(0)
	done := make(chan Result)
	go func() {
		r, err := Run(t.Context(), spec(t, "works"))
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	for kin.cpu(0)-before < 50*time.Millisecond {
		select {
		case <-done:
			t.Fatal("the partner ended unseen")
		case <-time.After(time.Millisecond):
		}
	}
	<-done
}

// Of two moments on the wall clock nobody knows how far they are apart: somebody
// may set it in between. What Go's time.Now returns carries a clock that nobody
// sets, until one of these calls takes it away.
func TestNoTimeIsTakenFromAClockThatCanBeSet(t *testing.T) {
	strip := []string{
		"Round", "Truncate", "UTC", "Local", "In", "Unix", "UnixNano", "UnixMilli", "UnixMicro", "Date", "Parse",
		"CLOCK_REALTIME", "Gettimeofday", "ModTime",
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			for _, word := range strip {
				if ok && call.Sel.Name == word {
					t.Errorf("%s: %s; times here come from time.Since and the like alone", set.Position(n.Pos()), word)
				}
			}
			return true
		})
	}
}
