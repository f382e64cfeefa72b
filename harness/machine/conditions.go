package machine

import (
	"math"
	"time"

	"sluice/harness/record"
)

// Watch remembers what the machine had counted at one instant. It is a value: it
// owns nothing, needs no closing, and may be asked more than once.
type Watch struct {
	sources sources
	start   tally
}

// StartConditions notes what the machine has counted until now: steal, pressure,
// throttling, swapping, kills. Cores are those that the trial runs on, numbered as
// the kernel does; of these it notes clock rates and thermal throttling. What
// cannot be read is absent from the conditions, and is never an error.
//
// It costs about 120 µs on a small machine, and some 20 µs more for each of the
// cores that tells its thermal events; the first one in a process costs twice
// that, since it looks for the files.
func StartConditions(cores []int) Watch {
	s := systemPlaces().on(cores)
	w := Watch{sources: s, start: s.read()}
	if !s.rates.files { // these need no comparison, and some kernels take 10 ms for each
		w.start.hertz = s.rates.read(s.host)
	}
	return w
}

// End is what the machine was like since the watch began. Steal is counted in
// ticks of 10 ms; the rest is exact. It costs what the start costs, but for the
// clock rates of each core, which are read here alone: microseconds, or 10 ms where
// the kernel measures each anew (x86 before Linux 5.18).
func (w Watch) End() record.Conditions {
	hertz := w.sources.rates.read(w.sources.host) // first, before idle cores slow down
	end := w.sources.read()
	c := conditions(w.start, end)
	c.FrequencyLowHz, c.FrequencyHighHz = w.sources.rates.span(w.start.hertz, hertz)
	return c
}

// quantity is something that the machine counts from its start on.
type quantity int

const (
	stealS       quantity = iota // taken from all CPUs together
	cpuStallS                    // PSI "some"
	ioStallS                     // PSI "some"
	memoryStallS                 // PSI "some"
	throttledS                   // by a CPU quota, of all CPUs together
	thermal                      // events
	swappedBytes                 // in and out
	oomKills                     // processes
	quantities
)

// tally is all quantities at one instant, NaN where one cannot be read.
type tally struct {
	monotonic, boot time.Duration // clocks; boot runs on while the machine sleeps
	cpus            int           // online; 0 where not known
	total           [quantities]float64
	hertz           []float64 // of the trial's cores, in their order; none where not known
}

// unread is what is known before anything is read.
func unread() tally {
	var c tally
	for i := range c.total {
		c.total[i] = math.NaN()
	}
	return c
}

// asleep is the least difference of two clocks that is called sleep: below it
// stands the time between their readings.
const asleep = time.Millisecond

// conditions is the rule behind [Watch.End], free of files and clocks.
func conditions(start, end tally) record.Conditions {
	var c record.Conditions
	elapsed := (end.monotonic - start.monotonic).Seconds()
	since := func(q quantity) *float64 { return difference(start.total[q], end.total[q]) }
	c.StealShare = share(since(stealS), elapsed*float64(end.cpus))
	c.CPUPressure = share(since(cpuStallS), elapsed)
	c.IOPressure = share(since(ioStallS), elapsed)
	c.MemoryPressure = share(since(memoryStallS), elapsed)
	c.ThrottledS = since(throttledS)
	c.ThermalThrottles = since(thermal)
	c.SwappedBytes = since(swappedBytes)
	c.OOMKills = since(oomKills)
	if start.boot != 0 && end.boot != 0 {
		slept := (end.boot - end.monotonic) - (start.boot - start.monotonic)
		if slept < asleep {
			slept = 0
		}
		c.SuspendedS = new(slept.Seconds())
	}
	return c
}

// difference is absent where a counter was not read, or went back: a core that
// came or went, a group that was made anew.
func difference(start, end float64) *float64 {
	d := end - start
	if math.IsNaN(d) || d < 0 {
		return nil
	}
	return &d
}

// share is part ÷ whole, at most 1, since the two are not read at one instant.
func share(part *float64, whole float64) *float64 {
	if part == nil || whole <= 0 {
		return nil
	}
	return new(min(*part/whole, 1))
}
