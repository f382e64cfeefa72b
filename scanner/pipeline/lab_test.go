package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"
)

// A lab makes analysers and remembers them. What a file does to its analyser is
// written in it: "panic", "error", "binary", "grow"; anything else is found.
type lab struct {
	takes time.Duration                   // per analysis, in virtual time
	draws func(path string) time.Duration // in place of takes; nil: takes

	mu     sync.Mutex
	made   []*fake // guarded by mu
	busy   atomic.Int32
	most   atomic.Int32
	begun  chan struct{} // receives one for each analysis begun, if not nil
	refuse bool          // what has panicked panics again when closed
}

func (l *lab) analyser() Analyser {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := &fake{lab: l}
	l.made = append(l.made, f)
	return f
}

// found is what all analysers found, sorted.
func (l *lab) found() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, f := range l.made {
		all = append(all, f.found...)
	}
	slices.Sort(all)
	return all
}

type fake struct {
	lab    *lab
	found  []string
	broken bool
	closed bool
	inside atomic.Bool
}

func (f *fake) Analyse(path string, src []byte) (Verdict, error) {
	if f.broken || f.closed || f.inside.Swap(true) {
		panic("an analyser is shared, or used again after a panic")
	}
	defer f.inside.Store(false)
	raise(&f.lab.most, f.lab.busy.Add(1))
	defer f.lab.busy.Add(-1)
	if f.lab.begun != nil {
		f.lab.begun <- struct{}{}
	}
	takes := f.lab.takes
	if f.lab.draws != nil {
		takes = f.lab.draws(path)
	}
	if takes > 0 {
		<-time.After(takes)
	}
	switch text := string(src); {
	case strings.HasPrefix(text, "panic"):
		f.broken = true
		panic("broken by " + path)
	case strings.HasPrefix(text, "error"):
		return Verdict{}, errors.New("cannot analyse " + path)
	case strings.HasPrefix(text, "binary"):
		return Verdict{Skip: "binary"}, nil
	default:
		f.found = append(f.found, path+"="+text)
		return Verdict{Language: "lang" + path[len(path)-1:]}, nil
	}
}

func (f *fake) Close() {
	if f.closed {
		panic("closed twice")
	}
	f.closed = true
	if f.lab.refuse && f.broken {
		panic("does not close")
	}
}

func raise(most *atomic.Int32, now int32) {
	for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
	}
}

// A disk is a file system with so many lanes, each of which takes a while to open a file.
type disk struct {
	fs.FS
	lanes chan struct{} // nil: as many as asked for
	takes time.Duration
	draws func(path string) time.Duration // in place of takes; nil: takes
	busy  atomic.Int32
	most  atomic.Int32
}

func newDisk(files fs.FS, lanes int, takes time.Duration) *disk {
	d := &disk{FS: files, takes: takes}
	if lanes > 0 {
		d.lanes = make(chan struct{}, lanes)
	}
	return d
}

func (d *disk) Open(name string) (fs.File, error) {
	raise(&d.most, d.busy.Add(1))
	defer d.busy.Add(-1)
	if d.lanes != nil {
		d.lanes <- struct{}{}
		defer func() { <-d.lanes }()
	}
	takes := d.takes
	if d.draws != nil {
		takes = d.draws(name)
	}
	if takes > 0 {
		<-time.After(takes)
	}
	switch {
	case strings.HasPrefix(name, "denied"):
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	case strings.HasPrefix(name, "broken"):
		panic("the disk is broken")
	}
	file, err := d.FS.Open(name)
	if strings.HasPrefix(name, "growing") {
		file = growing{file}
	}
	if strings.HasPrefix(name, "faulty") {
		file = faulty{file}
	}
	return file, err
}

// growing is longer than it says, faulty cannot be read.
type (
	growing struct{ fs.File }
	faulty  struct{ fs.File }
)

func (growing) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("x"), 4096)), nil }
func (faulty) Read([]byte) (int, error)    { return 0, io.ErrUnexpectedEOF }

func plain(n int) (fstest.MapFS, []string) {
	files, paths := fstest.MapFS{}, make([]string, n)
	for i := range n {
		paths[i] = fmt.Sprintf("f%05d", i)
		files[paths[i]] = &fstest.MapFile{Data: fmt.Appendf(nil, "text %d", i)}
	}
	return files, paths
}

func options(l *lab) Options {
	return Options{Readers: 2, Analysers: 2, Scheduler: Queue, Buffer: 10, Batch: 1, Linger: time.Millisecond, MaxFileBytes: 1 << 10, New: l.analyser}
}

// schedulers is all that Options knows.
var schedulers = []string{Queue, Steal, PerFile, Threads, Inline}

func sum(counts map[string]int64) (n int64) {
	for c := range maps.Values(counts) {
		n += c
	}
	return n
}

func withCause(t *testing.T) (context.Context, context.CancelCauseFunc) {
	t.Helper()
	return context.WithCancelCause(t.Context())
}

func addsUp(t *testing.T, a Account) {
	t.Helper()
	if settled := a.Scanned + sum(a.Skipped) + sum(a.Failed); settled != a.Discovered {
		t.Errorf("%d files are settled, %d were discovered", settled, a.Discovered)
	}
}
