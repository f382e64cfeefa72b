package journal

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// image is the bytes of a journal with the given paths in flight.
func image(t testing.TB, paths ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	j, err := Create(path, max(1, len(paths)))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // it goes with the folder
	for slot, p := range paths {
		j.Begin(slot, p)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put32(data []byte, at int, v uint32) []byte {
	binary.NativeEndian.PutUint32(data[at:], v)
	return data
}

func put64(data []byte, at int, v uint64) []byte {
	binary.NativeEndian.PutUint64(data[at:], v)
	return data
}

// The first slot's two words.
const begunAt, wordAt = slotBase, slotBase + 8

func TestReadRefusesWhatNoJournalCanBe(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func([]byte) []byte
		want  string
	}{
		"empty":               {func([]byte) []byte { return nil }, "its 0 bytes are too few"},
		"half a header":       {func(d []byte) []byte { return d[:20] }, "its 20 bytes are too few"},
		"a text":              {func(d []byte) []byte { return slices.Replace(d, 0, 8, []byte("package ")...) }, `begins with "package "`},
		"a later version":     {func(d []byte) []byte { return put32(d, offVersion, 2) }, "version is 2"},
		"slots of other size": {func(d []byte) []byte { return put32(d, offSlotSize, 64) }, "slots have 64 bytes"},
		"no slots":            {func(d []byte) []byte { return put32(d, offSlots, 0) }, "claims 0 slots"},
		"a million slots":     {func(d []byte) []byte { return put32(d, offSlots, 1<<20) }, "claims 1048576 slots"},
		"more slots":          {func(d []byte) []byte { return put32(d, offSlots, 2) }, "2 slots take"},
		"cut off":             {func(d []byte) []byte { return d[:len(d)-1] }, "1 slots take"},
		"too long":            {func(d []byte) []byte { return append(d, 0) }, "1 slots take"},
		"no process":          {func(d []byte) []byte { return put64(d, offPID, 0) }, "of process 0"},
		"a huge process":      {func(d []byte) []byte { return put64(d, offPID, 1<<40) }, "of process 1099511627776"},
		"a long path":         {func(d []byte) []byte { return put64(d, wordAt, 1<<numberAt|inFlight|MaxPath+1) }, "slot 0: a path of 4097 bytes"},
		"a short path cut":    {func(d []byte) []byte { return put64(d, wordAt, 1<<numberAt|inFlight|cut|5) }, "slot 0: a path of 5 bytes"},
		"unknown flags":       {func(d []byte) []byte { return put64(d, wordAt, 1<<numberAt|inFlight|1<<20) }, "flags 0x110000 are unknown"},
		"idle with a length":  {func(d []byte) []byte { return put64(d, wordAt, 1<<numberAt|5) }, "nothing is in flight"},
		"a number too fine":   {func(d []byte) []byte { return put64(d, begunAt, 1<<numberAt|1) }, "lower half is not 0"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad"+Suffix)
			if err := os.WriteFile(path, row.spoil(image(t, "a.go")), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{path, row.want, "remove it"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error is %q, want %q in it", err, want)
				}
			}
		})
	}
}

func TestAnEntryThatWasBeingWrittenDoesNotCount(t *testing.T) {
	data := put64(image(t, "a.go", "b.go"), begunAt, 2<<numberAt) // a second entry began, its word is not there
	left, err := parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b.go"}, left.Files); diff != "" {
		t.Errorf("files in flight (-want +got):\n%s", diff)
	}
}

func TestStaleTellsProcessesOfTheSameNumberApart(t *testing.T) {
	self, err := processOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	start := self.start
	for name, row := range map[string]struct {
		pid   int
		start uint64
		want  int // stale journals
	}{
		"this process":                 {os.Getpid(), start, 0},
		"its number, an earlier start": {os.Getpid(), start - 1, 1},
		"its number, start unknown":    {os.Getpid(), 0, 0},
		"a number never given out":     {maxPID, 5, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			data := put64(put64(image(t, "a.go"), offPID, uint64(row.pid)), offStart, row.start)
			if err := os.WriteFile(filepath.Join(dir, "x"+Suffix), data, 0o600); err != nil {
				t.Fatal(err)
			}
			if stale, err := Stale(dir); err != nil || len(stale) != row.want {
				t.Errorf("%d stale journals, %v; want %d", len(stale), err, row.want)
			}
		})
	}
}

func TestALockedJournalIsAliveWhateverItsNumberSays(t *testing.T) {
	dir := t.TempDir()
	j, err := Create(filepath.Join(dir, "x"+Suffix), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()               //nolint:errcheck // it goes with the folder
	put64(j.data, offPID, maxPID) // as in a container, whose numbers are its own
	if stale, err := Stale(dir); err != nil || len(stale) != 0 {
		t.Errorf("stale: %v, %v; want none", stale, err)
	}
}

func TestStaleReadsWhatItCanBesideWhatItCannot(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{
		"a" + Suffix: put64(image(t, "a.go"), offPID, maxPID),
		"b" + Suffix: []byte("no journal"),
		"c" + Suffix: put64(image(t, "c.go"), offPID, maxPID),
		"d.txt":      []byte("not looked at"),
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"+Suffix), 0o700); err != nil {
		t.Fatal(err)
	}
	stale, err := Stale(dir)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "b"+Suffix)) {
		t.Errorf("error is %v, want b's name in it", err)
	}
	var got []string
	for _, left := range stale {
		got = append(got, left.Files...)
	}
	if diff := cmp.Diff([]string{"a.go", "c.go"}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if stale, err := Stale(filepath.Join(dir, "none")); err != nil || len(stale) != 0 {
		t.Errorf("a folder that does not exist: %v, %v; want none, nil", stale, err)
	}
}

func TestTheStatusIsReadPastNamesThatLookLikeFields(t *testing.T) {
	const tail = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 19 20"
	for name, row := range map[string]struct {
		stat string
		want process
		ok   bool
	}{
		"plain":            {"7 (sluice) S" + tail, process{start: 4242}, true},
		"brackets, blanks": {"7 (a) Z (b c) R" + tail, process{start: 4242}, true},
		"a zombie":         {"7 (sluice) Z" + tail, process{start: 4242, dead: true}, true},
		"too short":        {"7 (sluice) S 1 2 3", process{}, false},
		"no number":        {"7 (sluice) S" + strings.Replace(tail, "4242", "x", 1), process{}, false},
		"nothing":          {"", process{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseStat([]byte(row.stat)); got != row.want || (err == nil) != row.ok {
				t.Errorf("process is %+v, %v; want %+v", got, err, row.want)
			}
		})
	}
}

// A journal is read without a crash whatever its bytes; what is read obeys the
// limits of the format.
func FuzzRead(f *testing.F) {
	whole := image(f, "a.go", "\xff/é.js")
	f.Add(whole)
	f.Add(whole[:slotBase])
	f.Add(put64(slices.Clone(whole), wordAt, 1<<numberAt|inFlight|cut|MaxPath))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		left, err := parse(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			if !utf8.ValidString(err.Error()) {
				t.Errorf("the error is no text: %q", err)
			}
			return
		}
		if most := (len(data) - slotBase) / slotSize; len(left.Files) > most {
			t.Errorf("%d files of %d slots", len(left.Files), most)
		}
		for _, file := range left.Files {
			if file == "" || len(file) > MaxPath+len("…") {
				t.Errorf("a path of %d bytes", len(file))
			}
		}
	})
}
