package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// made creates a journal that is closed with the test, if it is not before.
func made(t *testing.T, slots int) (*Journal, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scan"+Suffix)
	j, err := Create(path, slots)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j, path
}

func inFlightNow(t *testing.T, path string) []string {
	t.Helper()
	files, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFilesThatBeganAndDidNotEndAreInFlight(t *testing.T) {
	long := strings.Repeat("d/", MaxPath/2)
	for name, row := range map[string]struct {
		notes func(*Journal)
		want  []string
	}{
		"nothing began":                {func(*Journal) {}, nil},
		"one of three slots":           {func(j *Journal) { j.Begin(1, "a.go") }, []string{"a.go"}},
		"it ended":                     {func(j *Journal) { j.Begin(1, "a.go"); j.End(1) }, nil},
		"an end without a beginning":   {func(j *Journal) { j.End(2) }, nil},
		"the next one in the slot":     {func(j *Journal) { j.Begin(0, "long/name.go"); j.End(0); j.Begin(0, "b") }, []string{"b"}},
		"a beginning without an end":   {func(j *Journal) { j.Begin(0, "long/name.go"); j.Begin(0, "b") }, []string{"b"}},
		"by slot, not by name":         {func(j *Journal) { j.Begin(2, "a"); j.Begin(0, "c") }, []string{"c", "a"}},
		"a name that is no UTF-8":      {func(j *Journal) { j.Begin(0, "\xff\xfe\n\x01.go") }, []string{"\xff\xfe\n\x01.go"}},
		"a name that fills its slot":   {func(j *Journal) { j.Begin(0, long) }, []string{long}},
		"a name too long for its slot": {func(j *Journal) { j.Begin(0, long+"x.go") }, []string{long + "…"}},
		"after a long one a short one": {func(j *Journal) { j.Begin(0, long+"x"); j.End(0); j.Begin(0, "s") }, []string{"s"}},
	} {
		t.Run(name, func(t *testing.T) {
			j, path := made(t, 3)
			row.notes(j)
			if diff := cmp.Diff(row.want, inFlightNow(t, path)); diff != "" {
				t.Errorf("files in flight (-want +got):\n%s", diff)
			}
		})
	}
}

func TestANilJournalNotesNothing(t *testing.T) {
	var j *Journal
	j.Begin(7, "a.go")
	j.End(7)
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func TestCloseRemovesTheFile(t *testing.T) {
	j, path := made(t, 1)
	j.Begin(0, "a.go")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the closed journal is still there: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("Close left %v, %v", left, err)
	}
}

func TestCreateReplacesWhatAnEarlierProcessLeft(t *testing.T) {
	j, path := made(t, 8)
	j.Begin(5, "old.go")
	young, err := Create(path, 2)
	if err != nil {
		t.Fatal(err)
	}
	young.Begin(1, "new.go")
	if diff := cmp.Diff([]string{"new.go"}, inFlightNow(t, path)); diff != "" {
		t.Errorf("files in flight (-want +got):\n%s", diff)
	}
	j.path = path + ".gone" // its file has been replaced, and is not its to remove
	if err := os.WriteFile(j.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := young.Close(); err != nil {
		t.Error(err)
	}
}

func TestCreateNamesFileAndRemedy(t *testing.T) {
	dir := t.TempDir()
	for name, row := range map[string]struct {
		path  string
		slots int
		want  []string
	}{
		"no slots":       {filepath.Join(dir, "a"), 0, []string{"0 slots", "use 1 to"}},
		"too many slots": {filepath.Join(dir, "a"), MaxSlots + 1, []string{"65537 slots"}},
		"no folder":      {filepath.Join(dir, "none", "a"), 1, []string{filepath.Join(dir, "none", "a"), "folder that can be written"}},
		"a folder":       {dir, 1, []string{dir, "folder that can be written"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Create(row.path, row.slots)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error is %q, want %q in it", err, want)
				}
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// Each slot has its own writer; a reader at the same time sees whole names only.
func TestAReaderOfALivingJournalSeesWholeNamesOnly(t *testing.T) {
	const slots, rounds = 4, 2000
	j, path := made(t, slots)
	known := make([][]string, slots)
	for s := range known {
		known[s] = []string{strings.Repeat(fmt.Sprint(s), 3000), fmt.Sprint("short", s), strings.Repeat("é", 700+s)}
	}
	var writers sync.WaitGroup
	for s := range slots {
		writers.Go(func() {
			for i := range rounds {
				j.Begin(s, known[s][i%len(known[s])])
				j.End(s)
			}
			j.Begin(s, known[s][0])
		})
	}
	all := slices.Concat(known...)
	for range 200 {
		for _, file := range inFlightNow(t, path) {
			if !slices.Contains(all, file) {
				t.Errorf("a torn name of %d bytes was read: %.40q", len(file), file)
			}
		}
	}
	writers.Wait()
	if got := inFlightNow(t, path); len(got) != slots {
		t.Errorf("%d files in flight, want %d", len(got), slots)
	}
}

func TestBeginAndEndDoNotAllocate(t *testing.T) {
	j, _ := made(t, 1)
	if n := testing.AllocsPerRun(100, func() { j.Begin(0, "some/path/of/a/file.go"); j.End(0) }); n != 0 {
		t.Errorf("%v allocations for a file, want 0", n)
	}
}

func BenchmarkBeginEnd(b *testing.B) {
	j, err := Create(filepath.Join(b.TempDir(), "bench"+Suffix), 1)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // it goes with the folder
	path := "src/cmd/compile/internal/ssagen/intrinsics_test.go"
	b.ReportAllocs()
	for b.Loop() {
		j.Begin(0, path)
		j.End(0)
	}
}
