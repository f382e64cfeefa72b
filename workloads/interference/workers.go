package interference

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"sluice/workloads/internal/seeded"
)

// piece is what is copied, written or read between two looks at the clock: some
// 0.2 ms of memory's time.
const piece = 1 << 20

// syncEvery is how many bytes the scribe writes before it syncs them. A sync that
// has begun cannot be called back, so it is little.
const syncEvery = 1 << 20

// computer takes processor time and nothing else.
type computer struct {
	next int64
	sum  uint64 // kept, so that the work is not left out
}

func (c *computer) busy(ctx context.Context, now func() time.Duration, until time.Duration) error {
	for now() < until {
		sum, done := loops(ctx, c.next, c.next+chunk)
		c.next, c.sum = c.next+chunk, c.sum+sum
		if !done {
			break
		}
	}
	return nil
}

func (c *computer) settle(*Account) error { return nil }

// copier streams one half of a buffer into the other, to and fro.
type copier struct {
	buffer []byte
	at     int
	copied int64
}

func newCopier(bytes int64) (*copier, error) {
	buffer, err := touch(bytes)
	return &copier{buffer: buffer}, err
}

func (c *copier) busy(ctx context.Context, now func() time.Duration, until time.Duration) error {
	half := len(c.buffer) / 2
	for now() < until && ctx.Err() == nil {
		end := min(c.at+piece/2, half)
		c.copied += int64(copy(c.buffer[half+c.at:half+end], c.buffer[c.at:end]))
		if c.at = end; c.at == half {
			c.at = 0
		}
	}
	return nil
}

func (c *copier) settle(a *Account) error {
	a.MemoryBytes += c.copied
	if c.buffer == nil {
		return nil
	}
	return unix.Munmap(c.buffer)
}

// scribe fills a scratch file, syncing as it goes, then reads it back from the
// storage, and begins again.
type scribe struct {
	file          *os.File
	size, at      int64
	reading       bool
	dirty         int64
	buffer        []byte
	written, read int64
}

// newScribe takes the file's name away at once, so that no end of this process,
// however sudden, leaves it there.
func newScribe(folder string, size int64) (*scribe, error) {
	file, err := os.CreateTemp(folder, ".interference-")
	if err != nil {
		return nil, fmt.Errorf("make a scratch file in %s: %w (name a folder that can be written in)", folder, err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("take the scratch file's name away: %w", err), file.Close())
	}
	buffer := make([]byte, piece)
	for at := 0; at < piece; at += 8 { // not zeroes, which some storage does not keep
		binary.LittleEndian.PutUint64(buffer[at:], seeded.Mix(uint64(at)))
	}
	return &scribe{file: file, size: size, buffer: buffer}, nil
}

func (s *scribe) busy(ctx context.Context, now func() time.Duration, until time.Duration) error {
	for now() < until && ctx.Err() == nil {
		var err error
		if s.reading {
			err = s.readPiece()
		} else {
			err = s.writePiece()
		}
		if err != nil {
			return fmt.Errorf("scratch file of %d bytes: %w", s.size, err)
		}
	}
	return nil
}

func (s *scribe) writePiece() error {
	n, err := s.file.WriteAt(s.buffer[:min(piece, s.size-s.at)], s.at)
	s.at, s.dirty, s.written = s.at+int64(n), s.dirty+int64(n), s.written+int64(n)
	if err != nil {
		return err
	}
	if s.dirty < syncEvery && s.at < s.size {
		return nil
	}
	s.dirty = 0
	if err := unix.Fdatasync(int(s.file.Fd())); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	if s.at == s.size {
		s.turn(true)
	}
	return nil
}

func (s *scribe) readPiece() error {
	n, err := s.file.ReadAt(s.buffer[:min(piece, s.size-s.at)], s.at)
	s.at, s.read = s.at+int64(n), s.read+int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if s.at == s.size || n == 0 {
		s.turn(false)
	}
	return nil
}

// turn goes back to the start, to read what the page cache was asked to forget,
// or to write.
func (s *scribe) turn(reading bool) {
	s.at, s.reading = 0, reading
	_ = unix.Fadvise(int(s.file.Fd()), 0, 0, unix.FADV_DONTNEED) // advice: memory file systems have nothing else to read from
}

func (s *scribe) settle(a *Account) error {
	a.DiskWrittenBytes += s.written
	a.DiskReadBytes += s.read
	return s.file.Close()
}
