package pool_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"sluice/scanner/pool"
)

func numbers(n int) (cores []int) {
	for core := range n {
		cores = append(cores, core)
	}
	return cores
}

func TestPartitionGivesEachPoolCoresOfItsOwn(t *testing.T) {
	for c := 2; c <= 64; c++ {
		mask := numbers(c)
		for _, cpu := range []int{1, 2, c / 2, c - 1, c, c + 1, 1000} {
			ioCores, cpuCores, warning := pool.Partition(mask, cpu)
			if want := max(1, min(cpu, c-1)); len(cpuCores) != want || len(ioCores) != c-want {
				t.Errorf("%d cores, %d analysers: %d and %d cores, want %d and %d", c, cpu, len(ioCores), len(cpuCores), c-want, want)
			}
			if got := slices.Concat(ioCores, cpuCores); !slices.Equal(got, mask) {
				t.Errorf("%d cores, %d analysers: together %v", c, cpu, got)
			}
			if tight := cpu > len(cpuCores); tight != (warning != "") {
				t.Errorf("%d cores, %d analysers: warning %q", c, cpu, warning)
			}
		}
	}
}

func TestPartitionSaysWhoShares(t *testing.T) {
	for _, row := range []struct {
		name            string
		mask            []int
		cpu             int
		ioCores, cpuSet []int
		warning         string
	}{
		{"no core", nil, 1, nil, nil, "no core to divide; pools are not kept apart"},
		{"one core", []int{5}, 1, []int{5}, []int{5}, "readers and analysers share the one core 5: there is nothing to part"},
		{"enough", []int{2, 3, 8}, 2, []int{2}, []int{3, 8}, ""},
		{"more than enough", []int{2, 3, 8, 9}, 2, []int{2, 3}, []int{8, 9}, ""},
		{"analysers share", []int{0, 1}, 3, []int{0}, []int{1}, "3 analysers share 1 core, since one core or more is left to the readers"},
	} {
		t.Run(row.name, func(t *testing.T) {
			ioCores, cpuCores, warning := pool.Partition(row.mask, row.cpu)
			if !slices.Equal(ioCores, row.ioCores) || !slices.Equal(cpuCores, row.cpuSet) || warning != row.warning {
				t.Errorf("got %v, %v, %q; want %v, %v, %q", ioCores, cpuCores, warning, row.ioCores, row.cpuSet, row.warning)
			}
		})
	}
}

func affinity(t *testing.T) []int {
	t.Helper()
	cores, err := pool.Affinity()
	if err != nil {
		t.Fatal(err)
	}
	return cores
}

// thread returns the mask of the calling thread.
func thread(t *testing.T) (cores []int) {
	t.Helper()
	set := unix.NewCPUSet(1 << 16)
	if err := unix.SchedGetaffinityDynamic(0, set); err != nil {
		t.Error(err)
	}
	for core := range 1 << 16 {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores
}

func TestAffinityIsTheProcesssAlsoFromABoundThread(t *testing.T) {
	all := affinity(t)
	if len(all) == 0 || !slices.IsSorted(all) {
		t.Fatalf("the process may use cores %v", all)
	}
	var bound sync.WaitGroup
	bound.Go(func() {
		if err := pool.Bind(all[:1]); err != nil {
			t.Error(err)
		}
		if got := thread(t); !slices.Equal(got, all[:1]) {
			t.Errorf("the bound thread may use %v, want %v", got, all[:1])
		}
		if got := affinity(t); !slices.Equal(got, all) {
			t.Errorf("from a bound thread the process may use %v, want %v", got, all)
		}
	})
	bound.Wait()
}

// Goroutines are started while bound ones live and after they ended, many at once,
// so that the runtime has to start threads for them and to use those it has.
func TestABoundThreadDoesNotLeakItsMask(t *testing.T) {
	all := affinity(t)
	if len(all) < 2 {
		t.Skip("with one core every mask is the same")
	}
	unbound := func() {
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				runtime.LockOSThread() // a thread each
				defer runtime.UnlockOSThread()
				if got := thread(t); !slices.Equal(got, all) {
					t.Errorf("a goroutine beside bound ones may use %v, want %v", got, all)
				}
			})
		}
		wait.Wait()
	}
	for range 10 {
		tasks := make(chan int, 8)
		for i := range cap(tasks) {
			tasks <- i
		}
		close(tasks)
		var within sync.WaitGroup
		pool.Queue(t.Context(), pool.Options{Size: 4, Enter: func(_ int, run func()) {
			if err := pool.Bind(all[:1]); err != nil {
				t.Error(err)
			}
			run()
		}}, tasks, pool.Work[int]{
			Do: func(*pool.Worker[int], int) error {
				if got := thread(t); !slices.Equal(got, all[:1]) {
					t.Errorf("a bound worker may use %v, want %v", got, all[:1])
				}
				within.Go(unbound)
				return nil
			},
			Settle: func(int, int, error) {},
		})
		within.Wait()
		unbound()
	}
}

func TestBindNamesTheCoreThatIsNotToBeHad(t *testing.T) {
	all := affinity(t)
	foreign := slices.Max(all) + 70
	var asked sync.WaitGroup
	asked.Go(func() {
		err := pool.Bind([]int{all[0], foreign})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("core %d is not among those this process may use", foreign)) {
			t.Errorf("got %v, want an error that names core %d", err, foreign)
		}
		if got := thread(t); !slices.Equal(got, all) {
			t.Errorf("the thread may use %v, want %v as before", got, all)
		}
		if err := pool.Bind([]int{-1}); err == nil {
			t.Error("core -1 was accepted")
		}
	})
	asked.Wait()
}

func TestThreadsTakeAThreadForEachTask(t *testing.T) {
	const n = 100
	tasks := make(chan int, n)
	for i := range n {
		tasks <- i
	}
	close(tasks)
	var mu sync.Mutex
	threads := map[int]bool{}
	pool.Threads(t.Context(), pool.Options{Size: 3}, tasks, pool.Work[int]{
		Do: func(*pool.Worker[int], int) error {
			mu.Lock()
			defer mu.Unlock()
			threads[unix.Gettid()] = true
			return nil
		},
		Settle: func(int, int, error) {},
	})
	if len(threads) != n && !threads[os.Getpid()] { // the first thread alone cannot die
		t.Errorf("%d tasks were done on %d threads", n, len(threads))
	}
}
