// Package journal remembers, beyond the death of the process, which files were
// being analysed.
//
// A panic can be recovered. A fault in C, a stack overflow, a kill for want of
// memory cannot: the process is gone, and with it the knowledge of the file that
// did it. So each analyser notes its file in a slot of a mapped file before it
// begins, and clears the slot when it ends. What the process wrote into a shared
// mapping stays in the page cache whatever ends the process; a crash of the whole
// machine may lose it, and that is not what it is for.
//
//	j, err := journal.Create(path, analysers)
//	defer j.Close()              // removes the file
//	j.Begin(slot, "a/b.go")      // two plain stores and a copy
//	j.End(slot)
//
// A file that is left behind says that its process ended abruptly: [Read] names
// the files in flight, [Stale] finds such journals in a folder. The package
// chooses no place for journals and prints nothing.
package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Suffix ends the names of the journals that Stale looks at.
const Suffix = ".inflight"

// MaxPath is how many bytes of a path a slot holds, the longest that Linux opens
// in one call. Of a longer path the beginning is kept.
const MaxPath = 4096

// MaxSlots bounds the slots of a journal, and so its size: 270 MB, of which only
// what is touched is memory.
const MaxSlots = 1 << 16

// The file is a header and, at slotBase, the slots one after the other. Numbers
// are those of the machine that wrote them, which is the one that reads them.
//
//	header  magic [8]byte, version, slot size, slots, 0 uint32, pid, start uint64
//	slot    begun, word uint64, 48 bytes of nothing, path [4096]byte
//
// Begun and word are written before and after the path, each with the number of
// the entry; an entry in which they differ was being written and does not count.
const (
	magic    = "sluiceIF"
	version  = 1
	slotBase = 64
	slotHead = 64 // a cache line, so that the path begins on the next
	slotSize = slotHead + MaxPath

	offVersion, offSlotSize, offSlots, offPID, offStart = 8, 12, 16, 24, 32
)

// The parts of a slot's word. An idle slot's word has no inFlight.
const (
	lengthBits = 16
	lengthMask = 1<<lengthBits - 1
	inFlight   = 1 << 16 // the path is being analysed
	cut        = 1 << 17 // the path was longer than MaxPath
	numberAt   = 32      // the number of the entry, modulo 2³²
)

// A slot is where one analyser notes its file. It lies in the mapping.
type slot struct {
	begun atomic.Uint64 // number of the entry, shifted as in word
	word  atomic.Uint64 // number, flags and length
	_     [slotHead - 16]byte
	path  [MaxPath]byte
}

// Journal is the files in flight of this process. Slots are independent of each
// other; each is used by one goroutine at a time. A nil *Journal notes nothing.
type Journal struct {
	path  string
	file  *os.File // held open for its lock
	data  []byte   // the mapping
	slots []slot   // within data
}

// Create makes a journal with so many slots (1 … MaxSlots) and maps it. A file of
// that name is replaced. Room on the disk, 4160 bytes a slot, is taken at once:
// a mapped page for which the disk has none would end the process later. It costs
// some ten system calls.
func Create(path string, slots int) (*Journal, error) {
	if slots < 1 || slots > MaxSlots {
		return nil, fmt.Errorf("create journal %s: %d slots; use 1 to %d, one for each analyser", path, slots, MaxSlots)
	}
	j, err := create(path, slots)
	if err != nil {
		return nil, fmt.Errorf("create journal: %w (name a file in a folder that can be written)", err)
	}
	return j, nil
}

// create fills the file under another name, so that nobody meets half a header.
func create(path string, slots int) (*Journal, error) {
	// A name of its own: two that fill one file would pull it from under each other.
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-")
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, file: file}
	err = j.fill(slots)
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(file.Name()), j.release())
	}
	return j, nil
}

// fill gives the file its header, maps it and locks it.
func (j *Journal) fill(slots int) error {
	size := slotBase + slots*slotSize
	if err := reserve(j.file, size); err != nil {
		return err
	}
	if _, err := j.file.WriteAt(header(slots), 0); err != nil {
		return err
	}
	var err error
	if j.data, err = unix.Mmap(int(j.file.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return fmt.Errorf("map %s: %w", j.path, err)
	}
	j.slots = unsafe.Slice((*slot)(unsafe.Pointer(&j.data[slotBase])), slots)
	// Where a file system knows no locks, the process number alone has to tell.
	_ = unix.Flock(int(j.file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	return nil
}

// reserve gives the file its size and its blocks.
func reserve(file *os.File, size int) error {
	err := unix.Fallocate(int(file.Fd()), 0, 0, int64(size))
	if errors.Is(err, unix.EOPNOTSUPP) {
		_, err = file.WriteAt(make([]byte, size), 0)
	}
	if err != nil {
		return fmt.Errorf("reserve %d bytes for %s: %w", size, file.Name(), err)
	}
	return nil
}

func header(slots int) []byte {
	h := make([]byte, slotBase)
	copy(h, magic)
	binary.NativeEndian.PutUint32(h[offVersion:], version)
	binary.NativeEndian.PutUint32(h[offSlotSize:], slotSize)
	binary.NativeEndian.PutUint32(h[offSlots:], uint32(slots))
	pid := os.Getpid()
	self, _ := processOf(pid) // nothing where /proc is not mounted: the lock tells
	binary.NativeEndian.PutUint64(h[offPID:], uint64(pid))
	binary.NativeEndian.PutUint64(h[offStart:], self.start)
	return h
}

// Begin notes that the analyser of this slot (0 … slots−1, any other panics) takes
// up a file. It makes no system call and does not allocate; it costs two atomic
// stores and a copy of the path, 20 ns together with End.
func (j *Journal) Begin(slot int, path string) {
	if j == nil {
		return
	}
	s := &j.slots[slot]
	number := s.begun.Load() + 1<<numberAt
	s.begun.Store(number)
	n := copy(s.path[:], path)
	word := number | inFlight | uint64(n)
	if n < len(path) {
		word |= cut
	}
	s.word.Store(word)
}

// End notes that the analyser of this slot has ended with its file.
func (j *Journal) End(slot int) {
	if j == nil {
		return
	}
	s := &j.slots[slot]
	s.word.Store(s.begun.Load())
}

// Close removes the file: nothing is in flight any more. It comes after the last
// End; the journal must not be used afterwards.
func (j *Journal) Close() error {
	if j == nil || j.file == nil {
		return nil
	}
	if err := errors.Join(os.Remove(j.path), j.release()); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

// release gives back the mapping, the lock and the descriptor.
func (j *Journal) release() error {
	var err error
	if j.data != nil {
		err = unix.Munmap(j.data)
	}
	err = errors.Join(err, j.file.Close())
	j.file, j.data, j.slots = nil, nil, nil
	return err
}
