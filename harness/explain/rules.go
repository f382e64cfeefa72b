package explain

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/unit"
)

// evidence is what a rule looks at.
type evidence struct {
	figures
	config record.Flat
	cores  int
}

// rule recognises one bound. It is not ok where the bound does not hold.
type rule struct {
	name  string
	judge func(evidence) (Bound, bool)
}

// rules is every rule. Among bounds as sure as each other the earlier one is
// named first: a rule stands before those whose signs it causes.
func rules() []rule {
	return []rule{
		{"I/O link", link},          // a full link keeps readers busy, too
		{"cores", coresFull},        // full cores make readers wait for room, and files for analysers
		{"analysers", fewAnalysers}, // fewer analysers than cores do so while cores are free
		{"neighbours", neighbours},  // analysers that seem busy and wait for a core
		{"memory budget", budget},   // readers that wait for memory starve the analysers
		{"I/O latency", latency},    // all readers wait for storage
		{"tail", tail},              // one file is analysed while all others are done
		{"hand-over", handOver},     // files lie in a batch or wait for a rendezvous while analysers starve
		{"one core", oneCore},       // a program that uses a core and leaves the others
		{"waiting", waiting},        // a program that uses none
	}
}

// sure turns a share of the time into a confidence.
func sure(share float64) (Confidence, bool) {
	switch {
	case share >= holdsFrom:
		return Holds, true
	case share >= likelyFrom:
		return Likely, true
	default:
		return "", false
	}
}

// link: the bytes cannot come faster.
func link(e evidence) (Bound, bool) {
	c, ok := sure(e.figures[linkBusy])
	return Bound{
		Confidence: c, Share: e.figures[linkBusy], AtMost: e.next(linkBusy, readBusy),
		Because: fmt.Sprintf("the bytes alone take the link %s of the time", percent(e.figures[linkBusy])),
		Remedy:  "no knob moves it; a faster link or fewer bytes do",
	}, ok
}

// coresFull: processor time ÷ (wall × cores). Where a good part of it belongs to
// no station, the collector's knob gives back up to that.
func coresFull(e evidence) (Bound, bool) {
	c, ok := sure(e.figures[coresBusy])
	b := Bound{
		Confidence: c, Share: e.figures[coresBusy],
		Because: fmt.Sprintf("%s of processor time in %s on %d cores: %s busy", unit.Time(e.figures[cpuS]), unit.Time(e.figures[wallS]), e.cores, percent(e.figures[coresBusy])),
		Remedy:  "no knob of concurrency makes more of full cores; fewer seconds of work a file do, or more cores",
	}
	if gogc, is := e.config.Float("memory.gogc"); is && e.figures[outside] >= 0.15 {
		b.Knob, b.Direction, b.To, b.AtMost = "memory.gogc", "raise", int(min(400, 2*gogc)), 1/(1-e.figures[outside])
		b.Because += fmt.Sprintf("; %s of it outside the stations: collector, kernel, runtime", percent(e.figures[outside]))
		b.Remedy = "collect less often, for more memory; beyond that only less work or more cores"
	}
	return b, ok
}

// fewAnalysers: they are busy, and there are fewer of them than cores.
func fewAnalysers(e evidence) (Bound, bool) {
	w := int(e.figures[analyseWorkers])
	c, ok := sure(e.figures[analyseBusy])
	if w >= e.cores || w == 0 {
		return Bound{}, false
	}
	b := Bound{
		Confidence: c, Share: e.figures[analyseBusy], Knob: "cpu.workers", Direction: "raise", To: e.cores,
		Because: fmt.Sprintf("%s busy %s of the time, on %d cores", count(w, "analyser"), percent(e.figures[analyseBusy]), e.cores),
		Remedy:  "an analyser for each core",
	}
	rest := max(e.figures[analyseBusy]*float64(w)/float64(e.cores), e.most(analyseBusy))
	if rest > 0 {
		b.AtMost = max(1, 1/rest)
	}
	return b, ok
}

// neighbours: as many analysers are at work as there are cores, and the cores
// gave us less than that: others had them.
func neighbours(e evidence) (Bound, bool) {
	if e.demand() < 0.85 || e.figures[coresBusy] >= holdsFrom {
		return Bound{}, false
	}
	lost := max(e.figures[othersShare], e.figures[runDelay])
	if lost < 0.10 {
		return Bound{}, false
	}
	return Bound{
		Confidence: Likely, Share: lost,
		Because: fmt.Sprintf("%s at work %s of the time got %s of the cores; %s", count(int(e.figures[analyseWorkers]), "analyser"), percent(e.figures[analyseBusy]),
			percent(e.figures[coresBusy]), e.disturbance()),
		Remedy: "measure on a quiet machine (sluice doctor) before a knob is moved",
	}, true
}

// demand is how much of the cores the analysers at work could use, 1 at most. An
// analyser that waits for a core is at work.
func (e evidence) demand() float64 {
	return min(1, e.figures[analyseBusy]*e.figures[analyseWorkers]/float64(e.cores))
}

// starving says whether analysers and cores have time to spare.
func (e evidence) starving() bool {
	return max(e.figures[analyseBusy], e.demand(), e.figures[coresBusy]) < 0.85
}

// disturbance is what is known of others on the machine.
func (e evidence) disturbance() string {
	var parts []string
	if v, ok := e.figures[othersShare]; ok {
		parts = append(parts, "others used "+percent(v)+" of the machine")
	}
	if v, ok := e.figures[runDelay]; ok {
		parts = append(parts, fmt.Sprintf("%.2f threads for each core stood ready and waited for one", v))
	}
	return strings.Join(parts, ", ")
}

// budget: readers wait for memory while analysers starve. By Little's law the
// throughput grows with the bytes in flight until another bound is met.
func budget(e evidence) (Bound, bool) {
	size, has := e.config.Float("memory.budget")
	waits := e.figures[readBudget]
	busy := waits + e.figures[readBusy] + e.figures[readBlocked]
	if !has || busy <= 0 || !e.starving() || e.figures[coresBusy] >= likelyFrom || waits < 0.2*busy || waits < 0.05 {
		return Bound{}, false
	}
	b := Bound{
		Confidence: Likely, Share: waits / busy, Knob: "memory.budget", Direction: "raise", AtMost: e.next(readBudget),
		Because: fmt.Sprintf("readers that have a file wait for memory %s of their time, while analysers are busy %s", percent(waits/busy), percent(e.figures[analyseBusy])),
		Remedy:  fmt.Sprintf("more than %s in flight, at as much more memory", unit.Bytes(int64(size))),
	}
	if waits >= 0.5*busy && e.figures[analyseBusy] < likelyFrom {
		b.Confidence = Holds
	}
	b.To = int64(math.Exp2(math.Ceil(math.Log2(size * b.AtMost * 1.001))))
	return b, true
}

// latency: throughput is readers ÷ time of a read (Little), while analysers and
// cores have time to spare.
func latency(e evidence) (Bound, bool) {
	w := e.figures[readWorkers]
	c, ok := sure(e.figures[readBusy])
	if !ok || e.figures[analyseBusy] >= e.figures[readBusy] || scheduler(e.config) == "inline" {
		return Bound{}, false
	}
	if limiter, _ := e.config["io.limiter"].(string); limiter != "" && limiter != "none" {
		return limited(e, limiter, c), true
	}
	b := Bound{
		Confidence: c, Share: e.figures[readBusy], Knob: "io.workers", Direction: "raise", AtMost: e.next(readBusy),
		Because: fmt.Sprintf("%s busy %s of the time: %.0f ÷ %s a read is %.0f files/s at most, and %.0f were read", count(int(w), "reader"), percent(e.figures[readBusy]),
			w, unit.Time(e.figures[readService]), w/e.figures[readService], e.figures[readsPerS]),
		Remedy: "more reads in flight",
	}
	b.To = int(min(4096, math.Ceil(w*e.figures[readBusy]*b.AtMost)+1))
	return b, true
}

// limited is latency where a limiter decides how many read: raising its maximum helps
// only if it got there.
func limited(e evidence, limiter string, c Confidence) Bound {
	w := e.figures[readWorkers]
	b := Bound{
		Confidence: c, Share: e.figures[readBusy], AtMost: e.next(readBusy),
		Because: fmt.Sprintf("%s busy %s of the time: the limiter %s let %.0f read on average", count(int(w), "reader"), percent(e.figures[readBusy]), limiter, w),
	}
	most, has := e.config.Float("io.limiter.max")
	if has && w >= 0.8*most {
		b.Knob, b.Direction, b.Remedy = "io.limiter.max", "raise", "more reads in flight"
		b.To = int(min(4096, math.Ceil(most*b.AtMost)+1))
		return b
	}
	b.Knob, b.Direction, b.To, b.Remedy = "io.limiter", "change", "occupancy", "a limiter that follows the analysers, or io.limiter.initial nearer to what it came to"
	initial, has := e.config.Float("io.limiter.initial")
	switch {
	case limiter != "occupancy":
	case has && initial < w:
		b.Knob, b.Direction, b.To, b.Remedy = "io.limiter.initial", "raise", int(math.Ceil(w)), "less of the time spent on the way up"
	default:
		b.Knob, b.Direction, b.To, b.Remedy = "", "", nil, "the limiter let no more read, since more were no faster: the storage is the bound"
	}
	return b
}

// tail: the longest file is analysed for a good part of the trial, and the
// others do not fill it.
func tail(e evidence) (Bound, bool) {
	share := e.figures[longest]
	if share < 0.25 || !e.starving() || e.figures[readBusy] >= likelyFrom || int(e.figures[analyseWorkers]) < 2 {
		return Bound{}, false
	}
	b := Bound{
		Confidence: Likely, Share: share, AtMost: e.next(),
		Because: fmt.Sprintf("one file is analysed for %s of the time, and analysers are busy %s", percent(share), percent(e.figures[analyseBusy])),
		Remedy:  "no knob of concurrency divides one file; a smaller limit on files does",
	}
	if share >= holdsFrom {
		b.Confidence, b.AtMost = Holds, 0
		return b, true
	}
	if order, _ := e.config["source.order"].(string); order != "largest-first" {
		b.Knob, b.Direction, b.To = "source.order", "change", "largest-first"
		b.Remedy = "begin with the large files, so that none is left for the end"
	}
	return b, true
}

// handOver: files have been read, analysers starve, and what lies between is a
// channel without a buffer or a batch that waits to be filled.
func handOver(e evidence) (Bound, bool) {
	if !handsOver(scheduler(e.config)) || !e.starving() {
		return Bound{}, false
	}
	starved := 1 - e.figures[analyseBusy]
	if size, ok := e.config.Float("channel.batch"); ok && size > 1 {
		linger, _ := e.config.Float("channel.linger")
		if linger > 0 && e.figures[analyseQueue] >= linger/2 && e.figures[readBusy] < likelyFrom {
			return Bound{
				Confidence: Likely, Share: starved, Knob: "channel.batch", Direction: "lower", To: max(1, int(size)/4), AtMost: e.next(),
				Because: fmt.Sprintf("files that were read wait %s for an analyser, batches of %.0f linger %s, and analysers are without a file %s of the time",
					unit.Time(e.figures[analyseQueue]), size, unit.Time(linger), percent(starved)),
				Remedy: "smaller batches, or a shorter channel.linger",
			}, true
		}
	}
	if buffer, ok := e.config.Float("channel.buffer"); ok && buffer < 2*e.figures[analyseWorkers] && e.figures[readBlocked] >= 0.2 {
		return Bound{
			Confidence: Likely, Share: starved, Knob: "channel.buffer", Direction: "raise", To: int(8 * e.figures[analyseWorkers]), AtMost: e.next(),
			Because: fmt.Sprintf("readers wait for room in a channel of %.0f for %s of their time, while analysers are without a file %s of theirs",
				buffer, percent(e.figures[readBlocked]), percent(starved)),
			Remedy: "room for the next files while an analyser is at a long one",
		}, true
	}
	return Bound{}, false
}

// oneCore: a program of which only the processor time is known, and that is one
// core's. It may be any number of threads that take turns.
func oneCore(e evidence) (Bound, bool) {
	used := e.figures[coresBusy] * float64(e.cores)
	if e.has(readBusy) || e.cores < 2 || used < 0.90 || used > 1.10 {
		return Bound{}, false
	}
	return Bound{
		Confidence: Likely, Share: min(1, used), AtMost: float64(e.cores) / used,
		Because: fmt.Sprintf("it used %.2f cores of %d", used, e.cores),
		Remedy:  "one thread does the work, or threads take turns: the knob that sets their number, if it has one",
	}, true
}

// waiting: a program of which only the processor time is known, and that has
// little of it.
func waiting(e evidence) (Bound, bool) {
	used := e.figures[coresBusy] * float64(e.cores)
	if e.has(readBusy) || !e.has(coresBusy) || used >= 0.5 {
		return Bound{}, false
	}
	because := fmt.Sprintf("it used %.2f cores of %d", used, e.cores)
	if v, ok := e.figures[switchesPerS]; ok {
		because += fmt.Sprintf(", with %.0f switches/s", v)
	}
	if v := e.figures[majorPerS]; v > 0 {
		because += fmt.Sprintf(" and %.0f faults/s that read from storage", v)
	}
	return Bound{
		Confidence: Likely, Share: 1 - min(1, used), Because: because,
		Remedy: "it waits: for storage, a network, a lock or a timer, which the kernel's books do not tell apart; more at once, if it has such a knob",
	}, true
}

// unbound is what is said where no rule applies.
func unbound(e evidence) Bound {
	if !e.has(readBusy) && !e.has(coresBusy) {
		return Bound{Name: "none", Confidence: CannotTell, Because: "neither stations nor processor time recorded", Remedy: "measure again with this version"}
	}
	name, share := "nothing", 0.0
	for _, s := range []struct{ figure, name string }{{coresBusy, "the cores"}, {analyseBusy, "the analysers"}, {readBusy, "the readers"}, {linkBusy, "the link"}} {
		if v := e.figures[s.figure]; v > share {
			name, share = s.name, v
		}
	}
	b := Bound{
		Name: "none", Confidence: Likely, Share: share,
		Because: fmt.Sprintf("the busiest are %s, %s of the time: the bounds share it", name, percent(share)),
		Remedy:  "no single knob stands out; sluice tune moves several together",
	}
	if !e.has(readBusy) {
		b.Confidence, b.Remedy = CannotTell, "stations not recorded: what it waits for is not known; sluice tune tries its knobs"
	}
	return b
}

// most is the largest share of the time that a resource needs, but for those
// named: with them out of the way the trial cannot be shorter than that.
func (e evidence) most(but ...string) float64 {
	largest := 0.0
	for _, name := range []string{coresBusy, linkBusy, readBusy, analyseBusy, longest} {
		if !slices.Contains(but, name) {
			largest = max(largest, e.figures[name])
		}
	}
	return min(1, largest)
}

// next is what throughput could grow by at most before it meets the next bound;
// 0 where no other is known.
func (e evidence) next(but ...string) float64 {
	if most := e.most(but...); most > 0 {
		return 1 / most
	}
	return 0
}

// percent writes a share in whole percents.
func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
