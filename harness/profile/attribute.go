package profile

import (
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// The pools that samples are attributed to, beside those that the scanner names
// itself: "read", "analyse", "per-file", "threads" and "inline".
const (
	Walk           = "walk"     // who lists the files; the caller's goroutine
	Batcher        = "batcher"  // who sends batches that have lingered
	Monitor        = "monitor"  // watchdog, gauge and progress
	Profiler       = "profiler" // whoever takes the profile
	Runtime        = "runtime"  // collector, scheduler and other goroutines of Go's own
	Other          = "other"    // goroutines of the program that are none of the above
	Unattributable = "unattributable"
)

// IOPools are the pools whose workers are there to read. Under the schedulers
// per-file and threads a worker does both by design.
func IOPools() []string { return []string{"read", "inline"} }

// A rule gives a name to the stacks in which a function stands that begins so.
type rule struct{ prefix, name string }

// roots are the functions that stand at the bottom of a pool's stacks, and some
// that only one pool can come through, for stacks whose bottom was cut off. The
// first rule counts that any function of a stack fits.
func roots() []rule {
	const pipeline = "sluice/scanner/pipeline."
	return []rule{
		{pipeline + "readPool", "read"},
		{pipeline + "analysePool", "analyse"},
		{pipeline + "perFilePool", "per-file"},
		{pipeline + "threadsPool", "threads"},
		{pipeline + "inlinePool", "inline"},
		{pipeline + "(*run).fetch", "read"}, // under two pools alone; fetchBytes belongs to all, see cut
		{pipeline + "(*batcher).expire", Batcher},
		{pipeline + "(*run).walk", Walk},
		{pipeline + "(*run).watch", Monitor},
		{"sluice/scanner/observe.(*Monitor)", Monitor},
		{"sluice/scanner/observe/sampler.", Monitor},
		{"github.com/felixge/fgprof.", Profiler},
		{"runtime/pprof.profileWriter", Profiler},
		{"sluice/harness/profile/capture.", Profiler},
		{"runtime/trace.", Profiler},
		{pipeline, Other}, // owners that wait for their pools
		{"main.main", Other},
		{"testing.tRunner", Other},
		{"sluice/harness/", Other},
		{"github.com/vbauerster/mpb", Other},
		{"os/signal.", Other},
		{"runtime.main", Other},
	}
}

// runtimeRoots are what stacks of the runtime's own begin with. They count only at
// the very bottom: further up they are something that a goroutine of ours does.
func runtimeRoots() []string {
	return []string{
		"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge", "runtime.forcegchelper", "runtime.runFinalizers", "runtime.runCleanups",
		"runtime.mstart", "runtime.mcall", "runtime.systemstack", "runtime.sysmon", "runtime.rt0_go", "runtime.morestack", "runtime.goexit0",
		"runtime.schedule", "runtime.findRunnable", "runtime._GC", "runtime._System", "runtime._VDSO", "runtime.ensureSigM", "runtime.timerGoroutine",
		"runtime.gopreempt_m", "runtime.park_m", "runtime.goschedImpl", "runtime.asyncPreempt", "runtime.gcenable", "runtime.exitsyscall",
		"runtime.mPark", "runtime.startTheWorld", "runtime.stopTheWorld", "runtime.sigpanic", "runtime.sigtramp",
	}
}

// label is the name that the scanner gives the goroutines of a pool.
const label = "pool"

// pool says whose a sample is, and whether a label said so.
func pool(s *profile.Sample, stack []string) (name string, labelled bool) {
	if values := s.Label[label]; len(values) > 0 {
		return values[0], true
	}
	for _, r := range roots() {
		for _, function := range stack {
			if strings.HasPrefix(function, r.prefix) && whole(function, r.prefix) {
				return r.name, false
			}
		}
	}
	if len(stack) == 0 {
		return Unattributable, false
	}
	if slices.ContainsFunc(runtimeRoots(), func(root string) bool { return strings.HasPrefix(stack[0], root) }) {
		return Runtime, false
	}
	return Unattributable, false
}

// whole keeps fetch from matching fetchBytes: after a function's name comes its
// end, or a point; a prefix of a package or folder is free.
func whole(function, prefix string) bool {
	if strings.HasSuffix(prefix, ".") || strings.HasSuffix(prefix, "/") || len(function) == len(prefix) {
		return true
	}
	return strings.ContainsRune("./[(", rune(function[len(prefix)]))
}

// stations are what a worker can be at, by the functions that stand in its stack,
// in order of precedence: the first rule that any function of the stack fits.
func stations() []rule {
	return []rule{
		{"github.com/felixge/fgprof.", "profiling"},
		{"sluice/harness/profile/capture.", "profiling"},
		{"runtime/pprof.profileWriter", "profiling"},
		{"runtime/trace.", "profiling"},
		{"runtime.gcBgMarkWorker", "collect"},
		{"runtime.gcAssistAlloc", "collect"},
		{"runtime.gcStart", "collect"},
		{"runtime.GC", "collect"},
		{"runtime.bgsweep", "collect"},
		{"runtime.bgscavenge", "collect"},
		{"runtime._GC", "collect"},
		{"runtime.(*mspan).sweep", "collect"},
		{"sluice/scanner/analyze.(*hunt)", "secrets"},
		{"sluice/scanner/analyze.secretForm", "secrets"},
		{"github.com/petar-dambovaliev/aho-corasick", "prefilter"},
		{"sluice/scanner/analyze.core.scan", "parse and query"},
		{"sluice/scanner/analyze._Cfunc", "parse and query"},
		{"sluice/scanner/pipeline.(*seat).attempt", "analyse, other"},
		{"sluice/scanner/budget.(*Budget)", "memory budget"},
		{"sluice/workloads/storage.", "read"},
		{"sluice/scanner/mapped.", "read"},
		{"sluice/scanner/pipeline.(*run).load", "read"},
		{"sluice/scanner/pipeline.(*batcher)", "hand-over"},
		{"sluice/scanner/pipeline.(*run).walk", "list files"},
		{"sluice/scanner/source.", "list files"},
		{"sluice/scanner/observe", "observe"},
		{"sluice/scanner/pipeline.(*run).analyse", "bookkeeping"},
		{"sync.(*WaitGroup).Wait", "wait for the end"},
		{"runtime.chanrecv", "hand-over"}, // a worker that waits for its next file
		{"runtime.chansend", "hand-over"},
		{"runtime.selectgo", "hand-over"},
		{"sluice/scanner/pool.", "pool"},
		{"sluice/scanner/pipeline.", "bookkeeping"},
		{"runtime.mcall", "schedule"},
		{"runtime.schedule", "schedule"},
		{"runtime.findRunnable", "schedule"},
		{"runtime.mstart", "schedule"},
		{"runtime.sysmon", "schedule"},
		{"runtime.", "runtime, other"},
	}
}

// station says what a stack is at.
func station(stack []string) string {
	for _, r := range stations() {
		for _, function := range stack {
			if strings.HasPrefix(function, r.prefix) {
				return r.name
			}
		}
	}
	return Other
}

// analysis says whether analysis stands in a stack, also where the collector or
// the allocator had the processor when the sample was taken.
func analysis(stack []string) bool {
	return slices.ContainsFunc(stack, func(function string) bool {
		return strings.HasPrefix(function, "sluice/scanner/pipeline.(*seat).attempt") ||
			strings.HasPrefix(function, "sluice/scanner/analyze.(*Worker)") ||
			strings.HasPrefix(function, "sluice/scanner/contrast.")
	})
}

// plumbing are the functions at the bottom of stacks that only bring a worker to
// its work: they differ between schedulers, which the pool says already.
func plumbing() []string {
	const run = "sluice/scanner/pipeline.(*run)."
	return []string{
		"runtime.goexit", "runtime.main", "main.main", "sync.(*WaitGroup).Go", "github.com/spf13/cobra.", "sluice/harness/cli.", "testing.tRunner",
		"sluice/scanner.Scan", "sluice/scanner/pipeline.Run", "sluice/scanner/pool.", "runtime/pprof.Do", run + "labelled", run + "drive", run + "unlessStuck",
		run + "twoPools", run + "onePool", run + "do", run + "fetch", run + "analyseSeated", run + "readPermitted",
		"sluice/scanner/pipeline.readPool", "sluice/scanner/pipeline.analysePool", "sluice/scanner/pipeline.perFilePool",
		"sluice/scanner/pipeline.threadsPool", "sluice/scanner/pipeline.inlinePool",
	}
}

// work is a stack without its plumbing; at least its last function. A function that
// calls itself stands once: recursion is deep and says nothing.
func work(stack []string) []string {
	for len(stack) > 1 && slices.ContainsFunc(plumbing(), func(p string) bool { return strings.HasPrefix(stack[0], p) && whole(stack[0], p) }) {
		stack = stack[1:]
	}
	return slices.Compact(slices.Clone(stack))
}

// functions lists the stack of a sample from the bottom up, inlined calls
// included.
func functions(s *profile.Sample) []string {
	var stack []string
	for _, location := range slices.Backward(s.Location) {
		if len(location.Line) == 0 {
			stack = append(stack, unnamed(location))
		}
		for _, line := range slices.Backward(location.Line) {
			if line.Function != nil {
				stack = append(stack, line.Function.Name)
			}
		}
	}
	return stack
}

// unnamed is what a place without symbols is called: after its binary, else none.
func unnamed(l *profile.Location) string {
	if l.Mapping != nil && l.Mapping.File != "" {
		file := l.Mapping.File
		return "[" + file[strings.LastIndexByte(file, '/')+1:] + "]"
	}
	return "[unknown]"
}
