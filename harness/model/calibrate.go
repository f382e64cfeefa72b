package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"sluice/harness/record"
	"sluice/scanner/config"
	"sluice/scanner/observe"
)

// ErrNoStations is the error of Calibrate for trials that are not the scanner's: a
// command has no stations to learn from.
var ErrNoStations = errors.New("no stations were recorded")

// told is what calibration reads of a trial's statistics (sluice.scan/v1).
type told struct {
	WallS         float64            `json:"wall_s"`
	CPUS          float64            `json:"cpu_s"`
	FirstResultS  float64            `json:"first_result_s"`
	TreePeakBytes float64            `json:"tree_peak_bytes"`
	CostBySize    []observe.SizeCost `json:"cost_by_size"`
	Bytes         int64              `json:"bytes"`
	Stations      []observe.Station  `json:"stations"`
	Storage       *struct {
		AskedMeanS float64 `json:"asked_mean_s"`
		MeanS      float64 `json:"achieved_mean_s"`
	} `json:"storage"`
}

// lesson is one trial with what it met.
type lesson struct {
	trial         record.Trial
	told          told
	read, analyse observe.Station
	config        config.Config
	scene         Scenario
	files         []File // in the order in which they were taken
}

// Calibrate learns parameters from one or two trials of the scanner; more are taken
// too. Each has its own scenario, at the same place in scenes. A second trial with
// other workers tells what workers cost each other and in memory. What the trials
// cannot tell is taken from experience and named in Unknown. It costs some ten
// simulations of each trial.
func Calibrate(trials []record.Trial, scenes []Scenario) (Parameters, error) {
	if len(trials) == 0 || len(trials) != len(scenes) {
		return Parameters{}, fmt.Errorf("calibrate the model: %d trials and %d scenarios; give at least one trial, and one scenario for each", len(trials), len(scenes))
	}
	var lessons []lesson
	for i, t := range trials {
		l, err := newLesson(t, scenes[i])
		if err != nil {
			return Parameters{}, fmt.Errorf("calibrate the model by trial %s/%d/%d: %w", t.Phase, t.Block, t.Slot, err)
		}
		lessons = append(lessons, l)
	}
	first := scenes[0]
	p := Parameters{
		Schema: Schema, Cores: first.Cores, Corpus: first.Corpus, Fingerprint: first.Fingerprint, Storage: first.Storage.Name, Trials: len(trials),
		Contention: 1, Unknown: []string{},
	}
	p.see(lessons)
	p.learnService(lessons)
	p.learnCosts(lessons)
	p.fit(lessons)
	p.learnMemory(lessons)
	p.judge(lessons)
	return p, nil
}

func newLesson(t record.Trial, s Scenario) (l lesson, err error) {
	if t.Status != record.OK {
		return l, fmt.Errorf("it ended as %s", t.Status)
	}
	if len(t.Stats) == 0 {
		return l, fmt.Errorf("%w; the model is of the scanner", ErrNoStations)
	}
	l = lesson{trial: t, scene: s}
	if err := json.Unmarshal(t.Stats, &l.told); err != nil {
		return l, fmt.Errorf("statistics: %w", err)
	}
	for _, st := range l.told.Stations {
		switch st.Name {
		case "read":
			l.read = st
		case "analyse":
			l.analyse = st
		}
	}
	if l.read.ServiceS.N == 0 || l.analyse.ServiceS.N == 0 || l.told.WallS <= 0 {
		return l, fmt.Errorf("%w; the model needs a trial that read and analysed files", ErrNoStations)
	}
	if err := s.validate(); err != nil {
		return l, err
	}
	l.config, err = config.Default(s.Cores).WithFlat(t.Config)
	if err != nil {
		return l, fmt.Errorf("configuration: %w", err)
	}
	l.config = l.config.Resolve(s.Cores)
	l.files = ordered(s.Files, l.config.Source.Order)
	return l, nil
}

// metric is a figure of the trial; ok is false where it has none.
func (l lesson) metric(name string) (v float64, ok bool) {
	v, ok = l.trial.Metrics[name]
	return v, ok && v > 0
}

// see notes the range of the trials.
func (p *Parameters) see(lessons []lesson) {
	for _, l := range lessons {
		if !slices.Contains(p.Seen.Schedulers, l.config.CPU.Scheduler) {
			p.Seen.Schedulers = append(p.Seen.Schedulers, l.config.CPU.Scheduler)
		}
		if !slices.Contains(p.Seen.Storages, l.scene.Storage.Name) {
			p.Seen.Storages = append(p.Seen.Storages, l.scene.Storage.Name)
		}
		if p.Seen.IOWorkersMin == 0 || l.config.IO.Workers < p.Seen.IOWorkersMin {
			p.Seen.IOWorkersMin = l.config.IO.Workers
		}
		p.Seen.IOWorkersMax = max(p.Seen.IOWorkersMax, l.config.IO.Workers)
		p.Seen.MostAtWork = max(p.Seen.MostAtWork, l.analyse.Utilisation*float64(l.analyse.Workers))
	}
}

// learnService takes what analysis cost: means over all files, the largest maxima.
func (p *Parameters) learnService(lessons []lesson) {
	s := &p.Service
	s.Scale = 1
	bySize := true
	var seconds float64
	for _, l := range lessons {
		q := l.analyse.ServiceS
		n := float64(q.N)
		s.Files += q.N
		seconds += q.Mean * n
		s.P50S, s.P90S, s.P99S = s.P50S+q.P50*n, s.P90S+q.P90*n, s.P99S+q.P99*n
		s.MaxS = max(s.MaxS, q.Max)
		s.TreePeakBytes = max(s.TreePeakBytes, l.told.TreePeakBytes)
		s.Bytes += totalBytes(l.files)
		bySize = bySize && len(l.told.CostBySize) > 0
	}
	n := float64(s.Files)
	s.MeanS, s.P50S, s.P90S, s.P99S = seconds/n, s.P50S/n, s.P90S/n, s.P99S/n
	if !bySize && deduced(s, lessons) {
		p.lacks("what files of each size cost: deduced from the mean and from which files are parsed")
		return
	}
	if !bySize {
		p.lacks("which files are dear: the trials have no cost by size; costs are dealt out whatever the size")
		return
	}
	for _, l := range lessons {
		s.BySize = merge(s.BySize, l.told.CostBySize)
	}
}

// deduced fills in costs by size where the trials have none but the fates of their
// files are known: files that are not parsed take the median, as most do, or less, and
// parsed ones share the rest by their bytes. It is false where fates are not known.
func deduced(s *Service, lessons []lesson) bool {
	var seconds float64
	var plain, parsed, largest int64
	var bytes int64
	for _, l := range lessons {
		seconds += l.analyse.ServiceS.Mean * float64(l.analyse.ServiceS.N)
		for _, f := range l.files {
			switch f.Fate {
			case Unknown:
				return false
			case Plain:
				plain++
			case Parsed:
				parsed++
				bytes += f.Bytes
				largest = max(largest, f.Bytes)
			}
		}
	}
	perPlain := min(s.P50S, seconds/float64(plain+parsed))
	perByte, tree := 0.0, 0.0
	if bytes > 0 {
		perByte = max(0, seconds-perPlain*float64(plain)) / float64(bytes)
		tree = s.TreePeakBytes / float64(largest)
	}
	var ledger []observe.SizeCost
	for _, l := range lessons {
		for _, f := range l.files {
			c := observe.Cost{Files: 1, Bytes: f.Bytes}
			size := observe.SizeCost{FromBytes: sizeFrom(f.Bytes)}
			if f.Fate == Parsed {
				c.ServiceS, c.TreeBytes = perByte*float64(f.Bytes), int64(tree*float64(f.Bytes))
				size.Parsed = c
			} else {
				c.ServiceS = perPlain
				size.Plain = c
			}
			ledger = merge(ledger, []observe.SizeCost{size})
		}
	}
	s.BySize = ledger
	return true
}

// sizeFrom is where the power of two begins that a size lies in.
func sizeFrom(bytes int64) int64 {
	if bytes <= 0 {
		return 0
	}
	return 1 << (bits.Len64(uint64(bytes)) - 1)
}

// merge adds costs size by size.
func merge(to, from []observe.SizeCost) []observe.SizeCost {
	for _, f := range from {
		i, found := slices.BinarySearchFunc(to, f.FromBytes, func(c observe.SizeCost, size int64) int { return int(min(max(c.FromBytes-size, -1), 1)) })
		if !found {
			to = slices.Insert(to, i, observe.SizeCost{FromBytes: f.FromBytes})
		}
		add(&to[i].Plain, f.Plain)
		add(&to[i].Parsed, f.Parsed)
	}
	return to
}

func add(to *observe.Cost, c observe.Cost) {
	to.Files += c.Files
	to.Bytes += c.Bytes
	to.ServiceS += c.ServiceS
	to.TreeBytes += c.TreeBytes
}

func (p *Parameters) lacks(what string) { p.Unknown = append(p.Unknown, what) }

// What experience says where trials do not: measured with this scanner on Linux.
const (
	usualWake       = 15e-6 // a goroutine that slept, s
	usualSleep      = 40e-6 // a timer set and met, s
	usualStat       = 3e-6  // an lstat in a warm cache, s
	usualContention = 1.07  // two workers on two cores
	longestWake     = 200e-6
	longestHold     = 4e-6 // of handing over; what takes a clock longer is the wait for a processor
)

// learnCosts takes what a file costs beside its analysis. Each is the least that a trial
// shows, since waiting for a processor can only add to it, but for the processor time,
// which is a mean.
func (p *Parameters) learnCosts(lessons []lesson) {
	least := func(figure func(lesson) (float64, bool)) (v float64, known bool) {
		v = math.Inf(1)
		for _, l := range lessons {
			if x, ok := figure(l); ok {
				v, known = min(v, max(0, x)), true
			}
		}
		if !known {
			return 0, false
		}
		return v, true
	}
	p.StartS, _ = least(func(l lesson) (float64, bool) {
		wall, ok := l.metric(record.Wall)
		return wall - l.told.WallS, ok
	})
	p.LateS, _ = least(func(l lesson) (float64, bool) {
		if l.told.Storage == nil || l.told.Storage.AskedMeanS <= 0 {
			return 0, false
		}
		return l.told.Storage.MeanS - l.told.Storage.AskedMeanS, true
	})
	p.learnHandOver(lessons)
	p.ReadCPUS, _ = least(func(l lesson) (float64, bool) { return l.readCPU(p.HandFileS), true })
	var known bool
	p.WakeS, known = least(func(l lesson) (float64, bool) {
		return min(l.analyse.WaitS.P50, longestWake), l.analyse.Utilisation < 0.5 && l.config.Channel.Batch == 1
	})
	if !known {
		p.WakeS = usualWake
		p.lacks(fmt.Sprintf("how long a sleeping analyser takes to wake: %.0f µs taken", usualWake*1e6))
	}
	p.StatS = usualStat
	p.lacks(fmt.Sprintf("what asking for a file's size costs, which an order by size does first: %.0f µs taken", usualStat*1e6))
	p.learnOutside(lessons)
}

// learnOutside takes the processor time that no station accounts for, of files that
// waited for storage apart from those that did not.
func (p *Parameters) learnOutside(lessons []lesson) {
	var outside, files [2]float64
	for _, l := range lessons {
		if l.told.CPUS <= 0 {
			continue
		}
		n, kind := float64(l.read.ServiceS.N), 0
		if sleeps(l.scene) {
			kind = 1
		}
		net := p.networkOf(l.config, l.scene)
		outside[kind] += max(0, l.told.CPUS-n*(l.busy()+net.readCPU+net.handRead+net.handFile+net.wake))
		files[kind] += n
	}
	awake, asleep := outside[0]/max(1, files[0]), outside[1]/max(1, files[1])
	switch {
	case files[0]+files[1] == 0:
		p.lacks("processor time beside the stations: none taken")
	case files[1] == 0:
		p.OpenCPUS, p.SleepCPUS = awake, usualSleep
		p.lacks(fmt.Sprintf("what waiting for storage costs the processors: %.0f µs a file taken", usualSleep*1e6))
	case files[0] == 0:
		p.OpenCPUS = min(asleep, leastOutside)
		p.SleepCPUS = asleep - p.OpenCPUS
		p.lacks(fmt.Sprintf("how much of the processor time beside the stations is for waiting: all but %.0f µs a file taken", p.OpenCPUS*1e6))
	default:
		p.OpenCPUS, p.SleepCPUS = awake, max(0, asleep-awake)
	}
}

// leastOutside is the least processor time that a file was seen to take beside its
// analysis, s: opening and reading from a warm cache, while nobody ever sleeps. It parts
// processor time where clocks of workers that share cores do not.
const leastOutside = 12e-6

// busy is the processor time of analysing a file: what the clock says while each
// analyser has a core, and never more than the process had.
func (l lesson) busy() float64 {
	clock := l.analyse.ServiceS.Mean
	if l.told.CPUS <= 0 {
		return clock
	}
	most := l.told.CPUS / float64(l.analyse.ServiceS.N)
	return min(clock, max(most/2, most-leastOutside))
}

// readCPU is what a read took beyond what the storage asked for.
func (l lesson) readCPU(hand float64) float64 {
	cpu := l.read.ServiceS.Mean
	if st := l.told.Storage; st != nil && st.AskedMeanS > 0 {
		cpu -= max(st.MeanS, st.AskedMeanS)
	}
	if link := l.scene.Storage.LinkBytesPerSec; link > 0 {
		cpu -= float64(totalBytes(l.files)) / float64(len(l.files)) / link
	}
	if l.told.CPUS > 0 { // the clock goes on while others are on the processors
		cpu = min(cpu, l.told.CPUS/float64(l.read.ServiceS.N)-l.busy()-2*hand)
	}
	return max(0, cpu)
}

// learnHandOver parts what a reader computes between two waits into a file's share
// and a batch's, where trials differ in their batches.
func (p *Parameters) learnHandOver(lessons []lesson) {
	var hold [2]float64
	var inverse [2]float64
	seen := 0
	for _, l := range lessons {
		if l.read.HoldS == nil || l.read.HoldS.N == 0 {
			continue
		}
		x, y := 1/float64(l.config.Channel.Batch), min(l.read.HoldS.P50, longestHold)
		switch {
		case seen == 0:
			hold[0], inverse[0], seen = y, x, 1
		case seen == 1 && x != inverse[0]:
			hold[1], inverse[1], seen = y, x, 2
		}
	}
	switch seen {
	case 0:
		p.lacks("what handing over costs: nothing taken")
	case 1:
		p.HandFileS = hold[0]
		p.lacks("what a batch costs beside its files: nothing taken (calibrate with another channel.batch)")
	case 2:
		p.HandLotS = min(longestHold, max(0, (hold[0]-hold[1])/(inverse[0]-inverse[1])))
		p.HandFileS = max(0, hold[0]-p.HandLotS*inverse[0])
	}
}
