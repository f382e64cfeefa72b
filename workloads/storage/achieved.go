package storage

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Achieved tells what latency the opens of a trial really met. Only opens of
// regular files that were waited out count. The link's part is kept apart, so
// that MeanS compares with the profile: MeanS = AskedMeanS + MeanExcessS.
type Achieved struct {
	Opens       int64   `json:"opens"`
	AskedMeanS  float64 `json:"asked_mean_s"`  // mean latency drawn, seconds
	MeanS       float64 `json:"mean_s"`        // mean latency achieved
	P50S        float64 `json:"p50_s"`         // of the latency achieved, within 0.1 %
	P99S        float64 `json:"p99_s"`         // likewise
	MeanExcessS float64 `json:"mean_excess_s"` // mean lateness against the simulated end of the open
	MeanLinkS   float64 `json:"mean_link_s"`   // mean time asked of the link: its queue and the transfer
}

// The histogram spans 100 ns to ten minutes with three digits, in 250 kB.
// Longer opens count as ten minutes in the quantiles and in full in the means.
const (
	shortest = 100 * time.Nanosecond
	longest  = 10 * time.Minute
	digits   = 3
)

// meter gathers what opens met. Safe for concurrent use; recording costs about
// 100 ns, after the wait is over.
type meter struct {
	mu      sync.Mutex
	latency *hdrhistogram.Histogram // guarded by mu; achieved, nanoseconds
	asked   time.Duration           // guarded by mu; sums from here on
	excess  time.Duration           // guarded by mu
	link    time.Duration           // guarded by mu
}

func newMeter() *meter {
	return &meter{latency: hdrhistogram.New(int64(shortest), int64(longest), digits)}
}

// record adds one open: the latency asked of it, the time asked of the link,
// and how late it was against both.
func (m *meter) record(asked, link, excess time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked += asked
	m.link += link
	m.excess += excess
	// In range by construction, so that the error cannot occur.
	_ = m.latency.RecordValue(int64(min(max(asked+excess, 0), longest)))
}

func (m *meter) achieved() Achieved {
	m.mu.Lock()
	defer m.mu.Unlock()
	opens := m.latency.TotalCount()
	if opens == 0 {
		return Achieved{}
	}
	mean := func(sum time.Duration) float64 { return sum.Seconds() / float64(opens) }
	quantile := func(percent float64) float64 {
		return time.Duration(m.latency.ValueAtQuantile(percent)).Seconds()
	}
	return Achieved{
		Opens:       opens,
		AskedMeanS:  mean(m.asked),
		MeanS:       mean(m.asked + m.excess),
		P50S:        quantile(50),
		P99S:        quantile(99),
		MeanExcessS: mean(m.excess),
		MeanLinkS:   mean(m.link),
	}
}
