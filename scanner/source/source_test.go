package source

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// file, link and friends make trees readable.
func tree(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		switch {
		case strings.HasSuffix(name, "@"):
			fsys[strings.TrimSuffix(name, "@")] = &fstest.MapFile{Data: []byte(text), Mode: fs.ModeSymlink}
		case strings.HasSuffix(name, "|"):
			fsys[strings.TrimSuffix(name, "|")] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
		default:
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return fsys
}

// told is an item in a word: its path, and what is special about it.
func told(items iter.Seq[Item]) []string {
	var words []string
	for item := range items {
		word := item.Path
		if item.Skip != "" {
			word += " skip:" + item.Skip
		}
		if item.Err != nil {
			word += " failed"
		}
		words = append(words, word)
	}
	return words
}

func TestTreeYieldsWhatGitWouldNotIgnore(t *testing.T) {
	for _, row := range []struct {
		name  string
		files map[string]string
		opts  TreeOptions
		want  []string
	}{
		{"an empty tree has no files", map[string]string{}, TreeOptions{}, nil},
		{
			"names come in order, depth first",
			map[string]string{"b": "", "a/c": "", "a.go": "", "a/b/x": ""},
			TreeOptions{},
			[]string{"a/b/x", "a/c", "a.go", "b"},
		},
		{
			"a deeper file speaks before the one above, and the last line wins",
			map[string]string{".gitignore": "*.log\n!keep.log\n", "a.log": "", "keep.log": "", "sub/.gitignore": "!*.log\nkeep.log", "sub/a.log": "", "sub/keep.log": ""},
			TreeOptions{},
			[]string{".gitignore", "keep.log", "sub/.gitignore", "sub/a.log"},
		},
		{
			"nothing below an ignored directory can be re-included",
			map[string]string{".gitignore": "out/\n!out/keep\n", "out/keep": "", "out/.gitignore": "!keep", "src/out": ""},
			TreeOptions{},
			[]string{".gitignore", "src/out"},
		},
		{
			"a slash anchors, two stars reach",
			map[string]string{".gitignore": "/top\na/b\n**/deep\nx/**/y\nall/**\n", "top": "", "s/top": "", "a/b": "", "s/a/b": "", "s/t/deep": "", "x/y": "", "x/1/2/y": "", "all/1/2": ""},
			TreeOptions{},
			[]string{".gitignore", "s/a/b", "s/top"},
		},
		{
			"the exclude file of the repository speaks last",
			map[string]string{".git/info/exclude": "*.tmp\n*.bak\n", ".gitignore": "!a.tmp", "a.tmp": "", "b.tmp": "", "c.bak": ""},
			TreeOptions{},
			[]string{".gitignore", "a.tmp"},
		},
		{
			"git's files and our own outputs stay out",
			map[string]string{".git/HEAD": "", "sub/.git": "gitdir: elsewhere", ".sluice/store.db": "", "x/sluice-report/index.html": "", "sluice-report.go": "", ".sluicex/a": ""},
			TreeOptions{},
			[]string{".sluicex/a", "sluice-report.go"},
		},
		{
			"they stay out when ignore files are not heeded",
			map[string]string{".git/HEAD": "", ".gitignore": "*", "a": "", ".sluice/s": ""},
			TreeOptions{NoIgnore: true},
			[]string{".gitignore", "a"},
		},
		{
			"links and pipes are skipped with their reason",
			map[string]string{"dir/file": "", "link@": "dir/file", "loop@": ".", "pipe|": ""},
			TreeOptions{},
			[]string{"dir/file", "link skip:symlink", "loop skip:symlink", "pipe skip:irregular"},
		},
		{
			"a start is visited although ignored, with the rules above it",
			map[string]string{".gitignore": "build/\n*.o\n", "build/a.c": "", "build/a.o": "", "build/x/b.o": "", "c.c": ""},
			TreeOptions{Starts: []string{"build"}},
			[]string{"build/a.c"},
		},
		{
			"a start may be a file",
			map[string]string{".gitignore": "*.o", "a.o": "", "b.o": ""},
			TreeOptions{Starts: []string{"b.o"}},
			[]string{"b.o"},
		},
		{
			"a file that two starts reach comes once",
			map[string]string{"a/b/c": "", "a/d": "", "e": ""},
			TreeOptions{Starts: []string{"a/b", ".", "a", "e"}},
			[]string{"a/b/c", "a/d", "e"},
		},
		{
			"a start that does not exist fails",
			map[string]string{"a": ""},
			TreeOptions{Starts: []string{"b", "a"}},
			[]string{"b failed", "a"},
		},
		{
			"excluded paths stay out with all below them",
			map[string]string{"a/x": "", "b/a/y": "", "sluice.yaml": ""},
			TreeOptions{Exclude: []string{"a", "sluice.yaml"}},
			[]string{"b/a/y"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := told(Tree(tree(row.files), row.opts))
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("files (-want +got)\n%s", diff)
			}
		})
	}
}

func TestAWalkEndsWhenItsConsumerDoes(t *testing.T) {
	files := map[string]string{"a/1": "", "a/2": "", "b/3": ""}
	for stop := 1; stop <= 3; stop++ {
		n := 0
		for range Tree(tree(files), TreeOptions{}) {
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("got %d items, want %d", n, stop)
		}
	}
}

func TestAWalkIsStoppedWhereItYieldsNothing(t *testing.T) {
	files := tree(map[string]string{".gitignore": "*.o\n", "a/1.o": "", "b/2.o": "", "c/3": "", "d/4": ""})
	done := make(chan struct{})
	fsys := closing{files, done}
	want := []string{".gitignore", "b failed"}
	if diff := cmp.Diff(want, told(Tree(fsys, TreeOptions{Done: done}))); diff != "" {
		t.Errorf("files (-want +got)\n%s", diff)
	}
}

// closing closes its channel when folder b is listed.
type closing struct {
	fstest.MapFS
	done chan struct{}
}

func (c closing) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "b" {
		close(c.done)
	}
	return c.MapFS.ReadDir(name)
}

// sealed is a tree in which one directory cannot be listed.
type sealed struct{ fstest.MapFS }

func (s sealed) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "sealed" {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrPermission}
	}
	return s.MapFS.ReadDir(name)
}

func TestAnUnreadableDirectoryIsAnItemThatFails(t *testing.T) {
	fsys := sealed{tree(map[string]string{"a": "", "sealed/b": "", "z": ""})}
	var got []Item
	for item := range Tree(fsys, TreeOptions{}) {
		got = append(got, item)
	}
	if len(got) != 3 || got[1].Path != "sealed" || !errors.Is(got[1].Err, fs.ErrPermission) {
		t.Errorf("got %+v, want a, the sealed directory with its error, z", got)
	}
}

func TestOrderSortsBySizeAndThenByPath(t *testing.T) {
	fsys := tree(map[string]string{"mid": "12", "big": "12345", "b": "1", "a": "1", "link@": "big"})
	paths := []string{"mid", "b", "big", "gone", "a"}
	for order, want := range map[string][]string{
		Walk:          {"mid", "b", "big", "gone", "a"},
		LargestFirst:  {"big", "mid", "a", "b", "gone"},
		SmallestFirst: {"gone", "a", "b", "mid", "big"},
	} {
		t.Run(order, func(t *testing.T) {
			if diff := cmp.Diff(want, told(Order(List(paths), fsys, order))); diff != "" {
				t.Errorf("order (-want +got)\n%s", diff)
			}
		})
	}
}

func TestRootsFindTheDeepestCommonDirectory(t *testing.T) {
	top := t.TempDir()
	for _, dir := range []string{"a/b", "a/c", "ab"} {
		if err := os.MkdirAll(filepath.Join(top, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"a/b/x.go", "a/y.go"} {
		if err := os.WriteFile(filepath.Join(top, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(top)
	for _, row := range []struct {
		name  string
		paths []string
		root  string
		rels  []string
	}{
		{"nothing is the working directory", nil, ".", []string{"."}},
		{"one directory is the root", []string{"a"}, "a", []string{"."}},
		{"a file stands in its directory", []string{"a/b/x.go"}, "a/b", []string{"x.go"}},
		{"two directories meet above", []string{"a/b", "a/c/"}, "a", []string{"b", "c"}},
		{"a common beginning of names is no directory", []string{"a", "ab"}, ".", []string{"a", "ab"}},
		{"a directory and a file below it", []string{"a/b/x.go", "a"}, "a", []string{"b/x.go", "."}},
		{"two files", []string{"a/b/x.go", "a/y.go"}, "a", []string{"b/x.go", "y.go"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			root, rels, err := Roots(row.paths)
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(top, row.root); root != want {
				t.Errorf("root is %s, want %s", root, want)
			}
			if diff := cmp.Diff(row.rels, rels); diff != "" {
				t.Errorf("places (-want +got)\n%s", diff)
			}
		})
	}
	_, _, err := Roots([]string{"a", "nowhere", "neither"})
	if err == nil || !strings.Contains(err.Error(), `"nowhere"`) || !strings.Contains(err.Error(), `"neither"`) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error %v does not name both missing paths", err)
	}
}

func TestAListNamesItsBadLines(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       []string
		faults     []string
	}{
		{"lines", "a.go\n./b/c.go\n\nwith space\n", []string{"a.go", "b/c.go", "with space"}, nil},
		{"the last line needs no end", "a\nb", []string{"a", "b"}, nil},
		{"entries ended by NUL may hold line ends", "a\nb\x00c\x00", []string{"a\nb", "c"}, nil},
		{"names need not be UTF-8", "caf\xe9.go\n", []string{"caf\xe9.go"}, nil},
		{"paths that leave the root are refused", "ok\n../x\n/etc/passwd\n.\na/../../b", []string{"ok"}, []string{`line 2: "../x"`, `line 3: "/etc/passwd"`, `line 4: "."`, `line 5: "a/../../b"`}},
		{"of many bad lines ten are named", strings.Repeat("/\n", 25), nil, []string{"line 10", "15 more"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := ReadList(strings.NewReader(row.text))
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("paths (-want +got)\n%s", diff)
			}
			if (err != nil) != (row.faults != nil) {
				t.Fatalf("got error %v, want faults %q", err, row.faults)
			}
			for _, fault := range row.faults {
				if !strings.Contains(err.Error(), fault) {
					t.Errorf("the error %v does not name %q", err, fault)
				}
			}
		})
	}
}

func TestDirOpensWhatATreeHolds(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a.go", "caf\xe9.go", "with\nline"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a.go", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	fsys := Dir(root)
	want := []string{"a.go", "caf\xe9.go", "link skip:symlink", "pipe skip:irregular", "with\nline"}
	if diff := cmp.Diff(want, told(Tree(fsys, TreeOptions{}))); diff != "" {
		t.Errorf("files (-want +got)\n%s", diff)
	}
	for _, name := range []string{"caf\xe9.go", "link", "with\nline"} {
		if _, err := fs.ReadFile(fsys, name); err != nil {
			t.Errorf("read %q: %v", name, err)
		}
	}
	opened := make(chan error, 1)
	go func() {
		file, err := fsys.Open("pipe") // os.DirFS would wait here until somebody writes
		if err == nil {
			err = file.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		if err != nil {
			t.Errorf("open a pipe: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("opening a pipe waits for its writer")
	}
}

func TestDirStaysBelowItsRoot(t *testing.T) {
	fsys := Dir(t.TempDir())
	for _, name := range []string{"", "/etc/passwd", "..", "a/../b", "a//b", "./a", "a/", "a\x00b"} {
		if _, err := fsys.Open(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("open %q: got %v, want it refused", name, err)
		}
	}
	_, err := fsys.Open("missing")
	if err == nil || !errors.Is(err, fs.ErrNotExist) || err.Error() != "open missing: no such file or directory" {
		t.Errorf("got %v, want the path below the root alone", err)
	}
}

func TestPartOfARepositoryIgnoresWhatTheWholeDoes(t *testing.T) {
	top := t.TempDir()
	for name, text := range map[string]string{
		".git/HEAD": "", ".git/info/exclude": "*.secret\n", ".gitignore": "/a/b/gen\n*.o\n", "a/.gitignore": "!keep.o\nlocal\n",
		"a/b/gen/x": "", "a/b/x.o": "", "a/b/keep.o": "", "a/b/x.secret": "", "a/b/local": "", "a/b/x.c": "",
	} {
		full := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for root, want := range map[string][]string{
		"a/b": {"keep.o", "x.c"},
		"a":   {".gitignore", "b/keep.o", "b/x.c"},
		".":   {".gitignore", "a/.gitignore", "a/b/keep.o", "a/b/x.c"},
	} {
		full := filepath.Join(top, root)
		got := told(Tree(Dir(full), TreeOptions{Above: Surroundings(full)}))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("files of %s (-want +got)\n%s", root, diff)
		}
	}
}

func TestListYieldsWhatItIsGiven(t *testing.T) {
	if diff := cmp.Diff([]string{"b", "a", "b"}, told(List([]string{"b", "a", "b"}))); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkTree walks a tree of 10,000 files in 500 directories on disk.
func BenchmarkTree(b *testing.B) {
	root := b.TempDir()
	for i := range 500 {
		dir := filepath.Join(root, fmt.Sprintf("d%d/e%d", i%25, i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		for j := range 20 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%d.go", j)), nil, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	lines := slices.Repeat([]string{"*.o", "vendor/", "/build", "node_modules", "**/gen/*.pb.go", "*~"}, 10)
	if err := os.WriteFile(filepath.Join(root, ignoreFile), []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	files := 0
	for b.Loop() {
		for range Tree(Dir(root), TreeOptions{}) {
			files++
		}
	}
	b.ReportMetric(float64(files)/b.Elapsed().Seconds(), "files/s")
}

func TestReadingNeverWaitsForAWriter(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(filepath.Join(root, "pipe"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close() //nolint:errcheck // a pipe keeps nothing
	pipe, err := Dir(root).Open("pipe")
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close() //nolint:errcheck // opened for reading
	buffer := make([]byte, 8)
	if n, err := pipe.Read(buffer); n != 0 || !errors.Is(err, errWaits) || !strings.HasPrefix(err.Error(), "read pipe: ") {
		t.Errorf("an empty pipe gives %d bytes and %v, want the error that names it", n, err)
	}
	if _, err := writer.WriteString("text"); err != nil {
		t.Fatal(err)
	}
	if n, err := pipe.Read(buffer); n != 4 || err != nil {
		t.Errorf("a filled pipe gives %d bytes and %v, want 4", n, err)
	}
}

func TestRulesThatAreTooLongAreAFailureAndNotHeeded(t *testing.T) {
	long := strings.Repeat("*.txt\n", mostRules/6+1)
	for _, row := range []struct {
		name  string
		files map[string]string
		opts  TreeOptions
		want  []string
	}{
		{"in a folder", map[string]string{"a/.gitignore": long, "a/b.txt": "", "a/.a": ""}, TreeOptions{}, []string{"a/.a", "a/.gitignore failed", "a/b.txt"}},
		{"above the starts, once", map[string]string{".gitignore": long, "a/b.txt": "", "c/d.txt": ""}, TreeOptions{Starts: []string{"a", "c"}}, []string{".gitignore failed", "a/b.txt", "c/d.txt"}},
		{"above a start and in another", map[string]string{".gitignore": long, "a/b.txt": ""}, TreeOptions{Starts: []string{"a", "."}}, []string{".gitignore failed", "a/b.txt"}},
		{"of the repository", map[string]string{excludeFile: long, "b.txt": ""}, TreeOptions{}, []string{excludeFile + " failed", "b.txt"}},
		{"where rules are not asked for", map[string]string{".gitignore": long, "b.txt": ""}, TreeOptions{NoIgnore: true}, []string{".gitignore", "b.txt"}},
		{"in patterns", map[string]string{"a/.gitignore": strings.Repeat("a?b\n", mostPatterns+1), "a/axb": ""}, TreeOptions{}, []string{"a/.gitignore failed", "a/axb"}},
		{
			"together with those above",
			map[string]string{".gitignore": long[:mostRules/2], "a/.gitignore": long[:mostRules/2], "a/b.txt": "", "a/c/.gitignore": "*.go\n", "a/c/d.go": ""},
			TreeOptions{},
			[]string{".gitignore", "a/.gitignore", "a/c/.gitignore failed", "a/c/d.go"},
		},
		{"though just not", map[string]string{".gitignore": long[:mostRules], "b.txt": ""}, TreeOptions{}, []string{".gitignore"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, told(Tree(tree(row.files), row.opts))); diff != "" {
				t.Errorf("files (-want +got)\n%s", diff)
			}
		})
	}
}
