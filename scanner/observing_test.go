package scanner_test

import (
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/source"
)

// BenchmarkObserving measures what observing costs: an iteration is a pair of
// scans of Go's source, one observed and one not, in turns first, in this process. It
// reports the mean extra CPU seconds and the upper end of its 95 % interval, in
// percent, from the pairs' log-ratios; a hundred pairs and a quiet machine say
// something (-benchtime 100x).
func BenchmarkObserving(b *testing.B) {
	out, err := exec.CommandContext(b.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		b.Skipf("no go command to ask for its source: %v", err)
	}
	fsys := source.Dir(filepath.Join(strings.TrimSpace(string(out)), "src"))
	e := engine(b)
	scan := func(unobserved bool) time.Duration {
		before := cpuTime(b)
		_, err := scanner.Scan(b.Context(), scanner.Options{Config: config.Default(2), FS: fsys, Engine: e, Unobserved: unobserved, Stall: 30 * time.Second})
		if err != nil {
			b.Fatal(err)
		}
		return cpuTime(b) - before
	}
	scan(true)
	scan(false)
	var ratios []float64
	for b.Loop() {
		first := len(ratios)%2 == 0
		one, two := scan(first), scan(!first)
		if first { // the unobserved scan came first
			one, two = two, one
		}
		ratios = append(ratios, math.Log(float64(one)/float64(two)))
	}
	mean, squares := 0.0, 0.0
	for _, r := range ratios {
		mean += r / float64(len(ratios))
	}
	for _, r := range ratios {
		squares += (r - mean) * (r - mean)
	}
	n := float64(len(ratios))
	margin := 1.96 * math.Sqrt(squares/(n-1)/n)
	b.ReportMetric(100*math.Expm1(mean), "extra-%")
	b.ReportMetric(100*math.Expm1(mean+margin), "upper-%")
}

func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
