package analyze

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/scanner/rules"
)

// goSource reads the Go files of one folder of Go's own source, in memory.
func goSource(b *testing.B, folder string) (paths []string, files [][]byte, bytes int64) {
	b.Helper()
	out, err := exec.CommandContext(b.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		b.Skipf("no go command to ask for its source: %v", err)
	}
	root := filepath.Join(strings.TrimSpace(string(out)), "src", folder)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		data, err := os.ReadFile(path)
		paths, files, bytes = append(paths, path), append(files, data), bytes+int64(len(data))
		return err
	})
	if err != nil || len(files) == 0 {
		b.Skipf("no Go source under %s: %v", root, err)
	}
	return paths, files, bytes
}

// cpuTime is what this process has used, in C as well. On a busy machine it is
// the figure to compare.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAnalyze measures one pass over the Go files of net in Go's source on
// one worker. work=parse is the floor; query adds the combined query; all is a
// scan of every file; prefiltered is a scan as it is done by default.
func BenchmarkAnalyze(b *testing.B) {
	paths, files, bytes := goSource(b, "net")
	e := builtin(b)
	all := builtin(b, WithoutPrefilter())
	for _, engine := range []*Engine{e, all} {
		if err := engine.Warm(); err != nil {
			b.Fatal(err)
		}
	}
	w, wAll := worker(b, e), worker(b, all)
	c, err := newCore(true)
	if err != nil {
		b.Fatal(err)
	}
	defer c.close()
	l := e.languages["go"]
	for _, work := range []struct {
		name string
		do   func(path string, src []byte) error
	}{
		{"parse", func(_ string, src []byte) error { _, err := c.scan(l.grammar, nil, src, unlimited, nil); return err }},
		{"parse+query", func(_ string, src []byte) error { _, err := c.scan(l.grammar, l.query, src, unlimited, nil); return err }},
		{"literals", func(_ string, src []byte) error { w.look(l, src); return nil }},
		{"secrets", func(_ string, src []byte) error { _, err := w.Analyze("p.txt", src); return err }},
		{"all", func(path string, src []byte) error { _, err := wAll.Analyze(path, src); return err }},
		{"prefiltered", func(path string, src []byte) error { _, err := w.Analyze(path, src); return err }},
	} {
		b.Run("work="+work.name, func(b *testing.B) {
			b.SetBytes(bytes)
			b.ReportAllocs()
			before := cpuTime(b)
			for b.Loop() {
				for i, src := range files {
					if err := work.do(paths[i], src); err != nil {
						b.Fatal(err)
					}
				}
			}
			used := cpuTime(b) - before
			b.ReportMetric(float64(bytes)*float64(b.N)/1e6/used.Seconds(), "MB/cpu-s")
		})
	}
}

// BenchmarkWarm measures what the first file of each language pays.
func BenchmarkWarm(b *testing.B) {
	pack, err := rules.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		e, err := New(pack)
		if err != nil {
			b.Fatal(err)
		}
		if err := e.Warm(); err != nil {
			b.Fatal(err)
		}
		e.Close()
	}
}
