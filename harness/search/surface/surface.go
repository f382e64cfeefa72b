// Package surface holds closed forms of a pipeline's throughput whose best
// configuration is known: what searches are scored on where a real grid would
// take days.
//
// A surface is a reading stage after the universal scalability law, a computing
// stage that suffers from too many runnable threads, a soft minimum of the two,
// and losses to hand-over, garbage collection and a memory limit (8 cores,
// 20,000 files, 600 MB). Eight knobs, mixed: E is warm and flat, about 0.4 % of it
// lies within 5 % of its best; M is steeper and a quarter as wide. Noise is not theirs: whoever measures a surface adds it.
package surface

import (
	"math"
	"slices"

	"sluice/harness/record"
	"sluice/harness/space"
)

// Surface is a function of a configuration with a known optimum.
type Surface struct {
	Name      string
	Optimum   record.Flat // the best that an exhaustive search by coordinates and pairs from many starts found
	Reference record.Flat // a rule of thumb: 0.88 of the best on E, 0.82 on M
	p         parameters
}

// parameters are what tells surfaces apart.
type parameters struct {
	read, mmap            reader
	tokens                float64 // files a second that the token limiter lets through
	fileS, batchS         float64 // of computing a file, of handing over a batch
	overCPU, overIO       float64 // what too many runnable threads cost
	pinGain, pinLoss      float64
	stall, collect, cache float64 // losses: hand-over without buffer, garbage collection, buffers beyond the cache
}

// reader is one way to read: files a second of one worker, contention and
// coherence of the scalability law, and cores that each worker burns.
type reader struct{ rate, contention, coherence, burns float64 }

const (
	cores       = 8
	files       = 20_000
	memoryLimit = 600 // MB
)

// E is the warm, flat surface.
func E() Surface {
	return Surface{
		Name: "E", Reference: thumb(), Optimum: at(9, 10, 233, 9),
		p: parameters{
			read: reader{2400, .015, .0002, .02}, mmap: reader{2700, .025, .0006, .04}, tokens: 13_000,
			fileS: .62e-3, batchS: .06e-3, overCPU: .006, overIO: .01, pinGain: 1.015, pinLoss: .03, stall: .12, collect: .04, cache: .03,
		},
	}
}

// M is the steeper one.
func M() Surface {
	return Surface{
		Name: "M", Reference: thumb(), Optimum: at(10, 9, 222, 10),
		p: parameters{
			read: reader{1800, .02, .0004, .05}, mmap: reader{2300, .035, .0012, .09}, tokens: 12_500,
			fileS: .62e-3, batchS: .10e-3, overCPU: .03, overIO: .05, pinGain: 1.03, pinLoss: .05, stall: .20, collect: .06, cache: .05,
		},
	}
}

// All lists the surfaces.
func All() []Surface { return []Surface{E(), M()} }

// Find returns the surface of that name.
func Find(name string) (Surface, bool) {
	all := All()
	i := slices.IndexFunc(all, func(s Surface) bool { return s.Name == name })
	if i < 0 {
		return Surface{}, false
	}
	return all[i], true
}

func thumb() record.Flat {
	return record.Flat{"io_workers": 16, "cpu_workers": 8, "buffer": 100, "batch": 1, "limiter": "none", "gogc": 100, "reader": "read", "pin": false}
}

func at(io, cpu, buffer, batch int) record.Flat {
	return record.Flat{"io_workers": io, "cpu_workers": cpu, "buffer": buffer, "batch": batch, "limiter": "none", "gogc": 800, "reader": "read", "pin": false}
}

// Space is the space of every surface.
func (Surface) Space() space.Space {
	count := func(name string, most float64) space.Param {
		return space.Param{Name: name, Type: space.Int, Scale: space.Log2, Min: 1, Max: most}
	}
	return space.Space{
		count("io_workers", 64), count("cpu_workers", 64), count("buffer", 4096), count("batch", 256),
		{Name: "limiter", Type: space.Choice, Values: []any{"none", "semaphore", "token", "aimd", "gradient"}},
		{Name: "gogc", Type: space.Choice, Values: []any{25, 50, 100, 200, 400, 800}, Ordered: true},
		{Name: "reader", Type: space.Choice, Values: []any{"read", "mmap"}},
		{Name: "pin", Type: space.Bool},
	}
}

// Throughput is the true throughput in files per second.
func (s Surface) Throughput(c record.Flat) float64 {
	t, _, _ := s.solve(c)
	return t
}

// P99 is the true 99th percentile of the sojourn time, in seconds.
func (s Surface) P99(c record.Flat) float64 {
	t, reading, over := s.solve(c)
	ne, _ := s.admitted(c)
	buffer, batch := value(c, "buffer"), value(c, "batch")
	ms := 1000*(.075*buffer*batch/t+batch/reading+.2*s.p.batchS*batch+ne/reading)*(1+.6*over) + 1.5*math.Sqrt(100/value(c, "gogc"))
	return ms / 1000
}

// RSS is the true peak of resident memory, in bytes.
func (s Surface) RSS(c record.Flat) float64 { return 1e6 * memory(c) }

func memory(c record.Flat) float64 {
	live := 30 + .002*value(c, "buffer")*value(c, "batch") + .25*(value(c, "io_workers")+value(c, "cpu_workers"))
	return 25 + live*(1+value(c, "gogc")/100)
}

// solve returns the throughput, the rate of the reading stage and by how much
// runnable threads exceed the cores.
func (s Surface) solve(c record.Flat) (throughput, reading, over float64) {
	p, how := s.p, s.p.read
	if c["reader"] == "mmap" {
		how = p.mmap
	}
	cpu, buffer, batch := value(c, "cpu_workers"), value(c, "buffer"), value(c, "batch")
	ne, h := s.admitted(c)
	demand := cpu + how.burns*ne
	over = max(0, demand/cores-1)
	reading = h * how.rate * ne / (1 + how.contention*(ne-1) + how.coherence*ne*(ne-1))
	if c["limiter"] == "token" {
		reading = min(reading, p.tokens)
	}
	reading /= 1 + p.overIO*over
	computing := h * s.busy(cpu, demand, over) / (p.fileS + p.batchS/batch) * (1 - p.collect*math.Pow(100/value(c, "gogc"), .7)) * s.locality(c, buffer, batch, over) / (1 + batch*cpu/files)
	both := math.Pow(math.Pow(reading, -8)+math.Pow(computing, -8), -1.0/8)
	throughput = both * (1 - p.stall/(1+math.Pow(buffer/cpu, .8)))
	if m := memory(c); m > memoryLimit {
		throughput *= math.Exp(-2 * (m - memoryLimit) / memoryLimit)
	}
	return throughput, reading, over
}

// admitted is how many readers a limiter lets through, and what it costs all.
func (s Surface) admitted(c record.Flat) (readers, share float64) {
	n, how := value(c, "io_workers"), s.p.read
	if c["reader"] == "mmap" {
		how = s.p.mmap
	}
	best := math.Sqrt((1 - how.contention) / how.coherence)
	switch c["limiter"] {
	case "semaphore":
		return min(n, 16), .995
	case "token":
		return n, .99
	case "aimd":
		return min(n, best), .965
	case "gradient":
		return min(n, .9*best), .98
	default:
		return n, 1
	}
}

// busy is how many cores' worth of computing so many workers do.
func (s Surface) busy(cpu, demand, over float64) float64 {
	used := cpu / (1 + .012*(min(cpu, cores)-1))
	if demand > cores {
		used *= cores / demand
	}
	return used / (1 + s.p.overCPU*math.Pow(over, 1.2))
}

// locality is what caches give and take.
func (s Surface) locality(c record.Flat, buffer, batch, over float64) float64 {
	z := batch * buffer / 4096
	f := 1 - s.p.cache*z/(1+z)
	switch {
	case c["pin"] != true:
		return f
	case over == 0:
		return f * s.p.pinGain
	default:
		return f * (1 - s.p.pinLoss*min(1, 2*over))
	}
}

func value(c record.Flat, name string) float64 {
	v, _ := c.Float(name)
	return v
}
