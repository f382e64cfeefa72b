package profile

import (
	"fmt"
	"slices"
	"strings"

	"sluice/scanner/config/strict"
)

// The kinds of profiles. All are read by go tool pprof, but for Trace, which go
// tool trace reads and nothing here does.
const (
	CPU    = "cpu"    // where processor time goes, 100 samples a second and core
	FGProf = "fgprof" // where wall time goes, on and off the processor, 99 samples a second and goroutine
	Heap   = "heap"   // what was allocated between the marks, and what is in use after a collection at the end
	Mutex  = "mutex"  // who made others wait for a lock
	Block  = "block"  // who waited for a channel, a lock or a condition
	Trace  = "trace"  // the runtime's execution trace
)

// Kinds lists them all.
func Kinds() []string { return []string{CPU, FGProf, Heap, Mutex, Block, Trace} }

// FileName is what the profile of a kind is called: "cpu.pprof", "trace.out".
func FileName(kind string) string {
	if kind == Trace {
		return "trace.out"
	}
	return kind + ".pprof"
}

// Unknown says why a word is no kind, with the nearest that is one; nil if it is.
func Unknown(kind string) error {
	if slices.Contains(Kinds(), kind) {
		return nil
	}
	near := ""
	if n := strict.Nearest(kind, Kinds()); n != "" {
		near = fmt.Sprintf("; did you mean %q?", n)
	}
	return fmt.Errorf("unknown kind of profile %q%s; the kinds are %s", kind, near, strings.Join(Kinds(), ", "))
}

// ParseKinds reads a list such as "cpu,heap". Doubles count once; the order is
// that of Kinds.
func ParseKinds(list string) ([]string, error) {
	asked := map[string]bool{}
	for word := range strings.SplitSeq(list, ",") {
		kind := strings.TrimSpace(word)
		if err := Unknown(kind); err != nil {
			return nil, err
		}
		asked[kind] = true
	}
	return slices.DeleteFunc(Kinds(), func(kind string) bool { return !asked[kind] }), nil
}
