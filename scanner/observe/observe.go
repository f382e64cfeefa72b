package observe

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range and precision of a histogram. What lies outside is counted at the
// nearest end; sums stay exact.
const (
	shortest = time.Nanosecond // a unit of 1 ns keeps the precision from 1 µs up
	longest  = time.Hour
	digits   = 3
)

// A Series gathers the durations of one kind. Create it with NewSeries. It is
// safe for concurrent use.
type Series struct {
	mu        sync.Mutex
	histogram *hdrhistogram.Histogram // guarded by mu
	total     time.Duration           // guarded by mu; exact, where the histogram rounds
	longest   time.Duration           // guarded by mu; exact too
}

// NewSeries returns an empty series, which takes 270 KB.
func NewSeries() *Series {
	return &Series{histogram: hdrhistogram.New(int64(shortest), int64(longest), digits)}
}

// Recorder returns a recorder into s for one goroutine.
func (s *Series) Recorder() *Recorder { return &Recorder{series: s} }

func (s *Series) add(values []time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range values {
		s.total += d
		s.longest = max(s.longest, d)
		// The value is within range, the only error there is.
		_ = s.histogram.RecordValue(int64(min(max(d, shortest), longest)))
	}
}

// Total returns the exact sum of what was recorded and flushed.
func (s *Series) Total() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// Quantiles sums up what was recorded and flushed.
func (s *Series) Quantiles() Quantiles {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.histogram.TotalCount()
	if n == 0 {
		return Quantiles{}
	}
	at := func(percent float64) float64 {
		return min(time.Duration(s.histogram.ValueAtQuantile(percent)), s.longest).Seconds()
	}
	return Quantiles{
		N:    n,
		Mean: s.total.Seconds() / float64(n),
		P50:  at(50),
		P90:  at(90),
		P99:  at(99),
		Max:  s.longest.Seconds(),
	}
}

// Quantiles describes a series, in seconds. All are 0 when nothing was
// recorded. Quantiles are exact to 0.1 % between 1 µs and 1 h; Mean and Max are exact.
type Quantiles struct {
	N    int64   `json:"n"` // durations recorded
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// A Recorder records for one goroutine at a time. Whoever reads the series
// flushes its recorders first, once their goroutines have ended.
type Recorder struct {
	series *Series
	n      int
	buffer [256]time.Duration
}

// Record adds one duration. A nil recorder drops it.
func (r *Recorder) Record(d time.Duration) {
	if r == nil {
		return
	}
	r.buffer[r.n] = d
	r.n++
	if r.n == len(r.buffer) {
		r.Flush()
	}
}

// Flush hands what is buffered to the series. A nil recorder has nothing.
func (r *Recorder) Flush() {
	if r == nil {
		return
	}
	r.series.add(r.buffer[:r.n])
	r.n = 0
}
