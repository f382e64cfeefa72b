package journal

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Read returns the files in flight that a journal names, in the order of their
// slots: at most one for each analyser, none if the process ended between two
// files. Paths are what Begin was given, byte for byte; one that was too long for
// its slot is cut and ends in "…". The journal of a living process can be read
// too. It reads the slots in use and skips the holes between them.
func Read(path string) ([]string, error) {
	left, err := read(path)
	return left.Files, err
}

// Left is a journal that a process left behind.
type Left struct {
	Journal string   // the journal's own path
	PID     int      // of the process
	Files   []string // in flight, as Read returns them

	start uint64 // when the process began, in clock ticks since boot; 0 if unknown
}

// Stale finds the journals in a folder, files whose names end in Suffix, whose
// processes are dead; sorted by the journals' names. A folder that does not exist
// holds none. A journal that cannot be read is left out and is part of the error;
// the others are returned beside it. Nothing is removed.
//
// A process is alive if it still holds its journal's lock, or if a process of its
// number exists that began when it did.
func Stale(dir string) ([]Left, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for journals of earlier scans: %w", err)
	}
	var (
		stale []Left
		errs  []error
	)
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !strings.HasSuffix(entry.Name(), Suffix) {
			continue
		}
		left, err := read(filepath.Join(dir, entry.Name()))
		switch {
		case errors.Is(err, fs.ErrNotExist): // its scan has just ended
		case err != nil:
			errs = append(errs, err)
		case !left.alive():
			stale = append(stale, left)
		}
	}
	slices.SortFunc(stale, func(a, b Left) int { return cmp.Compare(a.Journal, b.Journal) })
	return stale, errors.Join(errs...)
}

// read opens and parses a journal.
func read(path string) (Left, error) {
	file, err := os.Open(path)
	if err != nil {
		return Left{}, fmt.Errorf("read journal: %w", err)
	}
	defer file.Close() //nolint:errcheck // read only
	info, err := file.Stat()
	if err != nil {
		return Left{}, fmt.Errorf("read journal: %w", err)
	}
	left, err := parse(file, info.Size())
	if err != nil {
		return Left{}, fmt.Errorf("read journal %s: %w (it is none, or damaged: remove it)", path, err)
	}
	left.Journal = path
	return left, nil
}

// parse reads a journal of so many bytes. It is strict: whatever no version of
// Create and Begin could have left is an error.
func parse(r io.ReaderAt, size int64) (Left, error) {
	h := make([]byte, slotBase)
	if _, err := r.ReadAt(h, 0); err != nil {
		return Left{}, fmt.Errorf("its %d bytes are too few for a header of %d", size, slotBase)
	}
	field := func(at int) uint32 { return binary.NativeEndian.Uint32(h[at:]) }
	slots := int64(field(offSlots))
	pid := binary.NativeEndian.Uint64(h[offPID:])
	switch {
	case !bytes.HasPrefix(h, []byte(magic)):
		return Left{}, fmt.Errorf("it begins with %q instead of %q", h[:len(magic)], magic)
	case field(offVersion) != version:
		return Left{}, fmt.Errorf("its version is %d, known is %d", field(offVersion), version)
	case field(offSlotSize) != slotSize:
		return Left{}, fmt.Errorf("its slots have %d bytes, known are %d", field(offSlotSize), slotSize)
	case slots < 1 || slots > MaxSlots:
		return Left{}, fmt.Errorf("it claims %d slots, possible are 1 to %d", slots, MaxSlots)
	case size != slotBase+slots*slotSize:
		return Left{}, fmt.Errorf("it has %d bytes where %d slots take %d", size, slots, slotBase+slots*slotSize)
	case pid < 1 || pid > maxPID:
		return Left{}, fmt.Errorf("it claims to be of process %d", pid)
	}
	left := Left{PID: int(pid), start: binary.NativeEndian.Uint64(h[offStart:])}
	for i := range slots {
		path, err := entry(r, slotBase+i*slotSize)
		if err != nil {
			return Left{}, fmt.Errorf("slot %d: %w", i, err)
		}
		if path != "" {
			left.Files = append(left.Files, path)
		}
	}
	return left, nil
}

// maxPID is above the largest that Linux gives out, 2²².
const maxPID = 1 << 22

// entry reads the slot at an offset; it is empty if nothing is in flight there.
func entry(r io.ReaderAt, at int64) (string, error) {
	var head [16]byte
	if _, err := r.ReadAt(head[:], at); err != nil {
		return "", err
	}
	begun, word := binary.NativeEndian.Uint64(head[:]), binary.NativeEndian.Uint64(head[8:])
	length, flags := word&lengthMask, word&(1<<numberAt-1)&^lengthMask
	switch {
	case begun&(1<<numberAt-1) != 0:
		return "", fmt.Errorf("its entry's number is %#x, whose lower half is not 0", begun)
	case flags&^(inFlight|cut) != 0:
		return "", fmt.Errorf("flags %#x are unknown", flags)
	case length > MaxPath || flags&cut != 0 && length != MaxPath:
		return "", fmt.Errorf("a path of %d bytes in a slot for %d", length, MaxPath)
	case flags&inFlight == 0 && word != word>>numberAt<<numberAt:
		return "", fmt.Errorf("nothing is in flight, yet its word is %#x", word)
	case flags&inFlight == 0 || begun>>numberAt != word>>numberAt:
		return "", nil // idle, or it was being written: the analysis had not begun
	}
	path := make([]byte, length)
	if _, err := r.ReadAt(path, at+slotHead); err != nil {
		return "", err
	}
	var again [8]byte // differs where the process lives and has gone on meanwhile
	if _, err := r.ReadAt(again[:], at); err != nil || again != [8]byte(head[:8]) {
		return "", err
	}
	if flags&cut != 0 {
		return string(path) + "…", nil
	}
	return string(path), nil
}

// alive tells whether the process that made the journal still runs.
func (l Left) alive() bool {
	if locked(l.Journal) {
		return true
	}
	if err := unix.Kill(l.PID, 0); errors.Is(err, unix.ESRCH) {
		return false
	}
	is, err := processOf(l.PID)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) // gone meanwhile, or not to be known: then say nothing of it
	}
	return !is.dead && (l.start == 0 || is.start == l.start)
}

// locked tells whether somebody holds the journal's lock. It serves across
// containers, whose process numbers mean nothing to each other.
func locked(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close() //nolint:errcheck // read only
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// A process is what proc_pid_stat(5) says of one.
type process struct {
	start uint64 // field 22: clock ticks since the machine's boot; with the number it names one process for good
	dead  bool   // field 3: it has ended, and nobody has asked how
}

func processOf(pid int) (process, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, err
	}
	return parseStat(data)
}

// parseStat reads the two fields. The second of all is a name in brackets that may
// hold anything, brackets and blanks too; the last bracket ends it.
func parseStat(stat []byte) (process, error) {
	const first = 3
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= 22-first {
		return process{}, fmt.Errorf("process status %q has no start time", stat)
	}
	start, err := strconv.ParseUint(string(fields[22-first]), 10, 64)
	return process{start: start, dead: string(fields[0]) == "Z" || string(fields[0]) == "X"}, err
}
