package scanner_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner"
	"sluice/scanner/analyze"
	"sluice/scanner/config"
	"sluice/scanner/finding"
	"sluice/scanner/pipeline"
	"sluice/scanner/source"
)

var (
	seeds = flag.Int("seeds", 200, "random corpora of the metamorphic test; make soak asks for more")
	seed  = flag.Uint64("seed", 0, "the one corpus of the metamorphic test, to repeat a failure; 0 draws new ones")
)

// contenders is how many random configurations are held against the reference
// on each corpus.
const contenders = 4

// TestRandomConfigurationsOverRandomCorporaFindTheSame is the central property
// of the scanner: a configuration changes how fast, never what is found, nor
// what becomes of a file. It draws from config.Knobs, so a knob that is built is
// a knob that is drawn.
func TestRandomConfigurationsOverRandomCorporaFindTheSame(t *testing.T) {
	run := sound(engine(t))
	dir, first, corpora := t.TempDir(), rand.Uint64(), *seeds
	if *seed != 0 {
		first, corpora = *seed, 1
	}
	for i := range corpora {
		if err := agree(t.Context(), dir, first+uint64(i), run); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRandomCorporaHoldEveryFate sees to it that the test above compares
// something.
func TestRandomCorporaHoldEveryFate(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	missing := map[string]bool{}
	for _, fate := range []string{
		"go", "python", "javascript", "text", "a finding", scanner.SkipBinary, pipeline.SkipTooLarge, source.SkipSymlink, source.SkipIrregular,
		pipeline.Missing, pipeline.Denied, pipeline.Unreadable, pipeline.Panicked,
	} {
		missing[fate] = true
	}
	for seed := range uint64(40) {
		c, err := newCorpus(rand.New(rand.NewPCG(seed, 0)), dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := sound(e)(t.Context(), c, config.Default(2))
		if err != nil {
			t.Fatal(err)
		}
		for _, seen := range []map[string]int64{got.Stats.Languages, got.Stats.Skipped, got.Stats.Failed} {
			for fate := range seen {
				delete(missing, fate)
			}
		}
		if len(got.Findings) > 0 {
			delete(missing, "a finding")
		}
	}
	if len(missing) > 0 {
		t.Errorf("forty corpora hold no %v", slices.Sorted(maps.Keys(missing)))
	}
}

// A scan is what is tested: the scanner, or one that is broken on purpose.
type scan func(context.Context, corpus, config.Config) (scanner.Result, error)

// sound is the scanner as it is.
func sound(e *analyze.Engine) scan {
	return func(ctx context.Context, c corpus, cfg config.Config) (scanner.Result, error) {
		return scanner.Scan(ctx, c.options(cfg, e))
	}
}

// agree scans the corpus of a seed below dir under the reference and under
// random configurations. The error says what differs, between which
// configurations, and how to see it again.
func agree(ctx context.Context, dir string, seed uint64, run scan) error {
	rng := rand.New(rand.NewPCG(seed, 0))
	c, err := newCorpus(rng, dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(c.root) //nolint:errcheck // the test's folder goes in the end
	reference := config.Default(2)
	want, err := run(ctx, c, reference)
	if err != nil {
		return fmt.Errorf("seed %d, %s: %w", seed, words(reference), err)
	}
	if err := addsUp(want.Stats); err != nil {
		return fmt.Errorf("seed %d, %s: %w", seed, words(reference), err)
	}
	for range contenders {
		cfg, process := drawConfig(rng)
		got, err := func() (scanner.Result, error) {
			if process {
				restore, err := scanner.Apply(cfg.Memory, cfg.Runtime)
				if err != nil {
					return scanner.Result{}, err
				}
				defer restore()
			}
			return run(ctx, c, cfg)
		}()
		if err == nil {
			err = differ(want, got)
		}
		if err != nil {
			return fmt.Errorf("%w\n\nreference: %s\ncontender: %s\nrepeat:    go test ./scanner -run %s -count=20 -seed=%d",
				err, words(reference), words(cfg), "TestRandomConfigurations", seed)
		}
	}
	return nil
}

// differ says in what two results of the same corpus differ, nil in nothing
// that a configuration may not change.
func differ(want, got scanner.Result) error {
	var faults []error
	if diff := cmp.Diff(want.Findings, got.Findings); diff != "" {
		faults = append(faults, fmt.Errorf("findings (-reference +contender)\n%s", diff))
	}
	if got.Stats.FindingsDigest != finding.Digest(want.Findings) || want.Stats.FindingsDigest != finding.Digest(want.Findings) {
		faults = append(faults, fmt.Errorf("digests are %s and %s, want %s of the reference's findings", want.Stats.FindingsDigest, got.Stats.FindingsDigest, finding.Digest(want.Findings)))
	}
	if diff := cmp.Diff(fates(want), fates(got)); diff != "" {
		faults = append(faults, fmt.Errorf("accounts (-reference +contender)\n%s", diff))
	}
	faults = append(faults, addsUp(got.Stats))
	return errors.Join(faults...)
}

// fates is the part of a result that says what became of the files, without
// the words of errors, which name goroutines where there was a panic.
func fates(r scanner.Result) map[string]any {
	var failures []string
	for _, f := range r.Failures {
		failures = append(failures, f.Path+": "+f.Reason)
	}
	s := r.Stats
	return map[string]any{
		"discovered": s.Discovered, "scanned": s.Scanned, "bytes": s.Bytes, "findings": s.Findings,
		"skipped": s.Skipped, "failed": s.Failed, "languages": s.Languages, "failures": failures,
	}
}

// addsUp holds the books to their one law.
func addsUp(s scanner.Stats) error {
	settled := s.Scanned
	for n := range maps.Values(s.Skipped) {
		settled += n
	}
	for n := range maps.Values(s.Failed) {
		settled += n
	}
	if settled != s.Discovered {
		return fmt.Errorf("%d files are settled, %d were discovered: scanned %d, skipped %v, failed %v", settled, s.Discovered, s.Scanned, s.Skipped, s.Failed)
	}
	return nil
}

// words writes a configuration as the command line takes it.
func words(c config.Config) string {
	flat := c.Flat()
	var set []string
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		set = append(set, fmt.Sprintf("--set %s=%v", name, flat[name]))
	}
	return strings.Join(set, " ")
}

// Upper ends of what is drawn: small numbers, at which a scan of thirty files
// fills its queues, runs out of permits and closes batches half full.
const (
	drawnWorkers = 8
	drawnSteps   = 20      // above the least, of any other count
	drawnBytes   = 4 << 20 // of a size
	drawnSeconds = 0.005
	drawnHeap    = 64 << 20 // least soft limit of the heap: below it the collector alone would run
)

// ofTheProcess names the knobs that scanner.Apply sets. They are drawn for some
// configurations only: each costs the process a pause.
func ofTheProcess(name string) bool {
	return name == "memory.gogc" || name == "memory.gomemlimit" || name == "runtime.gomaxprocs"
}

// ofALimiter names the knobs of limiters' blocks. They are drawn for some limiters
// only: most of what chance says of initial, min and max is contradictory.
func ofALimiter(name string) bool { return strings.Contains(name, ".limiter.") }

// drawConfig is a random valid configuration of all knobs that are built, and
// whether those of the process are among what was drawn.
func drawConfig(rng *rand.Rand) (c config.Config, process bool) {
	for range 1000 { // knobs may exclude each other
		process = rng.IntN(8) == 0
		flat := map[string]any{}
		for _, k := range config.Knobs() {
			if k.Built && (process || !ofTheProcess(k.Name)) && (!ofALimiter(k.Name) || rng.IntN(4) == 0) {
				flat[k.Name] = drawKnob(rng, k)
			}
		}
		drawn, err := config.Default(2).WithFlat(flat)
		if err == nil && drawn.Validate() == nil {
			return drawn, process
		}
	}
	panic("no drawn configuration is valid")
}

// drawKnob is a random value of a knob, in its flat form.
func drawKnob(rng *rand.Rand, k config.Knob) any {
	if len(k.Values) > 0 && (k.Type == config.TypeChoice || rng.IntN(4) == 0) {
		return k.Values[rng.IntN(len(k.Values))]
	}
	switch {
	case k.Type == config.TypeDuration:
		return rng.Float64() * min(drawnSeconds, k.Max) * float64(rng.IntN(2))
	case k.Type == config.TypeSize:
		low := k.Min
		if k.Name == "memory.gomemlimit" {
			low = drawnHeap
		}
		high := max(low, min(k.Max, drawnBytes))
		return int64(low * math.Pow(high/low, rng.Float64())) // as often small as large
	case k.Name == "memory.gogc":
		return 10 + rng.IntN(400)
	case strings.HasSuffix(k.Name, ".workers"), ofTheProcess(k.Name):
		return int(k.Min) + rng.IntN(int(min(drawnWorkers, k.Max)))
	default:
		return int(k.Min) + rng.IntN(1+int(min(drawnSteps, k.Max-k.Min)))
	}
}

// A corpus is a tree of real files, so that every way of reading has something
// to read, with faults that a configuration must not hide.
type corpus struct {
	root  string
	fsys  fs.FS
	list  []string // the files to scan; nil walks
	limit int64    // the longest file that is scanned
}

func (c corpus) options(cfg config.Config, e *analyze.Engine) scanner.Options {
	return scanner.Options{Config: cfg, FS: c.fsys, Items: c.items(), Engine: e, MaxFileBytes: c.limit}
}

func (c corpus) items() iter.Seq[source.Item] {
	if c.list == nil {
		return nil
	}
	return source.List(c.list)
}

// newCorpus writes up to sixty files below dir.
func newCorpus(rng *rand.Rand, dir string) (corpus, error) {
	root := filepath.Join(dir, fmt.Sprintf("c%d", rng.Uint64()))
	c := corpus{root: root, fsys: faulty{source.Dir(root)}, limit: 3000}
	var names []string
	for i := range 1 + rng.IntN(60) {
		name, text := drawFile(rng, i)
		names = append(names, name)
		if err := write(root, name, text); err != nil {
			return c, err
		}
	}
	odd := path.Join(path.Dir(names[0]), "odd")
	if err := os.Symlink(path.Base(names[0]), filepath.Join(root, odd)); err != nil {
		return c, err
	}
	if rng.IntN(3) == 0 {
		if err := write(root, ".gitignore", "*.txt\nd1/\n!keep*\n"); err != nil {
			return c, err
		}
	}
	if rng.IntN(3) == 0 { // a list: files twice, missing ones, a link, a folder
		c.list = append(names, names[rng.IntN(len(names))], "missing.go", odd, path.Dir(names[0]))
		rng.Shuffle(len(c.list), func(i, j int) { c.list[i], c.list[j] = c.list[j], c.list[i] })
	}
	return c, nil
}

func write(root, name, text string) error {
	full := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	return os.WriteFile(full, []byte(text), 0o644)
}

// drawFile is a file with a name of its own and any of many fates.
func drawFile(rng *rand.Rand, i int) (name, text string) {
	folder := fmt.Sprintf("d%d/", rng.IntN(4)) + []string{"", "e/", "sealed/"}[rng.IntN(3)]
	at := func(pattern string) string { return folder + fmt.Sprintf(pattern, i) }
	switch rng.IntN(16) {
	case 0:
		return at("f%d.go"), ""
	case 1:
		return at("f%d.bin"), "\x7fELF\x00\x01" + strings.Repeat("x", rng.IntN(3000))
	case 2:
		return at("f%d.go"), strings.Repeat("// too long\n", 300)
	case 3:
		return at("denied%d.go"), "package p\n"
	case 4:
		return at("torn%d.py"), "import os\nos.system('ls ' + name)\n"
	case 5:
		return at("cracked%d.js"), "eval(input);\n"
	case 6, 7:
		return at("f%d.txt"), compose(rng, []string{"aws_access_key_id = " + key + "\n", "plain words\n", "caf\xe9\n", "\r\n"})
	case 8, 9:
		return at("f%d.py"), compose(rng, []string{"import os\nos.system('ls ' + name)\n", "eval(text)\n", "def f(:\n  (((\n", "# a remark\n", "x = '" + key + "'\n"})
	case 10, 11:
		return at("f%d.js"), compose(rng, []string{"eval(input);\n", "element.innerHTML = comment.text;\n", "function f( {{{\n", "/* a remark */\n"})
	default:
		return at("f%d.go"), "package p\n\nimport (\"os/exec\"; \"crypto/md5\")\n\n" + compose(rng, []string{
			"func f() { _ = exec.Command(\"sh\", \"-c\", text).Run() }\n", "var sum = md5.Sum(nil)\n",
			"const password = \"correct-h0rse\"\n", "func g( { ]]]\n", "// a remark\n", "const key = \"" + key + "\"\n", "\xff\xfe{\n",
		})
	}
}

// compose joins some of the pieces, and cuts the whole short now and then.
func compose(rng *rand.Rand, pieces []string) string {
	var text strings.Builder
	for range rng.IntN(12) {
		text.WriteString(pieces[rng.IntN(len(pieces))])
	}
	whole := text.String()
	if rng.IntN(6) == 0 {
		return whole[:rng.IntN(len(whole)+1)]
	}
	return whole
}

// faulty is a file system on which some names bring misfortune, on every
// machine and for every user.
type faulty struct{ fs.FS }

func (f faulty) Open(name string) (fs.File, error) {
	base := path.Base(name)
	if strings.HasPrefix(base, "denied") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	file, err := f.FS.Open(name)
	switch {
	case err != nil:
		return nil, err
	case strings.HasPrefix(base, "torn"):
		return &torn{File: file}, nil
	case strings.HasPrefix(base, "cracked"):
		return &cracked{file}, nil
	}
	return file, nil
}

// ReadDir refuses folders that are called sealed.
func (f faulty) ReadDir(name string) ([]fs.DirEntry, error) {
	if path.Base(name) == "sealed" {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: syscall.EIO}
	}
	return fs.ReadDir(f.FS, name)
}

// torn gives some bytes and then an input/output error; cracked panics.
type (
	torn struct {
		fs.File
		read bool
	}
	cracked struct{ fs.File }
)

func (f *torn) Read(p []byte) (int, error) {
	if f.read {
		return 0, &fs.PathError{Op: "read", Path: "torn", Err: syscall.EIO}
	}
	f.read = true
	return f.File.Read(p[:min(len(p), 5)])
}

func (f *cracked) Read([]byte) (int, error) { panic("the file is cracked") }

// TestTheMetamorphicTestSeesWhatIsWrong breaks the scanner in ways that depend
// on the configuration, and demands that each is noticed.
func TestTheMetamorphicTestSeesWhatIsWrong(t *testing.T) {
	honest := sound(engine(t))
	spoil := func(when func(config.Config) bool, how func(*scanner.Result)) scan {
		return func(ctx context.Context, c corpus, cfg config.Config) (scanner.Result, error) {
			r, err := honest(ctx, c, cfg)
			if when(cfg) {
				how(&r)
			}
			return r, err
		}
	}
	batched := func(c config.Config) bool { return c.Channel.Batch > 1 }
	for _, row := range []struct {
		name string
		run  scan
		want string
	}{
		{"a batch loses its last finding", spoil(batched, func(r *scanner.Result) {
			if n := len(r.Findings); n > 0 {
				r.Findings = r.Findings[:n-1]
			}
		}), "findings (-reference"},
		{"a digest is of other findings", spoil(batched, func(r *scanner.Result) { r.Stats.FindingsDigest = finding.Digest(nil) }), "digests are"},
		{"a file is in no account", spoil(batched, func(r *scanner.Result) { r.Stats.Scanned-- }), "were discovered"},
		{"a failure has another reason", spoil(batched, func(r *scanner.Result) {
			for i := range r.Failures {
				r.Failures[i].Reason = "read"
			}
		}), "accounts (-reference"},
		{"a scan ends in an error", func(ctx context.Context, c corpus, cfg config.Config) (scanner.Result, error) {
			if batched(cfg) {
				return scanner.Result{}, errors.New("no batches today")
			}
			return honest(ctx, c, cfg)
		}, "no batches today"},
		{"buffers are shared between files in flight", func(ctx context.Context, c corpus, cfg config.Config) (scanner.Result, error) {
			c.fsys = shared{c.fsys, cfg.Channel.Buffer}
			return honest(ctx, c, cfg)
		}, "reference: --set"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			for seed := range uint64(20) {
				err := agree(t.Context(), dir, seed, row.run)
				if err == nil {
					continue
				}
				for _, want := range []string{row.want, "contender: --set", fmt.Sprintf("-seed=%d", seed)} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the failure does not hold %q:\n%v", want, err)
					}
				}
				return
			}
			t.Error("twenty corpora did not show it")
		})
	}
}

// shared is a file system whose files hold a byte less behind a short channel.
type shared struct {
	fs.FS
	buffer int
}

func (s shared) Open(name string) (fs.File, error) {
	file, err := s.FS.Open(name)
	if err == nil && s.buffer < 8 && strings.HasSuffix(name, ".go") {
		return &short{file}, nil
	}
	return file, err
}

func (s shared) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(s.FS, name) }

// short ends before its time.
type short struct{ fs.File }

func (f *short) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	return max(n-1, 0), err
}
