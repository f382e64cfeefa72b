package scanner_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/source"
)

var (
	child = flag.String("child", "", "ROW@FOLDER of TestMemoryIsBounded that this process is to act out; set by the test itself")
	crowd = flag.Int("crowd", 10_000, "files in one folder, in TestMemoryIsBounded")
)

// TestMemoryIsBounded acts out each row in a process of its own, since the most
// memory that a process had resident never falls, and holds it against one that
// scanned nothing. The bounds are about twice what was measured.
func TestMemoryIsBounded(t *testing.T) {
	rows := map[string]struct {
		lay  func(t *testing.T, root string)
		opts scanner.Options
		want fate
		most int64 // MiB above a scan of nothing
	}{
		"nothing": {func(*testing.T, string) {}, scanner.Options{}, fate{}, 0},
		"nuls": { // a file is held whole, whatever is in it
			func(t *testing.T, root string) { sparse(t, root, "f.go", 256<<20) },
			scanner.Options{MaxFileBytes: 512 << 20},
			skipped("binary", 1), 256 + 64,
		},
		"line": {
			func(t *testing.T, root string) { put(t, root, "f.txt", strings.Repeat("a = 1; ", 50<<20/7)) },
			scanner.Options{MaxFileBytes: 64 << 20},
			fate{Scanned: 1},
			50 + 64,
		},
		"rules": {
			func(t *testing.T, root string) { put(t, root, ".gitignore", strings.Repeat("*.a\n", 100<<20/4)) },
			scanner.Options{},
			failed("read", 1), 32,
		},
		"crowd": { // 100,000 files in one folder were measured to take 24 MiB, 250 bytes a file
			func(t *testing.T, root string) {
				for i := range *crowd {
					put(t, root, fmt.Sprintf("f%d.txt", i), "")
				}
			},
			scanner.Options{},
			fate{Scanned: int64(*crowd)},
			32,
		},
		"endless": { // each reader holds one of at most three times the limit
			func(*testing.T, string) {},
			scanner.Options{
				FS: stage(func() (fs.File, error) {
					return &prop{read: func(_ int, p []byte) (int, error) { return spaces(p), nil }}, nil
				}),
				Items: source.List(slices.Repeat([]string{"f.txt"}, 100)), MaxFileBytes: 4 << 20,
			},
			skipped("too-large", 100), 64 * 4 * 3,
		},
	}
	if name, root, acting := strings.Cut(*child, "@"); acting {
		row := rows[name]
		if row.opts.FS == nil {
			row.opts.FS = source.Dir(root)
		}
		row.opts.Engine, row.opts.Config = engine(t), config.Default(2)
		begin := time.Now()
		got := finish(t, row.opts)
		demand(t, row.want, got)
		fmt.Printf("peak %d in %v\n", got.Stats.RSSPeakBytes>>20, time.Since(begin))
		return
	}
	base := peak(t, "nothing", t.TempDir())
	for name, row := range rows {
		if name == "nothing" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			row.lay(t, root)
			if got := peak(t, name, root) - base; got > row.most {
				t.Errorf("the scan took %d MiB, want at most %d", got, row.most)
			}
		})
	}
}

// peak is the most memory that acting out a row had resident, in MiB.
func peak(t *testing.T, row, root string) (mib int64) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestMemoryIsBounded$", "-child="+row+"@"+root, fmt.Sprintf("-crowd=%d", *crowd)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, rest, found := strings.Cut(string(out), "\npeak ")
	if _, err := fmt.Sscan(rest, &mib); !found || err != nil {
		t.Fatalf("the child did not tell its memory:\n%s", out)
	}
	line, _, _ := strings.Cut(rest, "\n")
	t.Logf("%s: %s", row, line)
	return mib
}
