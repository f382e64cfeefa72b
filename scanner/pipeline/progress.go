package pipeline

import "time"

// watch reports progress from a goroutine of its own until the returned function
// is called, which waits for it. The counters that it reads belong to the desks,
// each written by one worker: watching costs the workers nothing.
func (r *run) watch() (stop func()) {
	if r.opts.Progress == nil {
		return func() {}
	}
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				r.opts.Progress(r.progress())
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-gone
	}
}

// progress counts what is settled before what is discovered, so that Done never
// exceeds Discovered.
func (r *run) progress() Progress {
	p := Progress{Elapsed: r.now(), Walked: r.walked.Load()}
	for _, d := range r.desks {
		p.Done += d.done.Load()
		p.Bytes += d.bytes.Load()
	}
	p.Discovered = r.discovered.Load()
	return p
}
