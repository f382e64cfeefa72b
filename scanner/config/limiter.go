package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Limiter says what moves how many are at work at once in a pool. Without one,
// none, that is the pool's Workers. With one it starts at Initial and stays
// within Min and Max. A zero is auto: Limits and Resolve say what it comes to.
//
//	        initial      min  max                     latency
//	io      io.workers   1    max(256, io.workers)    raw
//	cpu     cpu.workers  1    cpu.workers             per-byte
//	clone   1            1    max(64, clone.workers)  raw
//
// An auto Initial is brought within Min and Max. Readers may be more than
// io.workers, for one that waits for storage costs next to nothing; analyses may
// not be more than cpu.workers, which truly bounds them.
type Limiter struct {
	Algorithm string // none, static, aimd, vegas, gradient2, window, arc, load, bdp, or occupancy, of reads alone; see package limiter
	Initial   int    // at work at first, within Min and Max; 0 is auto
	Min       int    // least, ≥ 1; 0 is auto
	Max       int    // most, ≥ Min; 0 is auto
	// Latency is what the algorithm learns from: raw, the time that a piece of work
	// took, or per-byte, that time by the file's size; "" is auto. Sizes span orders of
	// magnitude, and so does the time of an analysis; that of a read hardly, where
	// storage is slow to answer.
	Latency string
}

// The most at work unless a limiter says: room to find out that storage takes many
// readers, or a host many clones.
const (
	mostReads  = 256
	mostClones = 64
)

// bounds are the knobs of a limiter that hold numbers.
var bounds = []string{"initial", "min", "max"} //nolint:gochecknoglobals // an immutable table

// uses tells whether the algorithm looks at what a knob of the limiter's block says.
func (l Limiter) uses(key string) bool {
	switch l.Algorithm {
	case "none":
		return false
	case "static":
		return key == "initial"
	case "load":
		return key != "latency"
	}
	return true
}

// uses tells whether the knob is in use: all are but those of a limiter's block
// that its algorithm does not look at.
func (c Config) uses(k knob) bool {
	for _, p := range limited {
		if k.section() == p.name+".limiter" {
			return p.limiter(&c).uses(k.key())
		}
	}
	return true
}

// Limits is what the limiters of a valid configuration come to, each auto
// resolved. Where nothing moves the number, under none and static, Initial, Min
// and Max are that number: a pool that stands ready with Max workers, of which a
// limit of Initial are at work at first, is right in every case. Latency stays
// empty where the algorithm does not look at it.
func (c Config) Limits() (io, cpu, clone Limiter) {
	return limited[reading].limits(c), limited[analysing].limits(c), limited[cloning].limits(c)
}

// pool is one that a limiter may move, with what its autos come from.
type pool struct {
	name, work string // "io", "reads"
	algorithms []string
	refused    map[string]string // other algorithms, and why
	limiter    func(*Config) *Limiter
	workers    func(Config) int
	strict     bool   // workers bound what is at work, whatever the limiter says
	initial    int    // 0 is as many as workers
	most       int    // and no less than workers
	latency    string // raw or per-byte
}

// algorithms are the limiters that every pool may have.
var algorithms = []string{ //nolint:gochecknoglobals // an immutable table
	"none", "static", "aimd", "vegas", "gradient2", "window", "arc", "load", "bdp",
}

// ofReads is why reads alone are limited by occupancy.
var ofReads = map[string]string{ //nolint:gochecknoglobals // an immutable table
	"occupancy": "counts the analysers that wait for reads, and so is for io.limiter alone",
}

// The places of the pools in limited.
const (
	reading = iota
	analysing
	cloning
)

// limited is every pool with a limiter, in the order of the file.
var limited = [...]pool{ //nolint:gochecknoglobals // an immutable table
	reading: {
		name: "io", work: "reads", algorithms: slices.Concat(algorithms, []string{"occupancy"}),
		limiter: func(c *Config) *Limiter { return &c.IO.Limiter }, workers: func(c Config) int { return c.IO.Workers },
		most: mostReads, latency: "raw",
	},
	analysing: {
		name: "cpu", work: "analyses", algorithms: algorithms, refused: ofReads,
		limiter: func(c *Config) *Limiter { return &c.CPU.Limiter }, workers: func(c Config) int { return c.CPU.Workers },
		strict: true, latency: "per-byte",
	},
	cloning: {
		name: "clone", work: "clones", algorithms: algorithms, refused: ofReads,
		limiter: func(c *Config) *Limiter { return &c.Clone.Limiter }, workers: func(c Config) int { return c.Clone.Workers },
		initial: 1, most: mostClones, latency: "raw",
	},
}

// resolve puts numbers and words for the autos that the algorithm uses.
func (p pool) resolve(c Config) Limiter {
	l, workers := *p.limiter(&c), p.workers(c)
	if l.uses("min") {
		l.Min = cmp.Or(l.Min, 1)
		l.Max = cmp.Or(l.Max, max(p.most, workers))
	}
	if l.Initial == 0 && l.uses("initial") {
		l.Initial = cmp.Or(p.initial, workers)
		if l.uses("max") {
			l.Initial = max(min(l.Initial, l.Max), l.Min)
		}
	}
	if l.uses("latency") {
		l.Latency = cmp.Or(l.Latency, p.latency)
	}
	return l
}

func (p pool) limits(c Config) Limiter {
	l := p.resolve(c)
	if !l.uses("initial") {
		l.Initial = p.workers(c)
	}
	if !l.uses("max") {
		l.Min, l.Max = l.Initial, l.Initial
	}
	if !l.uses("latency") {
		l.Latency = ""
	}
	return l
}

// contradiction is what knobs say that cannot all be.
type contradiction struct {
	knobs []string // the one to change first
	text  string
}

// of tells whether one of the named knobs has a part in it.
func (x contradiction) of(names map[string]bool) bool {
	return slices.ContainsFunc(x.knobs, func(name string) bool { return names[name] })
}

// contradictions lists what no limit can satisfy.
func (c Config) contradictions() []contradiction {
	var all []contradiction
	for _, p := range limited {
		all = append(all, p.contradictions(c)...)
	}
	return all
}

// contradictions compares what is given with what is given, whatever the
// algorithm, and what the algorithm uses with what its autos come to.
func (p pool) contradictions(c Config) []contradiction {
	if beyond := p.beyondWorkers(c); len(beyond) > 0 {
		return beyond
	}
	given, l := *p.limiter(&c), p.resolve(c)
	high, others := strconv.Itoa(l.Max), []string{p.name + ".limiter"}
	if given.Max == 0 {
		high, others = high+" unless given", append(others, p.name+".workers")
	}
	between := func(one, other, format string, args ...any) []contradiction {
		one, other = p.knob(one), p.knob(other)
		return []contradiction{{
			knobs: append([]string{one, other}, others...),
			text:  fmt.Sprintf(format, append([]any{one, other}, args...)...),
		}}
	}
	switch {
	case l.Max > 0 && l.Min > l.Max:
		return between("min", "max", "%[1]s is %[3]d, above %[2]s, which is %[4]s; use a min of at most max", l.Min, high)
	case given.Initial == 0 || l.uses("initial") != l.uses("max"):
		return nil
	case given.Initial < l.Min:
		return between("initial", "min", "%[1]s is %[3]d, below %[2]s, which is %[4]d; use an initial of at least min", given.Initial, l.Min)
	case l.Max > 0 && given.Initial > l.Max:
		return between("initial", "max", "%[1]s is %[3]d, above %[2]s, which is %[4]s; use an initial of at most max", given.Initial, high)
	}
	return nil
}

// beyondWorkers lists what a limiter asks for beyond the workers that bound it.
func (p pool) beyondWorkers(c Config) (all []contradiction) {
	if !p.strict {
		return nil
	}
	l, workers, name := *p.limiter(&c), p.workers(c), p.name+".workers"
	for i, value := range []int{l.Initial, l.Min, l.Max} {
		if knob := p.knob(bounds[i]); l.uses(bounds[i]) && value > workers {
			all = append(all, contradiction{
				knobs: []string{knob, name, p.name + ".limiter"},
				text:  fmt.Sprintf("%s is %d, above %s, which is %d and bounds the limiter too; use at most %d, or %s %d", knob, value, name, workers, workers, name, value),
			})
		}
	}
	return all
}

// knob is the name of a knob in the limiter's block.
func (p pool) knob(key string) string { return p.name + ".limiter." + key }
