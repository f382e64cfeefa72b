package pipeline

import (
	"errors"
	"time"

	"sluice/scanner/pool"
)

// A seat is where files are analysed, one at a time.
type seat struct {
	index    int // in the journal
	analyser Analyser
	fresh    func() Analyser
}

// analyse settles a file that has been read, and gives back what it holds.
func (r *run) analyse(d *desk, s *seat, f *loaded) {
	if f.offered {
		r.handOver.begin(f, r.now())
		defer func() { r.handOver.end(r.now()) }()
	}
	if r.opts.Scheduler != Inline { // whose readers are bounded by what they have in hand
		d.reads.giveBack() // of who read the file himself
	}
	defer d.analyses.giveBack()
	limited := r.permit(d, &d.analyses, r.analyses)
	begin := r.now()
	defer func() {
		if !f.settled { // the analyser ended the goroutine: as unfit as after a panic
			_ = s.replace()
		}
		r.release(d, f)
	}()
	if limited != nil || r.ctx.Err() != nil {
		f.settled = true
		d.cancelled(f.path, r.ctx, begin)
		return
	}
	d.watched.Task(f.path)
	d.watched.Set(computing, begin)
	verdict, err := s.attempt(f, r.opts.Journal)
	end := r.now()
	if err == nil {
		d.analyses.done(r.analyses, len(f.buffer.bytes), end-begin)
	}
	d.watched.Set(idle, end)
	d.analysing.Wait.Record(begin - f.ready)
	d.analysing.Service.Record(end - begin)
	d.service.Record(f.ready - f.taken - f.queued + end - begin)
	d.sojourn.Record(end - f.taken)
	d.costs.Record(int64(len(f.buffer.bytes)), verdict.Tree, end-begin)
	r.book(d, s, f, verdict, err, end)
}

// book settles a file that was analysed.
func (r *run) book(d *desk, s *seat, f *loaded, verdict Verdict, err error, end time.Duration) {
	f.settled = true
	bytes := int64(len(f.buffer.bytes))
	p, panicked := errors.AsType[*pool.Panic](err)
	switch {
	case panicked:
		f.buffer = nil // not to be used again: what panicked may hold on to it
		d.fail(f.path, Panicked, detail(p), end)
		_ = s.replace()
	case r.ctx.Err() != nil && errors.Is(err, ErrInterrupted):
		d.cancelled(f.path, r.ctx, end)
	case err != nil:
		d.fail(f.path, Unanalysed, err.Error(), end)
	case verdict.Skip != "":
		d.skip(verdict.Skip, end)
		d.result(end)
	default:
		r.resident.Learn(f.class, bytes, verdict.Tree)
		d.tree = max(d.tree, verdict.Tree)
		d.scan(verdict.Language, bytes, end)
		d.result(end)
	}
}

// release gives back what a file holds: its buffer, its share of the memory
// budget, its place among the files in flight.
func (r *run) release(d *desk, f *loaded) {
	if !f.inFlight {
		return
	}
	f.inFlight = false
	r.buffers.put(f.buffer)
	f.buffer = nil
	d.tally.Leave(1, f.cost) // before another file can enter in its place
	r.budget.Release(f.cost)
}

// abandon settles a file that was handed over and that nobody settled.
func (r *run) abandon(d *desk, f *loaded, err error) {
	if err == nil || f.settled {
		return
	}
	f.settled = true
	r.handOver.abandon(f, r.now())
	r.release(d, f)
	r.settle(d, f.path, err)
}

// attempt analyses, with the file's name in the journal while it lasts.
func (s *seat) attempt(f *loaded, j Journal) (v Verdict, err error) {
	defer pool.Recover(&err)
	if j != nil {
		j.Begin(s.index, f.path)
		defer j.End(s.index)
	}
	return s.analyser.Analyse(f.path, f.buffer.bytes)
}

// replace makes a new analyser and closes the old one: a panic may have left it
// in a state in which it would fail on sound files, or worse, find something else
// in them. Should the making panic, the old one stays and fails file by file;
// should the closing, memory is lost. Neither is another failure: the file has
// failed already.
func (s *seat) replace() (err error) {
	defer pool.Recover(&err)
	old := s.analyser
	s.analyser = s.fresh()
	old.Close()
	return nil
}
