package model

import "math"

// A job is what one file asks of the pipeline.
type job struct {
	latency float64 // of the storage, s; 0: none
	service float64 // of its analysis on a processor of its own, s
	bytes   float64
	tree    float64 // bytes that its analysis holds beside the source
}

// A network is the pipeline as a closed queueing network: how many customers
// each station serves, and what passing costs. Times are seconds.
type network struct {
	readers, analysers int
	slots              int     // files between their taking and their result; 0: no bound but the channel's
	buffer, batch      int     // of the channel, in batches, and of a batch, in files
	linger             float64 // longest wait of a file for its batch to fill
	steal              bool    // files of a batch are anybody's
	budget             float64 // estimated bytes in flight; 0: no bound
	budgetRatio        float64 // estimated bytes of tree for each of source
	budgetFile         float64 // and for each file

	cores      int
	contention float64 // by which work takes longer while all cores are at it, ≥ 1
	link       float64 // bytes per second of the shared link; 0: no link

	start    float64 // from the clock's start to the first taking
	openCPU  float64 // processor time of an open, in the shadow of the latency where there is one
	readCPU  float64 // and after it
	readByte float64 // and for each byte
	late     float64 // by which a wait for storage ends late
	handRead float64 // processor time of handing a file over, of its reader
	handFile float64 // and of its analyser
	wake     float64 // until an analyser that slept is at work
}

// A simulator runs networks. It keeps its memory for the next run; it is not safe
// for concurrent use. The zero value is ready.
type simulator struct {
	net  network
	jobs []job

	now, virtual, rate float64
	stretch            float64 // by which work takes longer for the cores that are busy
	cpu, timers        heap
	linkFree           float64

	taken   []float64 // when a file was taken; then its sojourn
	began   []float64 // when its analysis began; before: how long it waited for memory
	next    []int32   // the file after it in its batch
	after   []int32   // the batch, or the file in the line for memory, behind it
	sender  []bool    // a reader waits until the batch that begins with this file is in the channel
	seat    []int32   // which analyser has it
	fresh   []bool    // the analyser slept
	idle    []int32   // ring of analysers without work
	idleAt  int
	idleN   int
	holding []float64 // what each analyser's arena keeps of the trees that it held
	buffer  []float64 // by file: bytes of its buffer
	spare   []float64 // bytes of the buffers that are free
	trees   float64   // bytes of all arenas

	upcoming, reading, inSystem, working int

	open, openTail, openN int32   // the batch that is being filled
	opened                float64 // when it got its first file
	lingers               float64 // when it has lingered
	stuck                 bool    // who sends lingered batches waits for room
	stuckFile             int32   // with this batch
	queue, queueTail      int32   // batches in the channel and those that wait for room
	queueN                int
	blocked               int32 // the first that waits for room
	pool                  int32 // files of batches that are anybody's
	poolTail              int32
	line, lineTail        int32 // files that wait for memory
	used, held            float64

	out                 outcome
	areaFlight, areaCPU float64
	areaWork, areaBoth  float64
	sumRead, sumWork    float64
	sumExtra, areaBusy  float64
	t25, t75            float64
}

// none ends a list.
const none = int32(-1)

// run simulates the jobs in their order. It allocates nothing for a file once it
// has seen as many.
func (s *simulator) run(n network, jobs []job) outcome {
	s.reset(n, jobs)
	s.now = n.start
	s.take()
	for s.out.done < len(jobs) && s.step() {
	}
	return s.finish()
}

func (s *simulator) reset(n network, jobs []job) {
	files := len(jobs)
	kept := *s
	*s = simulator{
		net: n, jobs: jobs, rate: 1, stretch: 1,
		cpu: kept.cpu[:0], timers: kept.timers[:0],
		taken: sized(kept.taken, files), began: sized(kept.began, files),
		next: sized(kept.next, files), after: sized(kept.after, files),
		sender: sized(kept.sender, files), seat: sized(kept.seat, files), fresh: sized(kept.fresh, files),
		idle: sized(kept.idle, n.analysers), holding: sized(kept.holding, n.analysers),
		buffer: sized(kept.buffer, files), spare: kept.spare[:0],
		open: none, queue: none, blocked: none, pool: none, line: none, lingers: math.Inf(1),
	}
	clear(s.holding)
	clear(s.sender)
	for i := range s.idle {
		s.idle[i] = int32(i)
	}
	s.idleN = n.analysers
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// step lets the next event happen; false if there is none.
func (s *simulator) step() bool {
	timer, work := math.Inf(1), math.Inf(1)
	if len(s.timers) > 0 {
		timer = s.timers[0].at
	}
	if len(s.cpu) > 0 {
		work = max(s.now, s.now+(s.cpu[0].at-s.virtual)/s.rate)
	}
	switch {
	case s.lingers <= timer && s.lingers <= work:
		if math.IsInf(s.lingers, 1) {
			return false
		}
		s.pass(max(s.lingers, s.now))
		s.lingered()
	case timer <= work:
		s.pass(max(timer, s.now))
		e := s.timers.pop()
		s.happen(e)
	default:
		s.pass(work)
		e := s.cpu.pop()
		s.virtual = e.at
		s.share()
		s.happen(e)
	}
	return true
}

// pass lets time pass. Jobs share the processors evenly, so one number says how much
// work each has been given.
func (s *simulator) pass(to float64) {
	d := to - s.now
	running := float64(len(s.cpu))
	if running > 0 {
		s.virtual += d * s.rate
		s.areaCPU += d * min(running, float64(s.net.cores))
	}
	s.areaFlight += d * float64(s.inSystem)
	s.areaWork += d * float64(s.working)
	s.areaBusy += d * float64(s.working) * s.rate * s.stretch
	if s.working > 1 {
		s.areaBoth += d * float64(s.working)
	}
	s.now = to
}

// share sets how fast each job is served: all of them at full speed as far as there
// are cores, slower the more cores are busy, since they share caches and memory.
func (s *simulator) share() {
	running, cores := len(s.cpu), s.net.cores
	s.stretch = 1
	if cores > 1 && running > 1 {
		s.stretch = 1 + (s.net.contention-1)*float64(min(running, cores)-1)/float64(cores-1)
	}
	s.rate = 1 / s.stretch
	if running > cores {
		s.rate *= float64(cores) / float64(running)
	}
}

func (s *simulator) compute(file int32, k kind, seconds float64) {
	s.cpu.push(event{s.virtual + seconds, file, k})
	s.share()
}

func (s *simulator) happen(e event) {
	switch e.kind {
	case arrives:
		s.arrive(e.file)
	case opened, unlinked:
		s.afford(e.file)
	case copied:
		s.ready(e.file)
	case analysed:
		s.settle(e.file)
	case apart:
	}
}

// take lets free readers take files.
func (s *simulator) take() {
	for s.reading < s.net.readers && s.upcoming < len(s.jobs) && (s.net.slots == 0 || s.inSystem < s.net.slots) {
		file := int32(s.upcoming)
		s.upcoming++
		s.reading++
		s.inSystem++
		s.taken[file], s.began[file], s.next[file], s.after[file] = s.now, 0, none, none
		j := &s.jobs[file]
		switch {
		case !s.net.waits(j):
			s.compute(file, unlinked, s.net.openCPU)
			continue
		case s.net.openCPU > 0:
			s.compute(file, apart, s.net.openCPU)
		}
		if s.net.link > 0 {
			s.timers.push(event{s.now + j.latency, file, arrives})
		} else {
			s.timers.push(event{s.now + j.latency + s.net.late, file, opened})
		}
	}
	s.close()
}

// waits tells whether a file's open waits for the storage.
func (n network) waits(j *job) bool { return j.latency > 0 || n.link > 0 }

// arrive puts a file on the link, which serves in the order of arrival.
func (s *simulator) arrive(file int32) {
	s.linkFree = max(s.now, s.linkFree) + s.jobs[file].bytes/s.net.link
	s.timers.push(event{s.linkFree + s.net.late, file, opened})
}

// afford takes a file's bytes from the budget, first come, first served.
func (s *simulator) afford(file int32) {
	if s.net.budget > 0 {
		if cost := s.cost(file); s.line != none || s.used+cost > s.net.budget {
			s.began[file] = -s.now
			if s.line == none {
				s.line = file
			} else {
				s.after[s.lineTail] = file
			}
			s.lineTail = file
			s.flush()
			return
		}
	}
	s.fetch(file)
}

func (s *simulator) cost(file int32) float64 {
	return min(s.net.budget, s.net.budgetFile+s.jobs[file].bytes*(1+s.net.budgetRatio))
}

// fetch reads a file whose bytes are paid for.
func (s *simulator) fetch(file int32) {
	if s.net.budget > 0 {
		s.used += s.cost(file)
	}
	if s.began[file] < 0 {
		s.began[file] += s.now
	}
	s.held += s.lend(file)
	s.out.peakSource = max(s.out.peakSource, s.held)
	s.compute(file, copied, s.net.readCPU+s.net.readByte*s.jobs[file].bytes+s.net.handRead)
}

// The scanner's buffers: see scanner/pipeline's.
const (
	leastBuffer   = 4 << 10
	largestBuffer = 1 << 20
)

// lend takes a file's buffer: one that is free, as large as the largest file that it
// has held, or larger if need be. So buffers grow towards the largest files.
func (s *simulator) lend(file int32) float64 {
	room := max(leastBuffer, s.jobs[file].bytes)
	if room <= largestBuffer {
		room = math.Exp2(math.Ceil(math.Log2(room)))
	}
	if last := len(s.spare) - 1; last >= 0 {
		room = max(room, s.spare[last])
		s.spare = s.spare[:last]
	}
	s.buffer[file] = room
	return room
}

// giveBack frees a file's buffer, for the next one to take unless it is a giant's.
func (s *simulator) giveBack(file int32) float64 {
	room := s.buffer[file]
	if room <= largestBuffer {
		s.spare = append(s.spare, room)
	}
	return room
}

// ready hands a file over.
func (s *simulator) ready(file int32) {
	s.sumRead += s.now - s.taken[file] - s.began[file] - s.net.handRead
	if s.net.slots > 0 {
		s.reading--
		s.send(file, false)
		s.take()
		return
	}
	if s.net.batch == 1 {
		s.send(file, true)
		return
	}
	if s.open == none {
		s.open, s.openN, s.opened = file, 0, s.now
		if !s.stuck {
			s.lingers = s.now + s.net.linger
		}
	} else {
		s.next[s.openTail] = file
	}
	s.openTail = file
	s.openN++
	if int(s.openN) == s.net.batch {
		full := s.open
		s.open, s.lingers = none, math.Inf(1)
		s.send(full, true)
		return
	}
	if s.line != none {
		s.flush()
	}
	s.release()
}

// release lets a reader go on.
func (s *simulator) release() {
	s.reading--
	s.take()
}

// flush sends the open batch, however full it is.
func (s *simulator) flush() {
	if s.open != none {
		b := s.open
		s.open, s.lingers = none, math.Inf(1)
		s.send(b, false)
	}
}

// close sends the last batch when no reader puts any more.
func (s *simulator) close() {
	if s.reading == 0 && s.upcoming == len(s.jobs) {
		s.flush()
	}
}

// lingered sends a batch whose time is up. Nobody else does while that waits for
// room.
func (s *simulator) lingered() {
	b := s.open
	s.open, s.lingers = none, math.Inf(1)
	if s.idleN == 0 && s.queueN >= s.net.buffer {
		s.stuck, s.stuckFile = true, b
	}
	s.send(b, false)
}

// send puts a batch into the channel, or behind it.
func (s *simulator) send(b int32, reader bool) {
	if s.idleN > 0 && s.queueN == 0 {
		s.deliver(b, true)
		if reader {
			s.release()
		}
		return
	}
	if s.queue == none {
		s.queue = b
	} else {
		s.after[s.queueTail] = b
	}
	s.queueTail = b
	s.after[b] = none
	s.queueN++
	if s.net.slots > 0 || s.queueN <= s.net.buffer {
		if reader {
			s.release()
		}
		return
	}
	s.sender[b] = reader
	if s.blocked == none {
		s.blocked = b
	}
}

// receive takes the oldest batch out of the channel; admit is owed.
func (s *simulator) receive() int32 {
	b := s.queue
	s.queue = s.after[b]
	s.queueN--
	return b
}

// serve lets in as many from the head of the line as fit.
func (s *simulator) serve() {
	for s.line != none && s.used+s.cost(s.line) <= s.net.budget {
		file := s.line
		s.line = s.after[file]
		s.after[file] = none
		s.fetch(file)
	}
}
