package scanner_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/pipeline"
	"sluice/scanner/source"
)

// patience is how long a scan of a few files may take before it counts as hung.
// It decides no test that passes.
const patience = 3 * time.Minute

// survive scans under both schedulers and demands what holds for any input: the
// scan ends, without an error, all files are accounted for, no goroutine is left,
// and both find the same. It returns the last result.
func survive(t *testing.T, o scanner.Options) scanner.Result {
	t.Helper()
	if o.Engine == nil {
		o.Engine = engine(t)
	}
	before := goleak.IgnoreCurrent()
	var last scanner.Result
	for i, preset := range []string{"go-idiom", "default"} {
		c, err := config.FromPreset(preset, 2)
		if err != nil {
			t.Fatal(err)
		}
		o.Config = c
		got := finish(t, o)
		if i > 0 {
			if err := differ(last, got); err != nil {
				t.Error(err)
			}
		}
		last = got
	}
	goleak.VerifyNone(t, before)
	return last
}

// finish scans once, and gives up where a scan does not end.
func finish(t *testing.T, o scanner.Options) scanner.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	type answer struct {
		result scanner.Result
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		r, err := scanner.Scan(ctx, o)
		answered <- answer{r, err}
	}()
	select {
	case a := <-answered:
		if a.err != nil {
			t.Fatal(a.err)
		}
		if err := addsUp(a.result.Stats); err != nil {
			t.Fatal(err)
		}
		return a.result
	case <-ctx.Done():
		t.Fatalf("the scan hangs: %v", ctx.Err())
		return scanner.Result{}
	}
}

// fate is what became of a few files.
type fate struct {
	Scanned         int64
	Skipped, Failed map[string]int64
}

func fateOf(r scanner.Result) fate {
	return fate{r.Stats.Scanned, r.Stats.Skipped, r.Stats.Failed}
}

func skipped(reason string, n int64) fate { return fate{Skipped: map[string]int64{reason: n}} }
func failed(reason string, n int64) fate  { return fate{Failed: map[string]int64{reason: n}} }

func demand(t *testing.T, want fate, r scanner.Result) {
	t.Helper()
	if diff := cmp.Diff(want, fateOf(r), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("fates (-want +got)\n%s%v", diff, r.Failures)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, root, name, text string) {
	t.Helper()
	must(t, write(root, name, text))
}

// sparse makes a file of NUL bytes that takes no room.
func sparse(t *testing.T, root, name string, size int64) {
	t.Helper()
	put(t, root, name, "")
	must(t, os.Truncate(filepath.Join(root, name), size))
}

func TestOddFilesAreAccountedForWithTheirReason(t *testing.T) {
	e := engine(t)
	for _, row := range []struct {
		name   string
		lay    func(t *testing.T, root string)
		walked fate
		list   []string // scanned as a list too, unless it is empty
		listed fate
	}{
		{
			"a pipe that nobody writes to",
			func(t *testing.T, root string) { must(t, syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644)) },
			skipped("irregular", 1),
			[]string{"pipe"},
			skipped("irregular", 1),
		},
		{
			"a pipe whose writer says nothing",
			func(t *testing.T, root string) { writer(t, filepath.Join(root, "pipe")) },
			skipped("irregular", 1),
			[]string{"pipe"},
			skipped("irregular", 1),
		},
		{
			"a socket, which cannot be opened",
			func(t *testing.T, root string) {
				must(t, syscall.Mknod(filepath.Join(root, "socket"), syscall.S_IFSOCK|0o644, 0))
			},
			skipped("irregular", 1),
			[]string{"socket"},
			skipped("irregular", 1),
		},
		{
			"devices behind links",
			func(t *testing.T, root string) {
				must(t, os.Symlink("/dev/zero", filepath.Join(root, "zero")))
				must(t, os.Symlink("/dev/null", filepath.Join(root, "null")))
				must(t, os.Symlink("/dev/tty", filepath.Join(root, "tty")))
			},
			skipped("symlink", 3),
			[]string{"zero", "null", "tty"},
			skipped("irregular", 3),
		},
		{
			"links in circles, to nowhere, to the folder they stand in",
			func(t *testing.T, root string) {
				for name, to := range map[string]string{"self": "self", "a": "b", "b": "a", "here": ".", "dangling": "nowhere"} {
					must(t, os.Symlink(to, filepath.Join(root, name)))
				}
			},
			skipped("symlink", 5),
			[]string{"self", "a", "b", "here", "dangling"},
			fate{Skipped: map[string]int64{"irregular": 1}, Failed: map[string]int64{"read": 3, "missing": 1}},
		},
		{
			"a chain of links longer than the kernel follows",
			func(t *testing.T, root string) {
				put(t, root, "l0", "text\n")
				for i := range 60 {
					must(t, os.Symlink(fmt.Sprintf("l%d", i), filepath.Join(root, fmt.Sprintf("l%d", i+1))))
				}
			},
			fate{Scanned: 1, Skipped: map[string]int64{"symlink": 60}},
			[]string{"l1", "l60"},
			fate{Scanned: 1, Failed: map[string]int64{"read": 1}},
		},
		{
			"a list that names what is no file, what is not there and what cannot be a name",
			func(t *testing.T, root string) { put(t, root, "d/f", "text\n") },
			fate{Scanned: 1},
			[]string{"d", "gone", "d/gone", "d/f/g", strings.Repeat("n", 300), strings.Repeat("d/", 3000) + "f"},
			fate{Skipped: map[string]int64{"irregular": 1}, Failed: map[string]int64{"missing": 2, "read": 3}},
		},
		{
			"names that are no text, or command a terminal",
			func(t *testing.T, root string) {
				for _, name := range oddNames() {
					put(t, root, name, "aws_access_key_id = "+key+"\n")
				}
			},
			fate{Scanned: int64(len(oddNames()))},
			oddNames(),
			fate{Scanned: int64(len(oddNames()))},
		},
		{
			"texts that are none, or hardly",
			func(t *testing.T, root string) {
				for name, text := range map[string]string{
					"empty.go": "", "bom.py": "\xef\xbb\xbf", "cr.js": "eval(a);\reval(b);\r", "invalid.go": "package p // \xff\xc0\x80\n",
					"late.txt": strings.Repeat("x", 8000) + "\x00", "late.go": "package p\n" + strings.Repeat("//\n", 4000) + "\x00\nvar password = \"correct-h0rse\"\n",
				} {
					put(t, root, name, text)
				}
				for name, text := range map[string]string{"first": "\x00text", "middle.go": "package p\n\x00", "wide.py": "\xff\xfee\x00v\x00", "last": strings.Repeat("x", 7999) + "\x00"} {
					put(t, root, name, text)
				}
			},
			fate{Scanned: 6, Skipped: map[string]int64{"binary": 4}},
			nil,
			fate{},
		},
		{
			"two gigabytes",
			func(t *testing.T, root string) { sparse(t, root, "huge.go", 2<<30) },
			skipped("too-large", 1),
			[]string{"huge.go"},
			skipped("too-large", 1),
		},
		{
			"rules that are a folder, a pipe, an endless link, and no text",
			func(t *testing.T, root string) {
				put(t, root, "a/.gitignore/f", "text\n")
				writer(t, filepath.Join(root, "b", ".gitignore"))
				must(t, os.Mkdir(filepath.Join(root, "c"), 0o755))
				must(t, os.Symlink("/dev/zero", filepath.Join(root, "c", ".gitignore")))
				put(t, root, "d/.gitignore", "\x00\xff[\n*.o\n\\")
				put(t, root, "d/f.o", "")
			},
			fate{Scanned: 1, Skipped: map[string]int64{"irregular": 1, "symlink": 1, "binary": 1}},
			nil,
			fate{},
		},
		{
			"rules that are too many to heed",
			func(t *testing.T, root string) {
				put(t, root, ".gitignore", strings.Repeat("*.txt\n", 200_000))
				put(t, root, "a.txt", "text\n")
			},
			fate{Scanned: 1, Failed: map[string]int64{"read": 1}},
			nil,
			fate{},
		},
		{
			"rules of the repository that are a silent pipe",
			func(t *testing.T, root string) {
				writer(t, filepath.Join(root, ".git/info/exclude"))
				put(t, root, "a.txt", "text\n")
			},
			fate{Scanned: 1},
			nil,
			fate{},
		},
		{
			"rules of the repository that never end",
			func(t *testing.T, root string) {
				must(t, os.MkdirAll(filepath.Join(root, ".git/info"), 0o755))
				must(t, os.Symlink("/dev/zero", filepath.Join(root, ".git/info/exclude")))
				put(t, root, "a.txt", "text\n")
			},
			fate{Scanned: 1},
			nil,
			fate{},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			root := t.TempDir()
			row.lay(t, root)
			o := scanner.Options{FS: source.Dir(root), Engine: e}
			demand(t, row.walked, survive(t, o))
			if row.list != nil {
				o.Items = source.List(row.list)
				demand(t, row.listed, survive(t, o))
			}
		})
	}
}

// writer makes a pipe and holds it open for writing until the test ends.
func writer(t *testing.T, name string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, syscall.Mkfifo(name, 0o644))
	pipe, err := os.OpenFile(name, os.O_RDWR, 0)
	must(t, err)
	t.Cleanup(func() { must(t, pipe.Close()) })
}

func oddNames() []string {
	return []string{
		"caf\xe9.txt", "two\nlines.txt", "\x1b[2J.txt", "tab\t.txt", "-rf", "...", "\\", " ", "a:1:2: error.txt", "\u202etxt.og",
		strings.Repeat("n", 255), "\xff\xfe/\xc0\x80",
	}
}

// TestADeviceInTheTreeIsNotOpened needs the right to make devices; without it
// the devices behind links, above, are what is tested.
func TestADeviceInTheTreeIsNotOpened(t *testing.T) {
	root := t.TempDir()
	zero := filepath.Join(root, "zero")
	err := syscall.Mknod(zero, syscall.S_IFCHR|0o666, 1<<8|5)
	if err != nil && os.Geteuid() == 0 {
		t.Logf("no device can be made here: %v", err)
	}
	if err != nil {
		must(t, syscall.Mkfifo(zero, 0o644))
	}
	o := scanner.Options{FS: source.Dir(root)}
	demand(t, skipped("irregular", 1), survive(t, o))
	o.Items = source.List([]string{"zero"})
	demand(t, skipped("irregular", 1), survive(t, o))
}

func TestWhatTheKernelWritesIsReadToItsEnd(t *testing.T) {
	// All announce a size of 0 or of a page, and hold another.
	list := []string{"self/status", "self/mountinfo", "self/maps", "cpuinfo", "sys/kernel/ostype"}
	got := finish(t, scanner.Options{Config: config.Default(2), FS: source.Dir("/proc"), Items: source.List(list), Engine: engine(t)})
	demand(t, fate{Scanned: int64(len(list))}, got)
}

// TestTheManualNamesEveryReason holds the table of the manual against the code.
func TestTheManualNamesEveryReason(t *testing.T) {
	want := map[string]string{
		source.SkipSymlink: "skipped", source.SkipIrregular: "skipped", pipeline.SkipTooLarge: "skipped", scanner.SkipBinary: "skipped",
		pipeline.Missing: "failed", pipeline.Denied: "failed", pipeline.Unreadable: "failed",
		pipeline.Unanalysed: "failed", pipeline.Panicked: "failed", pipeline.Cancelled: "failed",
	}
	page, err := os.ReadFile("../docs/scanning.md")
	must(t, err)
	got := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (skipped|failed) \\|").FindAllStringSubmatch(string(page), -1) {
		got[row[1]] = row[2]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-code +manual)\n%s", diff)
	}
}
