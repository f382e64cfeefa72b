package pipeline

import (
	"sync"
	"sync/atomic"
	"time"
)

// A batch is files that are handed over together.
type batch struct {
	files  []loaded
	shared bool         // its files are errands of their own; written by who shares, before any of them is done
	left   atomic.Int32 // errands of a shared batch that are not settled, the sharing included
}

// share makes each file an errand of its own, before the first of them is given
// away.
func (b *batch) share() {
	b.shared = true
	b.left.Store(int32(len(b.files)) + 1)
}

// settled says that an errand is settled, and tells whether the batch is done
// with. The errand that shares the batch counts as one more, since it may be
// settled after those that it made.
func (b *batch) settled(e errand) (done bool) {
	if e.file == whole && !b.shared {
		return true
	}
	return b.left.Add(-1) == 0
}

// A batcher gathers files into batches. There is one for all readers: each
// reader puts its file into the open batch, and the one that fills it sends it,
// so that a file crosses no goroutine but the channel. A batch of one is sent as
// it is, without a lock.
type batcher struct {
	out    chan<- errand // closed by close
	size   int
	linger time.Duration
	free   sync.Pool // of *batch

	mu     sync.Mutex // never held while sending
	open   *batch     // guarded by mu; nil or between one file and size−1
	opened time.Time  // guarded by mu; when the open batch got its first file

	due  *time.Timer // when the open batch has lingered; nil if batches never linger
	quit chan struct{}
	gone chan struct{} // closed when the lingering goroutine has ended
}

func newBatcher(out chan<- errand, size int, linger time.Duration) *batcher {
	if linger == 0 {
		size = 1 // a batch that may not wait is never joined by a second file
	}
	b := &batcher{out: out, size: size, linger: linger}
	b.free.New = func() any { return &batch{files: make([]loaded, 0, size)} }
	if size > 1 {
		b.due = time.NewTimer(linger)
		b.due.Stop()
		b.quit, b.gone = make(chan struct{}), make(chan struct{})
		go b.expire()
	}
	return b
}

// put adds a reader's file, and sends the batch if that filled it. It blocks while
// the channel is full, which is a declared wait.
func (b *batcher) put(r *run, d *desk, f loaded) {
	full := b.add(f)
	if full == nil {
		if r.budget.Waiting() > 0 { // somebody waits for what this file may give back
			d.watched.Set(waiting, r.now())
			b.flush()
		}
		return
	}
	select {
	case b.out <- errand{full, whole}:
	default:
		d.watched.Set(waiting, r.now())
		b.out <- errand{full, whole}
	}
}

// flush sends the open batch, however full it is: a reader that must wait for
// memory cannot leave files lying from which it might come back.
func (b *batcher) flush() {
	if b.size == 1 {
		return
	}
	b.mu.Lock()
	open := b.take()
	b.mu.Unlock()
	if open != nil {
		b.out <- errand{open, whole}
	}
}

// add returns the batch if the file filled it.
func (b *batcher) add(f loaded) *batch {
	if b.size == 1 {
		one := b.fresh()
		one.files = append(one.files, f)
		return one
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == nil {
		b.open = b.fresh()
		b.opened = time.Now()
		b.due.Reset(b.linger)
	}
	b.open.files = append(b.open.files, f)
	if len(b.open.files) < b.size {
		return nil
	}
	return b.take()
}

// take closes the open batch. It is called with mu held.
func (b *batcher) take() *batch {
	taken := b.open
	b.open = nil
	return taken
}

// expire sends batches that have lingered, until quit.
func (b *batcher) expire() {
	defer close(b.gone)
	for {
		select {
		case <-b.due.C:
			if late := b.lingered(); late != nil {
				b.out <- errand{late, whole}
			}
		case <-b.quit:
			return
		}
	}
}

// lingered returns the open batch if its time is up. The timer may have been set
// for one that was filled meanwhile; then it is set for the one that is open.
func (b *batcher) lingered() *batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == nil {
		return nil
	}
	if rest := b.linger - time.Since(b.opened); rest > 0 {
		b.due.Reset(rest)
		return nil
	}
	return b.take()
}

// close sends what is left and closes the channel, once no reader puts any more.
func (b *batcher) close() {
	if b.due != nil {
		close(b.quit)
		<-b.gone
		b.due.Stop()
	}
	if b.open != nil { // no lock: the readers and expire have ended
		b.out <- errand{b.open, whole}
	}
	close(b.out)
}

func (b *batcher) fresh() *batch { return b.free.Get().(*batch) }

// recycle takes back a batch whose files are all settled.
func (b *batcher) recycle(used *batch) {
	clear(used.files)
	used.files, used.shared = used.files[:0], false
	b.free.Put(used)
}
