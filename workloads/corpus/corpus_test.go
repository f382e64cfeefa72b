package corpus

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func cmpPath(a, b File) int { return strings.Compare(a.Path, b.Path) }

func TestFromFilesSortsAndCountsOnce(t *testing.T) {
	given := []File{{"b.go", 2}, {"a.go", 1}, {"b.go", 7}, {"c.go", -5}}
	c := FromFiles("x", "/root", given)
	if diff := cmp.Diff([]File{{"a.go", 1}, {"b.go", 2}, {"c.go", 0}}, c.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if c.Bytes != 3 || !c.Real {
		t.Errorf("%d bytes, real %t; want 3, true", c.Bytes, c.Real)
	}
	if given[0].Path != "b.go" {
		t.Error("the caller's list was changed")
	}
}

func TestFingerprintTellsPathsAndSizesApart(t *testing.T) {
	base := FromFiles("x", "/a", []File{{"a", 1}, {"b", 23}}).Fingerprint
	if same := FromFiles("y", "/b", []File{{"b", 23}, {"a", 1}}).Fingerprint; same != base {
		t.Error("name, root or order moved the fingerprint")
	}
	for _, other := range [][]File{
		{{"a", 1}, {"b", 24}},
		{{"a", 1}, {"c", 23}},
		{{"a", 1}},
		{{"a", 12}, {"b", 3}},
		nil,
	} {
		if FromFiles("x", "/a", other).Fingerprint == base {
			t.Errorf("%v has the fingerprint of another corpus", other)
		}
	}
}

func TestWarmReadsWhatItCan(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "sub", "a.go"), "package a\n")
	write(t, filepath.Join(root, "b.go"), strings.Repeat("x", 3<<20))
	files := []File{{"b.go", 3 << 20}, {"gone.go", 1}, {"../outside", 1}, {"sub/a.go", 10}}
	c := FromFiles("x", root, files)
	got, err := c.Warm(t.Context(), c.Files)
	if err != nil {
		t.Fatal(err)
	}
	got.Took = 0
	if want := (Warmth{Files: 2, Bytes: 3<<20 + 10, Unreadable: 2}); got != want {
		t.Errorf("Warm = %+v, want %+v", got, want)
	}
}

func TestWarmStopsWhenAsked(t *testing.T) {
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	c := FromFiles("x", t.TempDir(), []File{{"a.go", 1}})
	if _, err := c.Warm(ctx, c.Files); !errors.Is(err, reason) {
		t.Errorf("Warm = %v, want %v", err, reason)
	}
}

func TestFindKnowsNamesAndFolders(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "pkg", "a.go"), "package a\n")
	write(t, filepath.Join(folder, ".git", "HEAD"), "ref\n")
	if err := os.Symlink("pkg/a.go", filepath.Join(folder, "link.go")); err != nil {
		t.Fatal(err)
	}
	r := Registry{Cache: t.TempDir()}

	c, err := r.Find(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]File{{"pkg/a.go", 10}}, c.Files); diff != "" || !c.Real {
		t.Errorf("folder: real %t, files (-want +got):\n%s", c.Real, diff)
	}

	p, err := r.Find(t.Context(), PlantedName)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Files) != PlantedFiles || p.Real {
		t.Errorf("planted: real %t, %d files; want false, %d", p.Real, len(p.Files), PlantedFiles)
	}
	again, err := r.Find(t.Context(), PlantedName)
	if err != nil || again.Fingerprint != p.Fingerprint {
		t.Errorf("planted again: %v, want the same corpus", err)
	}
}

func TestFindUsesTheListItIsGiven(t *testing.T) {
	want := []File{{"only.go", 1}}
	r := Registry{List: func(context.Context, string) ([]File, error) { return want, nil }}
	c, err := r.Find(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, c.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestFindSaysWhatToDo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file.go")
	write(t, file, "package a\n")
	for name, want := range map[string]string{
		"gorot":     `did you mean "goroot"?`,
		"nonesuch":  "neither a folder nor one of goroot, planted",
		PlantedName: "needs a cache folder",
		file:        "is a file",
	} {
		if _, err := (Registry{}).Find(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%q) = %v, want an error that says %q", name, err, want)
		}
	}
}

func TestGorootHoldsTheStandardLibrary(t *testing.T) {
	src, err := Goroot(t.Context())
	if err != nil {
		t.Fatal(err) // the tests are run by the go command, so that there is one
	}
	if _, err := os.Stat(filepath.Join(src, "fmt", "print.go")); err != nil {
		t.Error(err)
	}
}

func TestGorootNamesTheRemedyWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Goroot(t.Context()); err == nil || !strings.Contains(err.Error(), "install Go") {
		t.Errorf("Goroot = %v, want an error that says to install Go", err)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
