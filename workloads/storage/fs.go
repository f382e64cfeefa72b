package storage

import (
	"io/fs"
	"time"
)

// FS is a file system seen through a storage profile. It implements fs.FS,
// fs.StatFS, fs.ReadDirFS and fs.ReadLinkFS; all but Open pass straight through.
// Safe for concurrent use where the base is.
type FS struct {
	base    fs.FS
	profile Profile
	seed    uint64
	block   int

	clock clock // nil: nothing to wait for
	link  link
	meter *meter
}

// New lays profile p over base. Seed and block choose the latencies. A profile
// without latency and link, such as local, makes a pass-through: its Open is
// the base's and a nil check, and it holds no descriptor. Close releases the
// timers of the others.
func New(base fs.FS, p Profile, seed uint64, block int) *FS {
	if p.instant() {
		return &FS{base: base, profile: p}
	}
	return newFS(base, p, seed, block, newTimerfds())
}

// newFS is New with a clock of the caller's choice.
func newFS(base fs.FS, p Profile, seed uint64, block int, c clock) *FS {
	return &FS{
		base:    base,
		profile: p,
		seed:    seed,
		block:   block,
		clock:   c,
		link:    link{bytesPerSec: p.LinkBytesPerSec},
		meter:   newMeter(),
	}
}

// Open opens the file and, if it is a regular one, returns when its simulated
// latency and transfer are over; the time that the base takes counts towards
// them. The file is the base's own. After Close it returns fs.ErrClosed.
func (f *FS) Open(name string) (fs.File, error) {
	if f.clock == nil {
		return f.base.Open(name)
	}
	begun := f.clock.now()
	file, err := f.base.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		return file, nil // walking costs nothing extra
	}
	if err == nil {
		err = f.serve(name, begun, info.Size())
	}
	if err != nil {
		_ = file.Close() // nothing was read, the first fault is the one to tell
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return file, nil
}

// serve waits out the latency and the transfer of a file of that size whose
// open began at begun.
func (f *FS) serve(name string, begun time.Duration, size int64) error {
	latency := f.profile.Latency(f.seed, f.block, name)
	arrives := begun + latency
	transfer := f.link.announce(arrives, size)
	if err := f.clock.wait(transfer.soonest()); err != nil { // one wait where the link is free
		return err
	}
	ends := f.link.settle(transfer)
	if ends > transfer.soonest() {
		if err := f.clock.wait(ends); err != nil {
			return err
		}
	}
	f.meter.record(latency, ends-arrives, f.clock.now()-ends)
	return nil
}

// Stat passes through to the base.
func (f *FS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.base, name) }

// ReadDir passes through to the base.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.base, name) }

// ReadLink passes through to the base.
func (f *FS) ReadLink(name string) (string, error) { return fs.ReadLink(f.base, name) }

// Lstat passes through to the base.
func (f *FS) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(f.base, name) }

// Achieved tells what the opens so far have met. It is zero for a pass-through,
// which waits for nothing and counts nothing.
func (f *FS) Achieved() Achieved {
	if f.meter == nil {
		return Achieved{}
	}
	return f.meter.achieved()
}

// Close wakes every Open that waits, with fs.ErrClosed, and releases the
// timers. Files that were handed out stay usable.
func (f *FS) Close() error {
	if f.clock == nil {
		return nil
	}
	return f.clock.close()
}
