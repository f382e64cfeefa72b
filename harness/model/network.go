package model

import (
	"fmt"
	"slices"
	"strings"

	"sluice/scanner/config"
	"sluice/scanner/pipeline"
	"sluice/scanner/pool"
)

// What a file is expected to hold before it is parsed: scanner/budget starts there.
const (
	budgetRatio = 30
	budgetFile  = 64 << 10
)

// networkOf is the configuration as a queueing network.
func (p Parameters) networkOf(c config.Config, s Scenario) network {
	n := network{
		readers: c.IO.Workers, analysers: c.CPU.Workers,
		buffer: c.Channel.Buffer, batch: c.Channel.Batch, linger: c.Channel.Linger.Seconds(),
		budget: float64(c.Memory.Budget), budgetRatio: budgetRatio, budgetFile: budgetFile,
		cores: s.Cores, contention: p.contentionOn(s.Cores), link: max(0, s.Storage.LinkBytesPerSec),
		openCPU: p.OpenCPUS, readCPU: p.ReadCPUS, late: p.LateS,
		handFile: p.HandFileS, wake: p.WakeS,
	}
	if n.linger == 0 {
		n.batch = 1 // as the batcher does
	}
	if sleeps(s) {
		n.openCPU += p.SleepCPUS
	}
	if s.Storage.Median <= 0 {
		n.late = 0
	}
	if c.Source.Order != "walk" {
		n.start = p.StatS * float64(len(s.Files))
	}
	switch c.CPU.Scheduler {
	case pipeline.Steal:
		n.steal = true
	case pipeline.PerFile:
		n.slots = max(n.readers, n.analysers)
	case pipeline.Threads:
		n.readers, n.analysers = min(n.readers, pool.MostThreads), min(n.analysers, pool.MostThreads)
		n.slots = max(n.readers, n.analysers)
	case pipeline.Inline:
		n.analysers, n.slots = n.readers, n.readers
	}
	if n.slots > 0 {
		n.batch, n.buffer = 1, 0
	}
	// What a batch costs is paid by the file that fills it: spread over all, the sum is
	// the same.
	n.handRead = p.HandFileS + p.HandLotS/float64(n.batch)
	return n
}

// sleeps tells whether readers wait for this storage.
func sleeps(s Scenario) bool { return s.Storage.Median > 0 || s.Storage.LinkBytesPerSec > 0 }

// contentionOn extrapolates: each core beside the first slows the others by as much.
func (p Parameters) contentionOn(cores int) float64 {
	if p.Cores < 2 || cores < 2 {
		return p.Contention
	}
	return 1 + (p.Contention-1)*float64(cores-1)/float64(p.Cores-1)
}

// Ignored lists the knobs of a configuration that are set to something and that the
// model does not follow, each with what it does instead.
func Ignored(c config.Config, cores int) []string {
	def := config.Default(1)
	var ignored []string
	say := func(differs bool, format string, args ...any) {
		if differs {
			ignored = append(ignored, fmt.Sprintf(format, args...))
		}
	}
	say(c.IO.Reader != def.IO.Reader, "io.reader=%s: predicted as read", c.IO.Reader)
	say(c.CPU.Pin != def.CPU.Pin, "cpu.pin=%s: predicted as none", c.CPU.Pin)
	say(learns(c.IO.Limiter.Algorithm), "io.limiter=%s: not modelled; predicted as io.workers=%d without a limiter", c.IO.Limiter.Algorithm, c.IO.Workers)
	say(learns(c.CPU.Limiter.Algorithm), "cpu.limiter=%s: not modelled; predicted as cpu.workers=%d without a limiter", c.CPU.Limiter.Algorithm, c.CPU.Workers)
	say(c.Memory.GOMemLimit > 0, "memory.gomemlimit=%d: predicted as none", c.Memory.GOMemLimit)
	say(c.Memory.Arenas > 0, "memory.arenas=%d: predicted as auto", c.Memory.Arenas)
	say(c.Memory.GOGC < 0, "memory.gogc=off: the heap is predicted as if no buffer were used again")
	say(c.Runtime.GOMAXPROCS > 0 && c.Runtime.GOMAXPROCS != cores, "runtime.gomaxprocs=%d: predicted as %d, the cores of the scenario", c.Runtime.GOMAXPROCS, cores)
	return ignored
}

// learns says whether a limiter moves its limit.
func learns(algorithm string) bool { return algorithm != "" && algorithm != "none" }

// doubts are what of a question lies beyond the calibration.
func (p Parameters) doubts(c config.Config, s Scenario) []string {
	var doubts []string
	say := func(doubt bool, format string, args ...any) {
		if doubt {
			doubts = append(doubts, fmt.Sprintf(format, args...))
		}
	}
	say(s.Cores != p.Cores, "%d cores: calibrated on %d, extrapolated: unproved", s.Cores, p.Cores)
	say(!slices.Contains(p.Seen.Storages, s.Storage.Name), "storage %s: calibrated on %s, extrapolated from its profile", s.Storage.Name, strings.Join(p.Seen.Storages, ", "))
	say(!slices.Contains(p.Seen.Schedulers, c.CPU.Scheduler), "scheduler %s: never seen by the calibration (%s); its own costs are not known", c.CPU.Scheduler, strings.Join(p.Seen.Schedulers, ", "))
	say(p.Fingerprint != "" && s.Fingerprint != p.Fingerprint, "corpus %s: calibrated on %s, whose costs it is given", s.Corpus, p.Corpus)
	say(s.Drawn, "files drawn: the real ones are not here; the tail and sojourn times are rough")
	say(c.Source.Order != "walk" && len(p.Service.BySize) == 0, "order %s: the trials do not say what files of each size cost (measure again with this version)", c.Source.Order)
	say(p.Seen.IOWorkersMax > 0 && c.IO.Workers > farReaders*p.Seen.IOWorkersMax, "io.workers %d: calibrated on at most %d, extrapolated: unproved", c.IO.Workers, p.Seen.IOWorkersMax)
	say(c.CPU.Workers > s.Cores && p.Seen.MostAtWork <= float64(p.Cores), "cpu.workers %d on %d cores: analysers were never seen to share a core", c.CPU.Workers, s.Cores)
	return doubts
}

// farReaders is how many times as many readers as the trials had count as beyond them:
// what more readers cost each other was seen to be foretold within some percent up to
// there. Fewer readers only wait longer, which the model follows.
const farReaders = 2
