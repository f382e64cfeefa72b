package scanner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/source"
)

func TestFilesMayChangeUnderTheScan(t *testing.T) {
	root := t.TempDir()
	e := engine(t)
	for i := range 40 {
		put(t, root, fmt.Sprintf("d%d/f%d.go", i%5, i), "package p\n")
	}
	done := make(chan struct{})
	var changing sync.WaitGroup
	for i := range 2 {
		changing.Go(func() { upset(root, i, done) })
	}
	defer changing.Wait()
	defer close(done)
	for i := range 30 {
		c, err := config.FromPreset([]string{"default", "go-idiom"}[i%2], 2)
		must(t, err)
		got := finish(t, scanner.Options{Config: c, FS: source.Dir(root), Engine: e, MaxFileBytes: 64 << 10})
		for reason := range maps.Keys(got.Stats.Failed) {
			if !slices.Contains([]string{"missing", "read"}, reason) {
				t.Fatalf("files failed as %s: %v", reason, got.Failures)
			}
		}
	}
}

// upset grows, cuts, removes, replaces and moves the files of
// TestFilesMayChangeUnderTheScan until done. What fails, fails: another changes
// the same files.
func upset(root string, salt int, done <-chan struct{}) {
	rng := rand.New(rand.NewPCG(1, uint64(salt)))
	for {
		select {
		case <-done:
			return
		default:
		}
		n := rng.IntN(40)
		name := filepath.Join(root, fmt.Sprintf("d%d/f%d.go", n%5, n))
		switch rng.IntN(8) {
		case 0:
			_ = os.Remove(name)
		case 1:
			_ = os.RemoveAll(name)
			_ = os.Mkdir(name, 0o755)
		case 2:
			_ = os.RemoveAll(filepath.Dir(name))
		case 3:
			_ = os.Truncate(name, rng.Int64N(100<<10))
		case 4:
			_ = os.Rename(filepath.Dir(name), filepath.Join(root, fmt.Sprintf("d%d", rng.IntN(5))))
		case 5:
			_ = os.Remove(name)
			_ = os.Symlink(".", name)
		default:
			_ = write(root, strings.TrimPrefix(name, root+"/"), strings.Repeat("package p\n", rng.IntN(9000)))
		}
	}
}

// A prop is a file that acts a fault, the same on every run.
type prop struct {
	size int64
	mode fs.FileMode
	stat error
	read func(call int, p []byte) (int, error) // call counts from 0

	calls int
}

func (p *prop) Stat() (fs.FileInfo, error) {
	if p.stat != nil {
		return nil, p.stat
	}
	return p, nil
}

func (p *prop) Read(b []byte) (int, error) {
	defer func() { p.calls++ }()
	return p.read(p.calls, b)
}
func (p *prop) Close() error       { return nil }
func (p *prop) Name() string       { return "prop" }
func (p *prop) Size() int64        { return p.size }
func (p *prop) Mode() fs.FileMode  { return p.mode }
func (p *prop) ModTime() time.Time { return time.Time{} }
func (p *prop) IsDir() bool        { return p.mode.IsDir() }
func (p *prop) Sys() any           { return nil }

// A stage opens the prop that its function makes, whatever the name.
type stage func() (fs.File, error)

func (s stage) Open(string) (fs.File, error) { return s() }

func spaces(p []byte) int {
	for i := range p {
		p[i] = ' '
	}
	return len(p)
}

func TestFaultsOfAFileSystemAreThoseOfItsFiles(t *testing.T) {
	e := engine(t)
	endless := func(_ int, p []byte) (int, error) { return spaces(p), nil }
	empty := func(int, []byte) (int, error) { return 0, io.EOF }
	for _, row := range []struct {
		name string
		make func() (fs.File, error)
		want fate
	}{
		{"it grows without end", func() (fs.File, error) { return &prop{size: 10, read: endless}, nil }, skipped("too-large", 1)},
		{"it announces nothing and does not end", func() (fs.File, error) { return &prop{read: endless}, nil }, skipped("too-large", 1)},
		{"it announces less than nothing", func() (fs.File, error) { return &prop{size: -1 << 40, read: endless}, nil }, skipped("too-large", 1)},
		{"it announces more than may be read, and is not read", func() (fs.File, error) { return &prop{size: 1 << 62}, nil }, skipped("too-large", 1)},
		{"it grows a little", func() (fs.File, error) {
			return &prop{size: 10, read: func(call int, p []byte) (int, error) {
				if call == 20 {
					return 0, io.EOF
				}
				return spaces(p[:1]), nil
			}}, nil
		}, fate{Scanned: 1}},
		{"it has shrunk to nothing", func() (fs.File, error) { return &prop{size: 40_000, read: empty}, nil }, fate{Scanned: 1}},
		{"it gives its end with its last bytes", func() (fs.File, error) {
			return &prop{size: 3, read: func(_ int, p []byte) (int, error) { return spaces(p[:3]), io.EOF }}, nil
		}, fate{Scanned: 1}},
		{"it gives nothing, again and again", func() (fs.File, error) {
			return &prop{size: 3, read: func(int, []byte) (int, error) { return 0, nil }}, nil
		}, failed("read", 1)},
		{"it gives nothing now and then", func() (fs.File, error) {
			return &prop{size: 300, read: func(call int, p []byte) (int, error) {
				if call == 600 {
					return 0, io.EOF
				}
				return spaces(p[:call%2]), nil
			}}, nil
		}, fate{Scanned: 1}},
		{"the disk fails when it is opened", func() (fs.File, error) { return nil, syscall.EIO }, failed("read", 1)},
		{"the disk fails when it is asked for its size", func() (fs.File, error) { return &prop{stat: syscall.EIO}, nil }, failed("read", 1)},
		{"the disk fails in its midst", func() (fs.File, error) {
			return &prop{size: 9000, read: func(call int, p []byte) (int, error) {
				if call > 0 {
					return 0, syscall.EIO
				}
				return spaces(p[:100]), nil
			}}, nil
		}, failed("read", 1)},
		{"its server has lost it", func() (fs.File, error) { return nil, syscall.ESTALE }, failed("read", 1)},
		{"no more files may be open", func() (fs.File, error) { return nil, syscall.EMFILE }, failed("read", 1)},
		{"it is gone", func() (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: "f", Err: syscall.ENOENT} }, failed("missing", 1)},
		{"it may not be read", func() (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: "f", Err: syscall.EACCES} }, failed("permission", 1)},
		{"a folder took its place", func() (fs.File, error) { return &prop{mode: fs.ModeDir}, nil }, skipped("irregular", 1)},
		{"opening it panics", func() (fs.File, error) { panic("no stage") }, failed("panic", 1)},
		{"reading it panics", func() (fs.File, error) {
			return &prop{read: func(int, []byte) (int, error) { panic("no text") }}, nil
		}, failed("panic", 1)},
		{"it claims to have read more than there was room for", func() (fs.File, error) {
			return &prop{read: func(_ int, p []byte) (int, error) { return len(p) + 1<<20, nil }}, nil
		}, failed("panic", 1)},
		{"it claims to have read less than nothing", func() (fs.File, error) {
			return &prop{read: func(int, []byte) (int, error) { return -1, nil }}, nil
		}, failed("panic", 1)},
		{"there is no file at all", func() (fs.File, error) { return nil, nil }, failed("panic", 1)},
	} {
		t.Run(row.name, func(t *testing.T) {
			demand(t, row.want, survive(t, scanner.Options{
				FS: stage(row.make), Items: source.List([]string{"f.txt"}), Engine: e, MaxFileBytes: 64 << 10,
			}))
		})
	}
}

// TestTheWalkOutlivesItsFolders walks a tree of which a folder is listed and
// then gone, one breaks off in its midst, and one turns out to be a file.
func TestTheWalkOutlivesItsFolders(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{"a.txt", "gone/a.txt", "half/a.txt", "half/b.txt", "turned/a.txt", "z.txt"} {
		files[name] = &fstest.MapFile{Data: []byte("text\n")}
	}
	got := survive(t, scanner.Options{FS: brittle{files}})
	demand(t, fate{Scanned: 3, Failed: map[string]int64{"missing": 1, "read": 2}}, got)
}

type brittle struct{ fstest.MapFS }

func (b brittle) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := b.MapFS.ReadDir(name)
	switch name {
	case "gone":
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	case "turned":
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: syscall.ENOTDIR}
	case "half":
		return entries[:1], &fs.PathError{Op: "readdir", Path: name, Err: syscall.EIO}
	}
	return entries, err
}

// TestAScanIsInterruptedWhereItsWalkYieldsNothing interrupts it in the first of
// many folders of which rules ignore every file.
func TestAScanIsInterruptedWhereItsWalkYieldsNothing(t *testing.T) {
	e := engine(t)
	files := fstest.MapFS{".gitignore": {Data: []byte("*\n!*/\n")}}
	for i := range 100 {
		files[fmt.Sprintf("d%02d/a.txt", i)] = &fstest.MapFile{}
	}
	for _, order := range []string{source.Walk, source.LargestFirst} {
		t.Run(order, func(t *testing.T) {
			stop := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			listed := 0
			c := config.Default(2)
			c.Source.Order = order
			fsys := listening{files, func(name string) {
				if listed++; name == "d00" {
					cancel(stop)
				}
			}}
			got, err := scanner.Scan(ctx, scanner.Options{Config: c, FS: fsys, Engine: e})
			if !errors.Is(err, stop) {
				t.Errorf("got error %v, want the cause", err)
			}
			if listed != 2 {
				t.Errorf("%d folders were listed, want the root and the first", listed)
			}
			if err := addsUp(got.Stats); err != nil {
				t.Error(err)
			}
		})
	}
}

// listening tells of each folder that is listed.
type listening struct {
	fstest.MapFS
	hear func(name string)
}

func (l listening) ReadDir(name string) ([]fs.DirEntry, error) {
	l.hear(name)
	return l.MapFS.ReadDir(name)
}
