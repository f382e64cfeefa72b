package pipeline

import (
	"errors"

	"sluice/scanner/pool"
)

// A seat is where files are analysed, one at a time.
type seat struct {
	analyser Analyser
	fresh    func() Analyser
}

// analyse settles a file that has been read, and gives its buffer back.
func (r *run) analyse(d *desk, s *seat, f *loaded) {
	begin := r.now()
	if r.ctx.Err() != nil {
		r.buffers.put(f.buffer)
		d.cancelled(f.path, r.ctx, begin)
		return
	}
	verdict, err := s.attempt(f)
	end := r.now()
	d.analysing.Wait.Record(begin - f.ready)
	d.analysing.Service.Record(end - begin)
	d.service.Record(f.ready - f.taken + end - begin)
	d.sojourn.Record(end - f.taken)

	if p, ok := errors.AsType[*pool.Panic](err); ok {
		// The buffer is not given back: what panicked may hold on to it.
		d.fail(f.path, Panicked, detail(p), end)
		_ = s.replace()
		return
	}
	bytes := int64(len(f.buffer.bytes))
	r.buffers.put(f.buffer)
	switch {
	case err != nil:
		d.fail(f.path, Unanalysed, err.Error(), end)
	case verdict.Skip != "":
		d.skip(verdict.Skip, end)
		d.result(end)
	default:
		d.scan(verdict.Language, bytes, end)
		d.result(end)
	}
}

func (s *seat) attempt(f *loaded) (v Verdict, err error) {
	defer pool.Recover(&err)
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
