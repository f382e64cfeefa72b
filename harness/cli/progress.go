package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"sluice/harness/lab"
	"sluice/harness/unit"
	"sluice/scanner"
)

// progress tells how far a long command is: a bar with an estimate on a
// terminal, a line every ten seconds elsewhere, nothing when quiet. Nothing is
// drawn more often than twice a second, and never from a goroutine of its own
// while a trial runs elsewhere than on a terminal.
type progress struct {
	w      io.Writer
	quiet  bool
	metric string // of a trial, shown when it ends
	unit   string // what is counted: "trials"
	bars   *mpb.Progress
	bar    *mpb.Bar
	label  string

	mu       sync.Mutex // guards what follows; trials end on another goroutine than bars draw
	began    time.Time
	done     int
	total    int
	expectS  float64
	lastLine time.Time
	status   string
}

const (
	redrawEvery = 500 * time.Millisecond
	lineEvery   = 10 * time.Second
)

func newProgress(w io.Writer, quiet bool, metric string) *progress {
	p := &progress{w: w, quiet: quiet, metric: metric, unit: "trials", lastLine: time.Now()}
	if !quiet && terminal(w) {
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithRefreshRate(redrawEvery), mpb.WithWidth(40))
	}
	return p
}

// phase begins a phase of so many trials that should take expectS seconds; 0 where
// nobody can tell beforehand.
func (p *progress) phase(label string, trials int, expectS float64) {
	if p.quiet {
		return
	}
	p.finish()
	p.mu.Lock()
	p.label, p.began, p.done, p.total, p.expectS, p.status = label, time.Now(), 0, trials, expectS, ""
	p.lastLine = time.Now()
	p.mu.Unlock() // the bars' own goroutine asks for the tail while a bar is made
	if p.bars == nil {
		about := ""
		if expectS > 0 {
			about = ", about " + unit.Time(expectS)
		}
		fmt.Fprintf(p.w, "%s: %d %s%s\n", label, trials, p.unit, about)
		return
	}
	// A bar that is made with a total completes only when it is reached; a phase
	// may end early, so the total is set afterwards, and again at the end.
	p.bar = p.bars.New(0, mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─"),
		mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-22s", label)), decor.CountersNoUnit("%3d/%-3d ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return p.tail() })),
	)
	p.bar.SetTotal(int64(trials), false)
}

// trial counts a finished trial.
func (p *progress) trial(e lab.Event) {
	p.step(fmt.Sprintf("%s %s", e.Trial.Arm, unit.Format(p.metric, e.Trial.Metrics[p.metric])))
}

// step counts one of what is counted, of which status is said.
func (p *progress) step(status string) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	p.done++
	p.total = max(p.total, p.done)
	p.status = status
	due := p.bars == nil && time.Since(p.lastLine) >= lineEvery
	if due {
		p.lastLine = time.Now()
	}
	p.mu.Unlock()
	if p.bar != nil {
		p.bar.SetTotal(int64(p.total), false)
		p.bar.Increment()
	}
	if due {
		fmt.Fprintf(p.w, "%s: %d of %d %s, %s\n", p.label, p.done, p.total, p.unit, strings.TrimSpace(p.tail()))
	}
}

// tail is the remaining time and the last trial. The estimate begins with what
// was expected and learns from the trials of the phase.
func (p *progress) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.expectS
	if p.done > 0 {
		left = time.Since(p.began).Seconds() / float64(p.done) * float64(p.total-p.done)
	}
	if p.total == p.done {
		return " done"
	}
	return fmt.Sprintf(" %s left  %s", unit.Time(left), p.status)
}

// finish closes the current bar.
func (p *progress) finish() {
	if p.bar != nil {
		p.bar.SetTotal(int64(p.done), true)
		p.bar = nil
	}
}

// stop ends all drawing.
func (p *progress) stop() {
	p.finish()
	if p.bars != nil {
		p.bars.Wait()
		p.bars = nil
	}
}

// scanProgress shows a scan of unknown length after its first two seconds.
type scanProgress struct {
	w        io.Writer
	tty      bool
	quiet    bool
	lastLine time.Time
	shown    bool
}

func (f *scanFlags) progress(s *streams) *scanProgress {
	return &scanProgress{w: s.err, tty: terminal(s.err), quiet: f.quiet, lastLine: time.Now()}
}

// scan is called at most twice a second, from one goroutine.
func (p *scanProgress) scan(at scanner.Progress) {
	if p.quiet || at.Elapsed < 2*time.Second {
		return
	}
	line := fmt.Sprintf("%d of %d files, %s, %s", at.Done, at.Discovered, unit.Bytes(at.Bytes), unit.Time(at.Elapsed.Seconds()))
	switch {
	case p.tty:
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
		p.shown = true
	case time.Since(p.lastLine) >= lineEvery:
		p.lastLine = time.Now()
		fmt.Fprintln(p.w, line)
	}
}

// stop clears the line.
func (p *scanProgress) stop() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
