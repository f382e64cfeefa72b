package pipeline

import (
	"errors"
	"io"
	"io/fs"
	"math/bits"
	"os"
	"sync"
	"time"

	"sluice/scanner/mapped"
	"sluice/scanner/pool"
	"sluice/scanner/source"
)

// loaded is a file that has been read and waits to be analysed.
type loaded struct {
	path   string
	class  string // language, for the estimate of its memory
	buffer *buffer
	cost   int64         // estimated resident bytes, taken from the budget
	taken  time.Duration // when a reader took it
	queued time.Duration // how long it then waited for the memory budget
	ready  time.Duration // when it had been read

	inFlight bool // counted as such, and holding its cost
	offered  bool // to the analysers, and counted as such
	settled  bool // in somebody's books
}

// read takes an item and reads its file. It is not ok if that settled the item:
// as skipped or failed.
func (r *run) read(d *desk, q queued) (f loaded, ok bool) {
	switch {
	case q.Skip != "":
		d.skip(q.Skip, r.now())
		return loaded{}, false
	case q.Err != nil:
		r.settle(d, q.Path, q.Err)
		return loaded{}, false
	case r.ctx.Err() != nil:
		d.cancelled(q.Path, r.ctx, r.now())
		return loaded{}, false
	}
	if err := r.permit(d, &d.reads, r.reads); err != nil {
		d.cancelled(q.Path, r.ctx, r.now())
		return loaded{}, false
	}
	return r.take(d, q)
}

// take reads the file of an item. What the file holds is given back if it goes no
// further, also where reading it ends the goroutine.
func (r *run) take(d *desk, q queued) (_ loaded, ok bool) {
	f := loaded{path: q.Path, taken: r.now(), inFlight: true}
	d.tally.Enter(1, 0)
	defer func() {
		if !ok {
			r.release(d, &f)
		}
	}()
	d.watched.Task(f.path)
	d.watched.Set(reading, f.taken)
	d.reading.Wait.Record(f.taken - q.at)
	skip, err := r.load(d, &f)
	f.ready = r.now()
	d.watched.Set(computing, f.ready)
	d.reading.Service.Record(f.ready - f.taken - f.queued)
	switch {
	case err != nil:
		d.reads.failed(err)
		r.settle(d, q.Path, err)
	case skip != "":
		d.skip(skip, f.ready)
	default:
		d.reads.done(r.reads, len(f.buffer.bytes), f.ready-f.taken-f.queued)
		return f, true
	}
	return loaded{}, false
}

// load reads a file into a buffer, within the memory budget, unless there is a
// reason to skip it.
func (r *run) load(d *desk, f *loaded) (skip string, err error) {
	defer func() {
		if _, panicked := errors.AsType[*pool.Panic](err); panicked {
			f.buffer = nil // not to be used again: what panicked may hold on to it
		}
	}()
	defer pool.Recover(&err)
	file, err := r.fsys.Open(f.path)
	if err != nil {
		if skip := r.irregular(f.path); skip != "" {
			return skip, nil
		}
		return "", err
	}
	defer file.Close() //nolint:errcheck // opened for reading: nothing is lost
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	size := info.Size()
	switch {
	case !info.Mode().IsRegular():
		return source.SkipIrregular, nil
	case size > r.opts.MaxFileBytes:
		return SkipTooLarge, nil
	}
	if err := r.afford(d, f, size); err != nil {
		return "", err
	}
	err = r.fetchBytes(d, f, file, size)
	if errors.Is(err, errTooLarge) {
		return SkipTooLarge, nil
	}
	return "", err
}

// afford takes what a file of that size is expected to need from the memory
// budget, in place of what it has taken before: whoever holds some must not wait
// for more. It is a declared wait where there is not enough.
func (r *run) afford(d *desk, f *loaded, size int64) error {
	d.tally.Leave(0, f.cost)
	r.budget.Release(f.cost)
	f.class, f.cost = r.opts.Class(f.path), 0
	cost := r.resident.Resident(f.class, size)
	if r.budget != nil {
		begin := r.now()
		d.watched.Set(waiting, begin)
		if r.budget.Waiting() > 0 || r.budget.InUse()+cost > r.budget.Size() {
			r.flush()
		}
		if err := r.budget.Acquire(r.ctx, cost); err != nil {
			return err
		}
		end := r.now()
		d.watched.Set(reading, end)
		f.queued += end - begin
		d.budget.Record(end - begin)
	}
	f.cost = cost
	d.tally.Enter(0, cost)
	return nil
}

// fetchBytes brings a file's bytes into a buffer.
func (r *run) fetchBytes(d *desk, f *loaded, file fs.File, size int64) error {
	f.buffer = r.buffers.get(int(size) + 1) // one more, so that the read that meets the end has room
	if real, ok := file.(*os.File); ok && r.opts.Reader == Mapped {
		bytes, err := mapped.Read(real, size, f.buffer.bytes)
		if err == nil {
			f.buffer.bytes = bytes
			return nil
		}
		if !errors.Is(err, mapped.ErrUnmappable) { // files of some file systems are not to be mapped, those of /proc for one
			if at, ok := errors.AsType[*fs.PathError](err); ok {
				at.Path = f.path // as others name it, from the root
			}
			return err
		}
	} else if r.opts.Reader == Mapped {
		r.unmapped.Store(true)
	}
	return r.fill(d, f, file, size)
}

// irregular is the reason to skip what could not be opened since it is no file:
// a socket, say, or a device without a driver.
func (r *run) irregular(path string) (skip string) {
	info, err := fs.Stat(r.fsys, path)
	if err == nil && !info.Mode().IsRegular() {
		return source.SkipIrregular
	}
	return ""
}

// errTooLarge says that a file turned out longer than it claimed to be.
var errTooLarge = errors.New("file exceeds the limit")

// A buffer holds one file.
type buffer struct{ bytes []byte }

// mostEmptyReads is how often in a row a reader may give neither bytes nor an
// error, as in package bufio.
const mostEmptyReads = 100

// fill reads a file to its end, whatever size it announced: files grow, and those
// of /proc announce nothing. What exceeds the size that is paid for is paid for
// before more is read.
func (r *run) fill(d *desk, f *loaded, file io.Reader, paid int64) error {
	b, limit := f.buffer, r.opts.MaxFileBytes
	b.bytes = b.bytes[:0]
	for empty := 0; empty < mostEmptyReads; {
		if have := int64(len(b.bytes)); have > paid {
			paid = min(2*have, limit)
			if err := r.afford(d, f, paid); err != nil {
				return err
			}
		}
		if len(b.bytes) == cap(b.bytes) {
			b.bytes = append(b.bytes, 0)[:len(b.bytes)]
		}
		room := min(int64(cap(b.bytes)), paid+1)
		n, err := file.Read(b.bytes[len(b.bytes):room])
		b.bytes = b.bytes[:len(b.bytes)+n]
		if empty++; n > 0 {
			empty = 0
		}
		if int64(len(b.bytes)) > limit {
			return errTooLarge
		}
		if err == io.EOF { //nolint:errorlint // io.Reader promises the bare io.EOF
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// buffers lends buffers. The zero value is ready.
type buffers struct{ pool sync.Pool }

// Buffers between these sizes are used again. A giant's buffer is left to the
// garbage collector: kept, it would be held for files a thousandth of its size.
const (
	leastBuffer   = 4 << 10
	largestBuffer = 1 << 20
)

// get returns a buffer with room for size bytes, rounded up to a power of two
// so that the next file is likely to fit.
func (p *buffers) get(size int) *buffer {
	b, ok := p.pool.Get().(*buffer)
	if !ok {
		b = new(buffer)
	}
	if cap(b.bytes) < size {
		room := size
		if size <= largestBuffer {
			room = max(leastBuffer, 1<<bits.Len(uint(size-1)))
		}
		b.bytes = make([]byte, 0, room)
	}
	return b
}

func (p *buffers) put(b *buffer) {
	if b != nil && cap(b.bytes) <= largestBuffer {
		p.pool.Put(b)
	}
}

// reasonOf classifies an error of opening or reading.
func reasonOf(err error) string {
	switch _, panicked := errors.AsType[*pool.Panic](err); {
	case panicked, errors.Is(err, pool.ErrGoexit):
		return Panicked
	case errors.Is(err, fs.ErrNotExist):
		return Missing
	case errors.Is(err, fs.ErrPermission):
		return Denied
	default:
		return Unreadable
	}
}
