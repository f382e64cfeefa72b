package observe

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// sampleEvery is the mean interval between two samples of the gauge: some fifty in
// the shortest scan that anybody times (0.5 s). A sample takes well below a microsecond,
// but a process that sleeps must wake up for it, which was seen to take 70 to 150 µs of CPU
// time in a virtual machine (no less for a bare nanosleep in a thread of its own): at
// 5 ms 2 % of one processor, in a scan that waits for storage.
const sampleEvery = 10 * time.Millisecond

// A Tally counts what one worker takes in flight and settles. Only its worker
// calls its methods; they cost an atomic addition in a cache line of its own.
// The zero value is ready.
type Tally struct {
	counts Counts
	_      [128]byte
}

// Counts are a tally's sums since its beginning.
type Counts struct{ InFiles, InBytes, OutFiles, OutBytes int64 }

// Counts returns where the sums are kept, to be loaded atomically, for a sampler
// outside Go: see package sampler.
func (t *Tally) Counts() *Counts { return &t.counts }

// Enter counts files and bytes that are in flight from now on. A file whose size is
// not known yet enters as one file of 0 bytes, and its bytes as 0 files later.
func (t *Tally) Enter(files, bytes int64) {
	atomic.AddInt64(&t.counts.InFiles, files)
	atomic.AddInt64(&t.counts.InBytes, bytes)
}

// Leave counts files and bytes that are in flight no more. Another worker's tally
// may have counted their entering.
func (t *Tally) Leave(files, bytes int64) {
	atomic.AddInt64(&t.counts.OutFiles, files)
	atomic.AddInt64(&t.counts.OutBytes, bytes)
}

// InFlight adds up the tallies. It may run beside their workers: what left is
// read before what entered, so that it is never negative, and off by no more than
// what entered meanwhile.
func InFlight(tallies []*Tally) (files, bytes int64) {
	for _, t := range tallies {
		files -= atomic.LoadInt64(&t.counts.OutFiles)
		bytes -= atomic.LoadInt64(&t.counts.OutBytes)
	}
	for _, t := range tallies {
		files += atomic.LoadInt64(&t.counts.InFiles)
		bytes += atomic.LoadInt64(&t.counts.InBytes)
	}
	return files, bytes
}

// Little returns meanInFlight ÷ (throughput × meanSojourn), in files, files per
// second and seconds: L = λW (J. D. C. Little, A Proof for the Queuing Formula
// L = λW, Operations Research 9(3), 1961). Over an interval that begins and ends
// with nothing in flight it is 1 by arithmetic, whatever the distributions, if
// all three speak of the same files; a gauge that is sampled by itself is off by its
// sampling error alone, Average.StandardError ÷ Average.Mean. It is 0 where
// throughput or sojourn is.
func Little(meanInFlight, throughput, meanSojourn float64) float64 {
	if throughput <= 0 || meanSojourn <= 0 {
		return 0
	}
	return meanInFlight / (throughput * meanSojourn)
}

// A Gauge averages a quantity over time by looking at it at random moments. The
// intervals between looks are exponential and know nothing of the quantity, so that the
// looks see time averages (R. W. Wolff, Poisson Arrivals See Time Averages,
// Operations Research 30(2), 1982); regular ones might keep step with the scan. A look
// that comes late because the processors are busy is late for a reason that the
// quantity may share: Summary has how late they were.
//
// A Gauge is for one goroutine.
type Gauge struct {
	rng          *rand.Rand
	mean         time.Duration
	files, bytes batches
}

// NewGauge returns a gauge whose looks are mean apart on average (0: 10 ms), at
// intervals that the seed determines.
func NewGauge(mean time.Duration, seed uint64) *Gauge {
	if mean <= 0 {
		mean = sampleEvery
	}
	return &Gauge{rng: rand.New(rand.NewPCG(seed, 0x6f627365727665)), mean: mean}
}

// Next draws the time until the next look, exponential and at least 1 ns.
func (g *Gauge) Next() time.Duration {
	return max(1, time.Duration(g.rng.ExpFloat64()*float64(g.mean)))
}

// Look takes a sample: files and bytes in flight now.
func (g *Gauge) Look(files, bytes int64) {
	g.files.add(float64(files))
	g.bytes.add(float64(bytes))
}

// InFlight returns the averages of the samples so far.
func (g *Gauge) InFlight() (files, bytes Average) { return g.files.average(), g.bytes.average() }

// Average describes a quantity over time. All are 0 when there is no sample.
type Average struct {
	N    int64   `json:"n"` // samples
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"` // of the samples: the true one may have fallen between them
	// StandardError is of the mean, by the method of batch means (B. Schmeiser,
	// Batch Size Effects in the Analysis of Simulation Output, Operations Research
	// 30(3), 1982): neighbouring samples are alike, means of long batches hardly, so
	// it is the deviation of the batches' means ÷ √Batches. It is too small if the
	// quantity drifts for longer than a batch, and 0, unknown, with fewer than two.
	StandardError float64 `json:"standard_error"`
	Batches       int     `json:"batches"` // 16 … 31 from 16 samples on
}

// mostBatches is where neighbouring batches are joined. Schmeiser finds little to be
// won from more than 30.
const mostBatches = 32

// batches gathers samples into batches of equal length, and doubles it when they become too
// many, so that its size does not depend on how long the scan takes.
type batches struct {
	n      int64
	sum    float64
	max    float64
	batch  [mostBatches]float64 // sums of complete batches
	full   int                  // of them
	length int64                // samples in a batch; 0 counts as 1
	open   float64              // sum of the batch under way
	inOpen int64                // samples in it
}

func (s *batches) add(x float64) {
	s.n++
	s.sum += x
	s.max = max(s.max, x)
	s.length = max(s.length, 1)
	s.open += x
	s.inOpen++
	if s.inOpen < s.length {
		return
	}
	s.batch[s.full] = s.open
	s.full++
	s.open, s.inOpen = 0, 0
	if s.full == mostBatches {
		for i := range mostBatches / 2 {
			s.batch[i] = s.batch[2*i] + s.batch[2*i+1]
		}
		s.full, s.length = mostBatches/2, 2*s.length
	}
}

func (s *batches) average() Average {
	if s.n == 0 {
		return Average{}
	}
	a := Average{N: s.n, Mean: s.sum / float64(s.n), Max: s.max, Batches: s.full}
	if s.full < 2 {
		return a
	}
	var mean, squares float64
	for _, sum := range s.batch[:s.full] {
		mean += sum / float64(s.length) / float64(s.full)
	}
	for _, sum := range s.batch[:s.full] {
		d := sum/float64(s.length) - mean
		squares += d * d
	}
	a.StandardError = math.Sqrt(squares / float64(s.full-1) / float64(s.full))
	return a
}
