package observe

import "time"

// Station describes one station of a scan, as written to the statistics.
type Station struct {
	Name        string    `json:"name"`
	Workers     int       `json:"workers"`
	ServiceS    Quantiles `json:"service_s"`   // how long the station worked on a file
	WaitS       Quantiles `json:"wait_s"`      // how long a file queued for the station
	Utilisation float64   `json:"utilisation"` // share of workers × wall spent in service, 0 … 1
}

// Meter measures one station. Create it with NewMeter; it is safe for
// concurrent use, its probes are not.
type Meter struct {
	name    string
	workers int
	service *Series
	wait    *Series
}

// NewMeter returns a meter for a station of so many workers (≥ 1).
func NewMeter(name string, workers int) *Meter {
	return &Meter{name: name, workers: workers, service: NewSeries(), wait: NewSeries()}
}

// Probe returns the probe of one worker.
func (m *Meter) Probe() Probe {
	return Probe{Service: m.service.Recorder(), Wait: m.wait.Recorder()}
}

// Station sums up what the flushed probes recorded within wall.
func (m *Meter) Station(wall time.Duration) Station {
	s := Station{Name: m.name, Workers: m.workers, ServiceS: m.service.Quantiles(), WaitS: m.wait.Quantiles()}
	if wall > 0 && m.workers > 0 {
		s.Utilisation = m.service.Total().Seconds() / (wall.Seconds() * float64(m.workers))
	}
	return s
}

// A Probe records for one worker of a station. The zero value cannot record.
type Probe struct {
	Service *Recorder
	Wait    *Recorder
}

// Flush hands what is buffered to the meter.
func (p Probe) Flush() {
	p.Service.Flush()
	p.Wait.Flush()
}
