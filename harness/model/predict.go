package model

import (
	"fmt"
	"math"
	"slices"

	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/scanner/config"
)

// PredictionSchema names the form of Prediction in JSON.
const PredictionSchema = "sluice.prediction/v1"

// Prediction is what the model expects of a configuration in a scenario. Times are
// seconds.
type Prediction struct {
	Schema  string      `json:"schema"` // PredictionSchema
	Config  record.Flat `json:"config"`
	Corpus  string      `json:"corpus"`
	Storage string      `json:"storage"`
	Cores   int         `json:"cores"`
	Files   int         `json:"files"`
	Bytes   int64       `json:"bytes"`

	WallS               Figure   `json:"wall_s"`
	ThroughputBytesPerS Figure   `json:"throughput_bytes_per_s"`
	ThroughputFilesPerS Figure   `json:"throughput_files_per_s"`
	SojournP50S         Figure   `json:"sojourn_p50_s"`
	SojournP99S         Figure   `json:"sojourn_p99_s"`
	RSSPeakBytes        Figure   `json:"rss_peak_bytes"`
	FirstResultS        float64  `json:"first_result_s"`
	InFlightMean        float64  `json:"in_flight_mean"`       // files
	PeakSourceBytes     float64  `json:"in_flight_peak_bytes"` // of source
	ReadersBusy         float64  `json:"readers_busy"`         // share of workers × time, 0 … 1
	AnalysersBusy       float64  `json:"analysers_busy"`       // likewise
	CoresBusy           float64  `json:"cores_busy"`           // of Cores, on average
	Bounds              Bounds   `json:"bounds"`               // what no schedule of these knobs could beat
	Doubts              []string `json:"doubts,omitempty"`     // what lies beyond the calibration
	Ignored             []string `json:"ignored,omitempty"`    // knobs that the model does not follow
	Simulations         int      `json:"simulations"`
}

// Figure is a predicted value with the interval that should hold about two thirds of
// trials: calibration's residual and the spread over simulations, as a standard deviation of
// the logarithm.
type Figure struct {
	Value     float64 `json:"value"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Deviation float64 `json:"log_deviation"`
}

func figure(values []float64, residual float64) Figure {
	slices.Sort(values)
	v := stats.Median(values)
	spread := 0.0
	for _, x := range values {
		if x > 0 && v > 0 {
			d := math.Log(x / v)
			spread += d * d / float64(len(values))
		}
	}
	d := math.Sqrt(residual*residual + spread)
	return Figure{Value: v, Low: v * math.Exp(-d), High: v * math.Exp(d), Deviation: d}
}

// Options say how much is simulated.
type Options struct {
	// Simulations is how often the run is simulated, each time with the service times
	// dealt out otherwise; 0 is 5.
	Simulations int
	// Redraw has each simulation draw latencies of its own, from the block's number on, as
	// trials of other blocks would meet; else all meet those of the scenario's block.
	Redraw bool
}

// Predict simulates a configuration in a scenario, which takes about half a
// microsecond a file for each simulation. It refuses what Validate refuses.
func Predict(p Parameters, c config.Config, s Scenario, o Options) (Prediction, error) {
	if err := check(p, c, s); err != nil {
		return Prediction{}, err
	}
	c = c.Resolve(s.Cores)
	if o.Simulations < 1 {
		o.Simulations = 5
	}
	n, files := p.networkOf(c, s), ordered(s.Files, c.Source.Order)
	var (
		sim                   simulator
		jobs                  []job
		walls, p50, p99, rss  []float64
		first, flight, source float64
		readers, workers, cpu float64
		least                 Bounds // over the simulations: each may have latencies of its own
	)
	share := 1 / float64(o.Simulations)
	total := totalBytes(files)
	for i := range o.Simulations {
		block := s.Block
		if o.Redraw {
			block += i
		}
		jobs = p.jobs(jobs[:0], files, s, block, math.Mod(0.5+float64(i)*golden, 1))
		r := sim.run(n, jobs)
		if b := bounds(n, p.StartS, jobs); i == 0 || b.WallS < least.WallS {
			least = b
		}
		walls, p50, p99 = append(walls, r.wall+p.StartS), append(p50, r.p50), append(p99, r.p99)
		rss = append(rss, p.Memory.rss(c, n, r, float64(total)))
		first, flight, source = first+r.first*share, flight+r.inFlight*share, source+r.peakSource*share
		readers, workers, cpu = readers+r.readBusy*share, workers+r.workBusy*share, cpu+r.cores*share
	}
	flat, doubts := c.Flat(), p.doubts(c, s)
	wide := float64(1 + len(doubts)) // each doubt widens the intervals by as much again
	got := Prediction{
		Schema: PredictionSchema, Config: flat, Corpus: s.Corpus, Storage: s.Storage.Name, Cores: s.Cores, Files: len(files), Bytes: total,
		WallS: figure(walls, wide*p.Residual.Wall), SojournP50S: figure(p50, wide*p.Residual.P99), SojournP99S: figure(p99, wide*p.Residual.P99),
		RSSPeakBytes: figure(rss, wide*p.Residual.RSS),
		FirstResultS: first, InFlightMean: flight, PeakSourceBytes: source, ReadersBusy: readers, AnalysersBusy: workers, CoresBusy: cpu,
		Bounds: least, Doubts: doubts, Ignored: Ignored(c, s.Cores), Simulations: o.Simulations,
	}
	got.ThroughputBytesPerS = got.WallS.rate(float64(total))
	got.ThroughputFilesPerS = got.WallS.rate(float64(len(files)))
	return got, nil
}

// rate is an amount over a time.
func (f Figure) rate(amount float64) Figure {
	if f.Value <= 0 {
		return Figure{}
	}
	return Figure{Value: amount / f.Value, Low: amount / f.High, High: amount / f.Low, Deviation: f.Deviation}
}

func check(p Parameters, c config.Config, s Scenario) error {
	if err := p.validate(); err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return s.validate()
}

func totalBytes(files []File) (sum int64) {
	for _, f := range files {
		sum += f.Bytes
	}
	return sum
}
