package pipeline

import (
	"errors"
	"io"
	"io/fs"
	"math/bits"
	"sync"
	"time"

	"sluice/scanner/pool"
	"sluice/scanner/source"
)

// loaded is a file that has been read and waits to be analysed.
type loaded struct {
	path   string
	buffer *buffer
	taken  time.Duration // when a reader took it
	ready  time.Duration // when it had been read
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
	f = loaded{path: q.Path, taken: r.now()}
	d.reading.Wait.Record(f.taken - q.at)
	buffer, skip, err := r.load(q.Path)
	f.buffer, f.ready = buffer, r.now()
	d.reading.Service.Record(f.ready - f.taken)
	switch {
	case err != nil:
		r.settle(d, q.Path, err)
		return loaded{}, false
	case skip != "":
		d.skip(skip, f.ready)
		return loaded{}, false
	}
	return f, true
}

// load reads a file into a buffer, unless there is a reason to skip it.
func (r *run) load(path string) (b *buffer, skip string, err error) {
	defer pool.Recover(&err)
	file, err := r.fsys.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer file.Close() //nolint:errcheck // opened for reading: nothing is lost
	info, err := file.Stat()
	if err != nil {
		return nil, "", err
	}
	size := info.Size()
	switch {
	case !info.Mode().IsRegular():
		return nil, source.SkipIrregular, nil
	case size > r.opts.MaxFileBytes:
		return nil, SkipTooLarge, nil
	}
	b = r.buffers.get(int(size) + 1) // one more, so that the read that meets the end has room
	if err := b.fill(file, r.opts.MaxFileBytes); err != nil {
		r.buffers.put(b)
		if errors.Is(err, errTooLarge) {
			return nil, SkipTooLarge, nil
		}
		return nil, "", err
	}
	return b, "", nil
}

// errTooLarge says that a file turned out longer than it claimed to be.
var errTooLarge = errors.New("file exceeds the limit")

// A buffer holds one file.
type buffer struct{ bytes []byte }

// fill reads r to its end, whatever size was announced: files grow, and those of
// /proc announce nothing.
func (b *buffer) fill(r io.Reader, limit int64) error {
	b.bytes = b.bytes[:0]
	for {
		if len(b.bytes) == cap(b.bytes) {
			b.bytes = append(b.bytes, 0)[:len(b.bytes)]
		}
		n, err := r.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
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
	case panicked:
		return Panicked
	case errors.Is(err, fs.ErrNotExist):
		return Missing
	case errors.Is(err, fs.ErrPermission):
		return Denied
	default:
		return Unreadable
	}
}
