package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"sluice/scanner/observe"
	"sluice/scanner/pool"
)

// SkipTooLarge is the reason for which the pipeline skips a file; others come
// from the source and the analyser.
const SkipTooLarge = "too-large"

// The reasons for which files fail.
const (
	Missing    = "missing"    // it does not exist, any more perhaps
	Denied     = "permission" // it may not be read
	Unreadable = "read"       // reading it ended in another error
	Panicked   = "panic"      // the analyser, or a reader, panicked; the detail has the stack
	Unanalysed = "analysis"   // the analyser returned an error
	Cancelled  = "cancelled"  // the scan ended while the file was under way
)

// Account says what became of the files of a source. Scanned, the sum of
// Skipped and the sum of Failed add up to Discovered, always.
type Account struct {
	Discovered int64
	Scanned    int64
	Bytes      int64            // in scanned files
	Skipped    map[string]int64 // reason to files
	Failed     map[string]int64 // reason to files
	Languages  map[string]int64 // language to scanned files
	Failures   []Failure        // sorted by path, then reason

	Wall        time.Duration // from the workers' readiness to the last result
	FirstResult time.Duration // to the first scanned or analysed file; 0 if there was none

	Sojourn       observe.Quantiles // of files that were analysed: from reader to result
	Service       observe.Quantiles // of the same files: reading plus analysis, without the waiting between
	InServiceMean float64           // files in service on average: by Little's law the sum of all service over Wall
	Stations      []observe.Station // read, analyse

	Limiters []Limited // of the stations that have one

	BudgetWait    observe.Quantiles  // for the memory budget; of every file where there is one
	TreePeakBytes int64              // the largest parse tree, as its analyser says
	CostBySize    []observe.SizeCost // what analysis took
	Watch         observe.Summary    // files in flight, and workers that did what they should not
	Warnings      []string           // what of the options could not be done as meant

	// Stuck says that workers of a stalled run could not be ended and go on, in a
	// run with FailStalled. Nothing else of the account is filled in but Discovered
	// and Watch, and what the workers use must not be freed.
	Stuck bool
}

// Failure is one file that was neither scanned nor skipped.
type Failure struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
	Detail string `json:"detail"` // the error; after a panic its value and stack
}

// A desk is where one worker keeps its books: what it settled, how long it took.
// One goroutine writes at a time; the counters may be read meanwhile.
type desk struct {
	done  atomic.Int64 // settled
	bytes atomic.Int64 // in scanned files

	tally observe.Tally // files in flight, and their estimated bytes

	watched *observe.Watched // what the worker is doing

	reads, analyses pass // the permits that it holds

	scanned   int64
	skipped   map[string]int64
	failed    map[string]int64
	languages map[string]int64
	failures  []Failure
	first     time.Duration // the first result; 0 if there was none
	last      time.Duration // the last settlement
	tree      int64         // the largest parse tree, bytes

	// Recorders; nil where a desk's worker does not read, or not analyse.
	reading, analysing observe.Probe
	sojourn, service   *observe.Recorder
	budget             *observe.Recorder
	costs              *observe.Ledger
}

func (d *desk) scan(language string, bytes int64, at time.Duration) {
	d.scanned++
	d.languages[language]++
	d.bytes.Add(bytes)
	d.settled(at)
}

func (d *desk) skip(reason string, at time.Duration) {
	d.skipped[reason]++
	d.settled(at)
}

func (d *desk) fail(path, reason, detail string, at time.Duration) {
	d.failed[reason]++
	d.failures = append(d.failures, Failure{Path: path, Reason: reason, Detail: detail})
	d.settled(at)
}

func (d *desk) cancelled(path string, ctx context.Context, at time.Duration) {
	d.fail(path, Cancelled, context.Cause(ctx).Error(), at)
}

// result notes that the scan has shown a result.
func (d *desk) result(at time.Duration) {
	if d.first == 0 {
		d.first = max(at, 1) // 0 means none
	}
}

func (d *desk) settled(at time.Duration) {
	d.done.Add(1)
	d.last = at
}

// settle books an error from outside the analyser: of the source, of reading, of
// the pool. Nil means that the file is settled already, or on its way.
func (r *run) settle(d *desk, path string, err error) {
	switch {
	case err == nil:
	case r.ctx.Err() != nil && errors.Is(err, context.Cause(r.ctx)):
		d.cancelled(path, r.ctx, r.now())
	default:
		text := err.Error()
		if p, ok := errors.AsType[*pool.Panic](err); ok {
			text = detail(p)
		}
		d.fail(path, reasonOf(err), text, r.now())
	}
}

func detail(p *pool.Panic) string { return fmt.Sprintf("%v\n\n%s", p, p.Stack) }

// account merges the desks, after the last worker has ended.
func (r *run) account() Account {
	if r.stuck {
		return Account{Discovered: r.discovered.Load(), Watch: r.seen, Stuck: true}
	}
	a := Account{
		Discovered: r.discovered.Load(),
		Skipped:    map[string]int64{},
		Failed:     map[string]int64{},
		Languages:  map[string]int64{},
	}
	var costs observe.Ledger
	for _, d := range r.desks {
		d.flush()
		a.merge(d)
		costs.Add(d.costs)
	}
	a.CostBySize = costs.Sizes()
	a.Warnings, a.Watch = r.warnings, r.seen
	if r.unmapped.Load() {
		a.Warnings = append(a.Warnings, "io.reader mmap: without effect on files that are not the operating system's; they were read")
	}
	a.BudgetWait = r.waiting.Quantiles()
	slices.SortFunc(a.Failures, func(x, y Failure) int {
		return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Reason, y.Reason))
	})
	a.Sojourn, a.Service = r.sojourn.Quantiles(), r.service.Quantiles()
	a.Stations = []observe.Station{r.reading.Station(a.Wall), r.analysing.Station(a.Wall)}
	if a.Wall > 0 {
		for _, station := range a.Stations {
			a.InServiceMean += station.Utilisation * float64(station.Workers)
		}
	}
	for i, v := range []*valve{r.reads, r.analyses} {
		if v != nil {
			l := v.limited(a.Wall)
			a.Limiters = append(a.Limiters, l)
			a.Stations[i] = a.Stations[i].Of(l.Mean)
		}
	}
	return a
}

func (a *Account) merge(d *desk) {
	a.Scanned += d.scanned
	a.Bytes += d.bytes.Load()
	add(a.Skipped, d.skipped)
	add(a.Failed, d.failed)
	add(a.Languages, d.languages)
	a.Failures = append(a.Failures, d.failures...)
	a.Wall = max(a.Wall, d.last)
	a.TreePeakBytes = max(a.TreePeakBytes, d.tree)
	if d.first > 0 && (a.FirstResult == 0 || d.first < a.FirstResult) {
		a.FirstResult = d.first
	}
}

func add(to, from map[string]int64) {
	for key, n := range maps.All(from) {
		to[key] += n
	}
}

func (d *desk) flush() {
	d.reading.Flush()
	d.analysing.Flush()
	d.sojourn.Flush()
	d.service.Flush()
	d.budget.Flush()
}
