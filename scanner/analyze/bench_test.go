package analyze

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/scanner/rules"
)

// corpus is files in memory.
type corpus struct {
	name  string
	paths []string
	files [][]byte
	bytes int64
}

// goCorpus reads the Go files of Kubernetes, or where the module is not in the
// module cache (go mod download k8s.io/kubernetes@v1.30.0), those of net in Go's
// own source.
func goCorpus(b testing.TB) corpus {
	b.Helper()
	if cache := goEnv(b, "GOMODCACHE"); cache != "" {
		if c := readCorpus(b, "k8s", filepath.Join(cache, "k8s.io", "kubernetes@v1.30.0")); len(c.files) > 0 {
			return c
		}
	}
	c := readCorpus(b, "net", filepath.Join(goEnv(b, "GOROOT"), "src", "net"))
	if len(c.files) == 0 {
		b.Skip("no Go source to read: neither k8s.io/kubernetes@v1.30.0 in the module cache nor Go's own")
	}
	return c
}

func goEnv(b testing.TB, name string) string {
	b.Helper()
	out, err := exec.CommandContext(b.Context(), "go", "env", name).Output()
	if err != nil {
		b.Skipf("no go command to ask for its source: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// readCorpus reads the Go files below a folder; none where there is no folder.
func readCorpus(b testing.TB, name, root string) corpus {
	b.Helper()
	c := corpus{name: name}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(path) != ".go" {
			return err
		}
		data, err := os.ReadFile(path)
		c.paths, c.files, c.bytes = append(c.paths, path), append(c.files, data), c.bytes+int64(len(data))
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.Fatal(err)
	}
	return c
}

// BenchmarkEngine measures the work on every Go file of a corpus with the
// frozen rules go-12 (and the builtin rules for secrets where they take part),
// all kinds of work in turn file by file, so that what else the machine does
// strikes them alike. For each it reports MB per second of processor time, and
// its share of the bare parse from an arena:
//
//	parse         the floor: parse, from an arena
//	parse-malloc  the same from the C library, with the tree freed node by node
//	plain         parse and the core's plain query
//	scan          parse and query, without prefilter, without secrets
//	all           the same with the rules for secrets
//	prefiltered   as it is done by default
func BenchmarkEngine(b *testing.B) {
	c := goCorpus(b)
	works := engineWorks(b)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := make([]time.Duration, len(works))
	passes := 0
	for b.Loop() {
		for i, src := range c.files {
			for j := range works {
				k := (i + j + passes) % len(works) // each is first in its turn
				before := threadTime(b)
				if err := works[k].do(c.paths[i], src); err != nil {
					b.Fatal(err)
				}
				used[k] += threadTime(b) - before
			}
		}
		passes++
	}
	for k, w := range works {
		b.ReportMetric(float64(c.bytes)*float64(passes)/1e6/used[k].Seconds(), w.name+"-MB/cpu-s")
		b.ReportMetric(used[0].Seconds()/used[k].Seconds(), w.name+"/parse")
	}
}

type engineWork struct {
	name string
	do   func(path string, src []byte) error
}

func engineWorks(b testing.TB) []engineWork {
	b.Helper()
	frozen := goTwelve(b)
	builtin, err := rules.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	secrets := frozen.With(builtin.For(rules.Secrets)...)
	parse := func(arena bool) func(string, []byte) error {
		c, err := newCore(arena)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(c.close)
		grammar, err := grammarOf("go")
		if err != nil {
			b.Fatal(err)
		}
		return func(_ string, src []byte) error { _, err := c.scan(grammar, nil, src, unlimited, nil); return err }
	}
	analysis := func(e *Engine) func(string, []byte) error {
		if err := e.Warm(); err != nil {
			b.Fatal(err)
		}
		w := worker(b, e)
		return func(path string, src []byte) error { _, err := w.Analyze(path, src); return err }
	}
	return []engineWork{
		{"parse", parse(true)},
		{"parse-malloc", parse(false)},
		{"plain", analysis(engineOf(b, frozen, WithoutPrefilter(), withoutPlan))},
		{"scan", analysis(engineOf(b, frozen, WithoutPrefilter()))},
		{"all", analysis(engineOf(b, secrets, WithoutPrefilter()))},
		{"prefiltered", analysis(engineOf(b, secrets))},
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
