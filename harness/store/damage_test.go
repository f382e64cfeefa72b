package store

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sluice/harness/record"
)

// midway makes a store that is still open, as a killed process leaves it, and
// returns its two files: nothing of the run is in the database yet, all of it is
// in the write-ahead log.
func midway(t *testing.T, trials int) (database, log []byte) {
	t.Helper()
	s := holding(t, "r1")
	for slot := range trials {
		must(t, s.PutTrial(withSeries("r1", slot)))
	}
	return read(t, filepath.Join(s.dir, fileName)), read(t, filepath.Join(s.dir, fileName+"-wal"))
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

// left makes a store of the two files and returns the number of its trials. They
// must be the first ones, whole, each with its series.
func left(t *testing.T, database, log []byte) int {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, fileName), database, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, fileName+"-wal"), log, 0o644))
	s, err := Open(dir)
	must(t, err)
	defer s.Close() //nolint:errcheck // read only
	trials, err := s.Trials("r1")
	must(t, err)
	for slot, trial := range trials {
		series, err := s.Series(trial)
		if want := aTrial("r1", slot); !trial.Started.Equal(want.Started) || len(series) != 2 || err != nil {
			t.Errorf("trial %d began %v with %d series, %v; want %v with 2", slot, trial.Started, len(series), err, want.Started)
		}
	}
	var verdict string
	must(t, s.db.QueryRow("PRAGMA integrity_check").Scan(&verdict))
	if verdict != "ok" {
		t.Errorf("integrity check: %s", verdict)
	}
	return len(trials)
}

func TestAJournalCutAnywhereLeavesTheFirstTrials(t *testing.T) {
	const seed, trials = 4, 30
	rng := rand.New(rand.NewPCG(seed, seed))
	database, log := midway(t, trials)
	if n := left(t, database, log); n != trials {
		t.Fatalf("%d trials of the whole journal, want %d", n, trials)
	}
	last, lastCut := -1, 0
	cuts := make([]int, 50)
	for i := range cuts {
		cuts[i] = rng.IntN(len(log))
	}
	for _, at := range append(cuts, 0, 1, 31, 32, 33, len(log)-1) {
		n := left(t, database, log[:at])
		if at >= lastCut && n < last {
			t.Errorf("seed %d: cut at %d leaves %d trials, at %d it was %d", seed, at, n, lastCut, last)
		}
		last, lastCut = n, at
	}
	if n := left(t, database, log[:len(log)-1]); n != trials-1 {
		t.Errorf("%d trials without the last byte, want all but the last", n)
	}
}

func TestAJournalWithADamagedByteLeavesTheTrialsBeforeIt(t *testing.T) {
	const seed, trials = 5, 30
	rng := rand.New(rand.NewPCG(seed, seed))
	database, log := midway(t, trials)
	const header = 32
	for range 20 {
		damaged := append([]byte{}, log...)
		at := header + rng.IntN(len(log)-header)
		damaged[at] ^= 1 << rng.IntN(8)
		n := left(t, database, damaged)
		if whole := left(t, database, log[:at]); n != whole {
			t.Errorf("seed %d: byte %d damaged leaves %d trials, want the %d before it", seed, at, n, whole)
		}
	}
}

// folded makes a closed store of many pages and returns its file.
func folded(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	s, err := Open(dir)
	must(t, err)
	create(t, s, "key", aRun("r1"))
	for slot := range 100 {
		must(t, s.PutTrial(withSeries("r1", slot)))
	}
	must(t, s.Close())
	return filepath.Join(dir, fileName)
}

func TestADamagedPageIsAnErrorThatNamesTheStoreAndTheRemedy(t *testing.T) {
	path := folded(t)
	const page = 4096
	good := read(t, path)
	said := 0
	for at := page; at < len(good); at += page {
		damaged := append([]byte{}, good...)
		copy(damaged[at:at+page], strings.Repeat("damage! ", page/8))
		must(t, os.WriteFile(path, damaged, 0o644))
		trials, err := readAll(filepath.Dir(path))
		if err == nil && len(trials) == 100 {
			continue // a page that this reading does not need
		}
		said++
		if err == nil {
			t.Errorf("page %d: %d trials without an error", at/page, len(trials))
		} else if !strings.Contains(err.Error(), filepath.Dir(path)) || !strings.Contains(err.Error(), "the store is damaged; restore a copy") {
			t.Errorf("page %d: error %v, want one naming the store and the remedy", at/page, err)
		}
	}
	if said < 10 {
		t.Errorf("%d of %d pages were missed when damaged", said, len(good)/page)
	}
}

// readAll opens a store and reads a run whole.
func readAll(dir string) (trials []record.Trial, err error) {
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if trials, err = s.Trials("r1"); err != nil {
		return nil, err
	}
	for _, trial := range trials {
		if _, err := s.Series(trial); err != nil {
			return nil, err
		}
	}
	return trials, nil
}

func TestAStoreThatCannotBeWrittenIsNamedAndNotTouched(t *testing.T) {
	path := folded(t)
	dir := filepath.Dir(path)
	before := read(t, path)
	must(t, os.Chmod(path, 0o444))
	must(t, os.Chmod(filepath.Dir(dir), 0o755)) // which is its maker's alone
	must(t, os.Chmod(dir, 0o555))
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	asNobody(t, func() {
		s, err := Open(dir)
		if err == nil {
			t.Fatal(errors.Join(errors.New("opened"), s.Close()))
		}
		if !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "check the permissions of the folder") {
			t.Errorf("error %v, want one naming %s and the remedy", err, dir)
		}
	})
	if string(read(t, path)) != string(before) {
		t.Error("the file was changed")
	}
}

// small makes a file system of so many bytes, which only root may, and a way to
// change its size.
func small(t *testing.T, options string) (dir string, resize func(options string)) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may mount a small file system; run as root")
	}
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("a small file system cannot be mounted here (run where root may mount a tmpfs): %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return dir, func(options string) { must(t, unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, options)) }
}

func TestAFullDiskKeepsEveryTrialAndGoesOnWhenThereIsRoom(t *testing.T) {
	mount, resize := small(t, "size=512k")
	dir := filepath.Join(mount, ".sluice")
	s, err := Open(dir)
	must(t, err)
	create(t, s, "key", aRun("r1"))
	stored := 0
	for ; stored < 10_000 && err == nil; stored++ {
		err = s.PutTrial(withSeries("r1", stored))
	}
	stored-- // the last was not
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "the disk is full; every trial until now is kept: make room") {
		t.Fatalf("after %d trials: %v, want an error naming the store and the remedy", stored, err)
	}
	if _, err := s.PutFile("stacks", strings.NewReader(strings.Repeat("x", 1<<20))); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("a file: %v, want that the disk is full", err)
	}
	_ = s.Close() // folding the log into the file may need room, too
	resize("size=8m")
	s = reopened(t, dir)
	trials, err := s.Trials("r1")
	if len(trials) != stored || err != nil {
		t.Errorf("%d trials, %v; want the %d that were acknowledged", len(trials), err, stored)
	}
	must(t, s.PutTrial(withSeries("r1", stored)))
	if all := lying(t, s); len(all) != 0 {
		t.Errorf("left of a file that had no room: %v", all)
	}
}

// A store that was closed has no log; opening it makes one, which needs room.
func TestAStoreOnAFullDiskSaysSoWhenItIsOpened(t *testing.T) {
	mount, _ := small(t, "size=512k")
	dir := filepath.Join(mount, ".sluice")
	s, err := Open(dir)
	must(t, err)
	create(t, s, "key", aRun("r1"))
	must(t, s.Close())
	fill(t, filepath.Join(mount, "ballast"))
	if s, err := Open(dir); err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "make room and run the same command again") {
		t.Errorf("opened on a full disk: %v, %v; want the remedy", s, err)
	}
	must(t, os.Remove(filepath.Join(mount, "ballast")))
	if runs, err := reopened(t, dir).Runs(); len(runs) != 1 || err != nil {
		t.Errorf("with room again: %d runs, %v", len(runs), err)
	}
}

// fill takes what room is left.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	must(t, err)
	defer file.Close() //nolint:errcheck // full
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}
