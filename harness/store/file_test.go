package store

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/harness/record"
)

// kept puts content and returns what a trial says of it.
func kept(t *testing.T, s *Store, name, content string) record.File {
	t.Helper()
	file, err := s.PutFile(name, strings.NewReader(content))
	must(t, err)
	return file
}

// holds puts a trial that refers to files.
func holds(t *testing.T, s *Store, run string, slot int, files ...record.File) {
	t.Helper()
	trial := aTrial(run, slot)
	trial.Files = files
	must(t, s.PutTrial(trial))
}

// lying lists the names of all files of content, and of those being written.
func lying(t *testing.T, s *Store) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(filepath.Join(s.dir, "files"), func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, filepath.Base(path))
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

func there(s *Store, file record.File) bool {
	path, err := s.FilePath(file.Digest)
	if err != nil {
		return false
	}
	_, err = os.Stat(path)
	return err == nil
}

func TestAFileIsKeptUnderItsDigestOnce(t *testing.T) {
	s := opened(t)
	a, b := kept(t, s, "stacks", "goroutine 1"), kept(t, s, "again", "goroutine 1")
	if a.Digest != b.Digest || a.Name != "stacks" || b.Name != "again" || a.Bytes != 11 {
		t.Errorf("got %+v and %+v", a, b)
	}
	if all := lying(t, s); len(all) != 1 || all[0] != a.Digest {
		t.Errorf("files %v, want %s alone", all, a.Digest)
	}
	file, err := s.OpenFile(a.Digest)
	must(t, err)
	defer file.Close() //nolint:errcheck // read only
	if content, err := io.ReadAll(file); string(content) != "goroutine 1" || err != nil {
		t.Errorf("content %q, %v", content, err)
	}
}

func TestADamagedFileIsAnErrorThatNamesIt(t *testing.T) {
	s := opened(t)
	file := kept(t, s, "stacks", "goroutine 1")
	path, err := s.FilePath(file.Digest)
	must(t, err)
	must(t, os.WriteFile(path, []byte("goroutine 2"), 0o644))
	if _, err := s.OpenFile(file.Digest); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("error %v, want one naming %s", err, path)
	}
	kept(t, s, "stacks", "goroutine 1") // put again, it is mended
	opened, err := s.OpenFile(file.Digest)
	must(t, err)
	must(t, opened.Close())
}

func TestAFileThatIsNotThereSaysWhy(t *testing.T) {
	s := opened(t)
	if _, err := s.OpenFile(strings.Repeat("0", 64)); !errors.Is(err, ErrNoFile) || !strings.Contains(err.Error(), "export --files") {
		t.Errorf("error %v, want %v and the remedy", err, ErrNoFile)
	}
	for _, digest := range []string{"", "abc", "../../store.db", strings.Repeat("A", 64)} {
		if _, err := s.OpenFile(digest); err == nil || errors.Is(err, ErrNoFile) {
			t.Errorf("%q: error %v, want that it is no digest", digest, err)
		}
	}
}

func TestAFileGoesWithTheLastRunThatRefersToIt(t *testing.T) {
	s := holding(t, "r1")
	create(t, s, "key", aRun("r2"))
	shared, own := kept(t, s, "shared", "both"), kept(t, s, "own", "one")
	holds(t, s, "r1", 0, shared, own)
	holds(t, s, "r2", 0, shared)
	must(t, s.DeleteRun("r1"))
	if there(s, own) || !there(s, shared) {
		t.Errorf("own there: %v, shared there: %v; want only the shared one", there(s, own), there(s, shared))
	}
	must(t, s.DeleteRun("r2"))
	if all := lying(t, s); len(all) != 0 {
		t.Errorf("left: %v", all)
	}
}

// A second process puts content that lies there for a run which the first one
// deletes before the second has stored its trial.
func TestWhatAnotherProcessHasJustPutIsNotRemoved(t *testing.T) {
	s := holding(t, "r1")
	create(t, s, "key", aRun("r2"))
	holds(t, s, "r1", 0, kept(t, s, "stacks", "the same"))
	other := reopened(t, s.dir)
	file := kept(t, other, "stacks", "the same")
	must(t, s.DeleteRun("r1"))
	if !there(s, file) {
		t.Fatal("removed between PutFile and PutTrial")
	}
	holds(t, other, "r2", 0, file)
	must(t, s.DeleteRun("r2"))
	if there(s, file) {
		t.Error("still there without a run that refers to it")
	}
}

func TestATrialPutAgainWithoutAFileLetsItGo(t *testing.T) {
	s := holding(t, "r1")
	file := kept(t, s, "stacks", "x")
	holds(t, s, "r1", 0, file)
	holds(t, s, "r1", 0)
	create(t, s, "key", aRun("r2"))
	holds(t, s, "r2", 0, file)
	must(t, s.DeleteRun("r2"))
	if there(s, file) {
		t.Error("still held by a trial that no longer refers to it")
	}
}

func TestLeftoversOfKilledWritersAreSweptAfterADay(t *testing.T) {
	s := holding(t, "r1")
	orphan, young, claimed := kept(t, s, "a", "orphan"), kept(t, s, "b", "young"), kept(t, s, "c", "claimed")
	must(t, s.disclaim())
	kept(t, s, "c", "claimed")
	dir := filepath.Join(s.dir, "files")
	must(t, os.WriteFile(filepath.Join(dir, temporary+"old"), nil, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, temporary+"young"), nil, 0o644))
	yesterday := time.Now().Add(-abandoned - time.Minute)
	for _, name := range []string{temporary + "old", filepath.Join(orphan.Digest[:2], orphan.Digest), filepath.Join(claimed.Digest[:2], claimed.Digest)} {
		must(t, os.Chtimes(filepath.Join(dir, name), yesterday, yesterday))
	}
	other := reopened(t, s.dir)
	if left, _ := filepath.Glob(filepath.Join(dir, temporary+"*")); len(left) != 1 || !strings.HasSuffix(left[0], "young") {
		t.Errorf("temporary files left: %v, want the young one", left)
	}
	must(t, other.DeleteRun("r1"))
	if there(s, orphan) || !there(s, young) || !there(s, claimed) {
		t.Errorf("orphan %v, young %v, claimed %v there; want the last two", there(s, orphan), there(s, young), there(s, claimed))
	}
}

func TestFilesArePutAtOnce(t *testing.T) {
	s := holding(t, "r1")
	other := reopened(t, s.dir)
	content := bytes.Repeat([]byte("profile"), 10_000)
	var group sync.WaitGroup
	for i := range 16 {
		store := []*Store{s, other}[i%2]
		group.Go(func() {
			if _, err := store.PutFile("cpu.pprof", bytes.NewReader(content)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if all := lying(t, s); len(all) != 1 {
		t.Errorf("files %v, want one", all)
	}
}

// cut is a reader that fails before its end.
type cut struct{ io.Reader }

func (c cut) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestContentThatCannotBeReadWholeIsNotKept(t *testing.T) {
	s := opened(t)
	if _, err := s.PutFile("stacks", cut{strings.NewReader("half")}); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "stacks") {
		t.Errorf("error %v", err)
	}
	if all := lying(t, s); len(all) != 0 {
		t.Errorf("left: %v", all)
	}
}

func TestFilesTravelWithTheirContentOrAsDigests(t *testing.T) {
	from := holding(t, "r1")
	file := kept(t, from, "stacks", "goroutine 1")
	holds(t, from, "r1", 0, file)
	for name, whole := range map[string]bool{"with files": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			must(t, from.Export("r1", &b, whole))
			to := opened(t)
			_, err := to.Import(&b)
			must(t, err)
			trials, err := to.Trials("r1")
			if err != nil || len(trials) != 1 || trials[0].Files[0] != file {
				t.Fatalf("trials %+v, %v; want the file named", trials, err)
			}
			content, err := to.readFile(file.Digest)
			if whole && string(content) != "goroutine 1" || !whole && !errors.Is(err, ErrNoFile) {
				t.Errorf("content %q, %v", content, err)
			}
			must(t, to.Export("r1", io.Discard, true))
			must(t, to.DeleteRun("r1"))
			if there(to, file) {
				t.Error("still there after the run")
			}
		})
	}
}
