// Package mapped reads files through a mapping: the kernel's pages are copied
// into the caller's buffer without a read.
//
// Pages of a file that is truncated while it is mapped vanish, and whoever
// touches one gets a SIGBUS. So the bytes are copied under a guard that turns
// the signal into an error, and nothing but the copy leaves the package. To hand
// the mapping itself to a parser would save the copy and cost the process: in C
// code Go can not recover from the signal, and a file that someone saves at the
// wrong moment would end the scan.
package mapped

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

var (
	// ErrTruncated says that the file shrank between the moment its size was taken
	// and the end of the copy.
	ErrTruncated = errors.New("the file shrank while it was read")

	// ErrChanged says that the file grew or was written to between the moment its
	// size was taken and the end of the copy. The bytes would be of no one moment.
	ErrChanged = errors.New("the file changed while it was read")

	// ErrUnmappable says that there is nothing to map, or no leave: the file is not
	// regular, announces no size though it has content, as those of /proc do, or
	// lies on a file system that maps none. An ordinary read may well succeed.
	ErrUnmappable = errors.New("the file can not be mapped; use io.reader: read")
)

// Read copies the whole of f, of the given size, into buffer, from its start and
// whatever f's offset is; it returns the filled part of buffer, or of a larger
// one where buffer has no room. The size is the one that a Stat of the caller's
// found and held against its limits: no more is mapped or allocated.
//
// What it returns is what an ordinary read would find, the bytes of a file that
// stood still. If f changed since its size was taken, the error is [ErrTruncated]
// or [ErrChanged]; if it can not be mapped, [ErrUnmappable]; a page that the disk
// did not yield is EIO. With an error come no bytes, yet the buffer, to be used
// again. A change is noticed by size and times: a write within one tick of the
// kernel's clock (4 ms at worst, before Linux 6.13) after another one may go
// unnoticed, as it would be by read; a file that is shorter at the end never does.
//
// Read costs four system calls and the building and tearing down of page tables:
// of a warm file, 8 µs where read takes 1 µs for 1 KB or 10 KB, and 1.5 to 4 times
// read's time for 1 MB and more (BenchmarkRead, two cores, others at work). It
// allocates nothing if buffer has room. It is safe for concurrent use, on the
// same file too.
func Read(f *os.File, size int64, buffer []byte) ([]byte, error) {
	filled, err := read(f, size, buffer, copyGuarded)
	if err != nil {
		return buffer[:0], &os.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	return filled, nil
}

// A copier copies src, a mapping, to dst, of the same length. It returns
// errFault if a page of src can not be had.
type copier func(dst, src []byte) error

// read holds the descriptor open while it works: a Close meanwhile would
// otherwise leave its number to another file.
func read(f *os.File, size int64, buffer []byte, duplicate copier) (filled []byte, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	closed := conn.Control(func(fd uintptr) {
		filled, err = readDescriptor(int(fd), size, buffer, duplicate)
	})
	if closed != nil {
		return nil, os.ErrClosed // the only reason not to be called; the error given is the runtime's own
	}
	return filled, err
}

func readDescriptor(fd int, size int64, buffer []byte, duplicate copier) ([]byte, error) {
	var before, after unix.Stat_t
	if err := unix.Fstat(fd, &before); err != nil {
		return nil, err
	}
	switch {
	case before.Mode&unix.S_IFMT != unix.S_IFREG:
		return nil, ErrUnmappable
	case before.Size != size:
		return nil, sizeChanged(size, before.Size)
	case size == 0:
		return buffer[:0], confirmEmpty(fd)
	}
	if int64(cap(buffer)) < size {
		buffer = make([]byte, size)
	}
	buffer = buffer[:size]
	copied := copyMapping(fd, buffer, duplicate)
	if copied != nil && !errors.Is(copied, errFault) {
		return nil, copied
	}
	if err := unix.Fstat(fd, &after); err != nil {
		return nil, err
	}
	switch {
	case after.Size != size:
		return nil, sizeChanged(size, after.Size)
	case after.Mtim != before.Mtim:
		return nil, ErrChanged
	case copied != nil: // the file stands still, so the fault was the disk's
		return nil, fmt.Errorf("%w: %w", copied, unix.EIO)
	}
	return buffer, nil
}

func sizeChanged(was, is int64) error {
	kind := ErrChanged
	if is < was {
		kind = ErrTruncated
	}
	return fmt.Errorf("%w (it was %d bytes, is now %d)", kind, was, is)
}

// confirmEmpty tells an empty file from one that announces no size.
func confirmEmpty(fd int) error {
	var b [1]byte
	n, err := unix.Pread(fd, b[:], 0)
	switch {
	case err == unix.EINTR: //nolint:errorlint // a system call returns the bare number
		return confirmEmpty(fd)
	case err != nil:
		return err
	case n > 0:
		return ErrUnmappable
	}
	return nil
}

// copyMapping maps the first len(dst) bytes of a file and copies them.
//
// The mapping is private: nothing is written, so it shares the page cache's
// pages just as a shared one does, but file systems that refuse to share (FUSE
// with direct I/O) allow it. Neither kind is protected from truncation.
//
// It is populated at once, not for speed: warm, BenchmarkRead found neither that
// nor MADV_SEQUENTIAL nor plain faults ahead at every size. But pages that are
// not in memory are then waited for within a system call, where the scheduler
// gives the processor to another goroutine; a page fault looks to it like work.
func copyMapping(fd int, dst []byte, duplicate copier) error {
	at, err := unix.MmapPtr(fd, 0, nil, uintptr(len(dst)), unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_POPULATE)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnmappable, err)
	}
	defer unix.MunmapPtr(at, uintptr(len(dst))) //nolint:errcheck // fails only for what is no mapping
	return duplicate(dst, unsafe.Slice((*byte)(at), len(dst)))
}
