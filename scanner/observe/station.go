package observe

import (
	"math"
	"time"
)

// HoldLimit is the hold time above which, at the 99th percentile, an I/O station
// is flagged. Asynchronous runtimes ask their tasks to come back to a waiting
// point within 10 to 100 µs; what stays longer keeps others from their I/O.
const HoldLimit = 100 * time.Microsecond

// Station describes one station of a scan, as written to the statistics.
type Station struct {
	Name        string    `json:"name"`
	Workers     int       `json:"workers"`
	ServiceS    Quantiles `json:"service_s"`   // how long the station worked on a file
	WaitS       Quantiles `json:"wait_s"`      // how long a file queued for the station
	Utilisation float64   `json:"utilisation"` // share of workers × wall spent in service, 0 … 1

	// HoldS is how long an I/O worker ran between two declared waits (for a file,
	// for memory budget, for storage, for room in the channel). Nil where the
	// station has none to declare.
	HoldS       *Quantiles `json:"hold_s,omitempty"`
	HoldFlagged bool       `json:"hold_flagged,omitempty"` // the p99 of HoldS exceeds HoldLimit
}

// Meter measures one station. Create it with NewMeter or NewIOMeter; it is safe
// for concurrent use, its probes are not.
type Meter struct {
	name    string
	workers int
	service *Series
	wait    *Series
	hold    *Series // nil where the station declares no waits
}

// NewMeter returns a meter for a station of so many workers (≥ 1).
func NewMeter(name string, workers int) *Meter {
	return &Meter{name: name, workers: workers, service: NewSeries(), wait: NewSeries()}
}

// NewIOMeter returns a meter for a station of so many I/O workers (≥ 1), whose
// hold times are measured too. It takes another 270 KB.
func NewIOMeter(name string, workers int) *Meter {
	m := NewMeter(name, workers)
	m.hold = NewSeries()
	return m
}

// Probe returns the probe of one worker.
func (m *Meter) Probe() Probe {
	p := Probe{Service: m.service.Recorder(), Wait: m.wait.Recorder()}
	if m.hold != nil {
		p.Hold = m.hold.Recorder()
	}
	return p
}

// Station sums up what the flushed probes recorded within wall.
func (m *Meter) Station(wall time.Duration) Station {
	s := Station{Name: m.name, Workers: m.workers, ServiceS: m.service.Quantiles(), WaitS: m.wait.Quantiles()}
	if wall > 0 && m.workers > 0 {
		s.Utilisation = m.service.Total().Seconds() / (wall.Seconds() * float64(m.workers))
	}
	if m.hold != nil {
		hold := m.hold.Quantiles()
		s.HoldS, s.HoldFlagged = &hold, hold.P99 > HoldLimit.Seconds()
	}
	return s
}

// Of is the station with its utilisation stated for so many of its workers, ≥ 1: as
// many as a limiter let work on average, while others stood by.
func (s Station) Of(workers float64) Station {
	workers = max(workers, 1)
	s.Utilisation *= float64(s.Workers) / workers
	s.Workers = int(math.Round(workers))
	return s
}

// A Probe records for one worker of a station. The zero value drops what it is
// given.
type Probe struct {
	Service *Recorder
	Wait    *Recorder
	Hold    *Recorder // nil, which drops, unless the meter is NewIOMeter's; fed by Watched.Set
}

// Flush hands what is buffered to the meter.
func (p Probe) Flush() {
	p.Service.Flush()
	p.Wait.Flush()
	p.Hold.Flush()
}
