package model

import (
	"errors"
	"fmt"
	"math"

	"sluice/scanner/observe"
)

// Schema names the form of Parameters in JSON.
const Schema = "sluice.model/v1"

// Parameters are what calibration learned of a machine and a corpus. They are made by
// Calibrate; the zero value predicts nothing.
type Parameters struct {
	Schema string `json:"schema"` // Schema

	Cores       int    `json:"cores"`       // that the trials ran on
	Corpus      string `json:"corpus"`      // that they scanned
	Storage     string `json:"storage"`     // profile that they met
	Fingerprint string `json:"fingerprint"` // of the corpus
	Trials      int    `json:"trials"`      // that calibrated

	OpenCPUS   float64 `json:"open_cpu_s"`       // processor time of a file outside the stations' own: opening, collecting garbage
	SleepCPUS  float64 `json:"sleep_cpu_s"`      // and of going to sleep and waking, where it waits for storage
	ReadCPUS   float64 `json:"read_cpu_s"`       // processor time of reading after the storage has answered, for each file
	LateS      float64 `json:"late_s"`           // by which a wait for storage ends late
	HandFileS  float64 `json:"hand_over_file_s"` // processor time of handing a file over
	HandLotS   float64 `json:"hand_over_lot_s"`  // processor time of handing a batch over
	WakeS      float64 `json:"wake_s"`           // until an analyser that slept is at work
	StartS     float64 `json:"start_s"`          // of the parent's clock that are not the scan's
	StatS      float64 `json:"stat_s"`           // of asking for a file's size, which an order by size does first
	Contention float64 `json:"contention"`       // by which work takes longer while all cores are at it, ≥ 1

	Service Service `json:"service"`
	Memory  Memory  `json:"memory"`

	Residual Residual `json:"residual"`
	Seen     Seen     `json:"seen"`
	Unknown  []string `json:"unknown"` // what the trials could not tell, and what was taken instead
}

// Service is what analysing costs, on a processor of its own.
type Service struct {
	Files int64   `json:"files"`
	Bytes int64   `json:"bytes"` // of these files
	MeanS float64 `json:"mean_s"`
	P50S  float64 `json:"p50_s"`
	P90S  float64 `json:"p90_s"`
	P99S  float64 `json:"p99_s"`
	MaxS  float64 `json:"max_s"`
	Scale float64 `json:"scale"` // from what was measured beside other work to what work takes alone, ≤ 1

	BySize []observe.SizeCost `json:"by_size,omitempty"` // by the size of files; empty where the trials did not tell

	TreePeakBytes float64 `json:"tree_peak_bytes"` // of the dearest file
}

// Memory says what is resident at the peak.
type Memory struct {
	BaseBytes        float64 `json:"base_bytes"`         // the program, its rules and its runtime
	PerReaderBytes   float64 `json:"per_reader_bytes"`   // stack, books, buffer
	PerAnalyserBytes float64 `json:"per_analyser_bytes"` // parser, arena, books
	HeapShare        float64 `json:"heap_share"`         // resident bytes for each byte of the heap's peak, as the collector's pace allows it
	TreeShare        float64 `json:"tree_share"`         // resident bytes for each byte of the analysers' largest trees
}

// Residual is what is left between trials and their own predictions, as standard
// deviations of logarithms.
type Residual struct {
	Wall float64 `json:"wall"`
	P99  float64 `json:"p99"`
	RSS  float64 `json:"rss"`
}

// Seen is the range of the trials: beyond it a prediction is an extrapolation.
type Seen struct {
	Schedulers   []string `json:"schedulers"`
	Storages     []string `json:"storages"`
	IOWorkersMin int      `json:"io_workers_min"`
	IOWorkersMax int      `json:"io_workers_max"`
	MostAtWork   float64  `json:"most_at_work"` // analysers busy on average in the busiest trial
}

// errNotCalibrated is what an empty or broken set of parameters is refused with.
var errNotCalibrated = errors.New("the model is not calibrated; calibrate it with a trial of the scanner")

// validate refuses parameters that Calibrate cannot have made.
func (p Parameters) validate() error {
	if p.Schema != Schema || p.Cores < 1 || p.Service.Files < 1 {
		return errNotCalibrated
	}
	for name, v := range map[string]float64{
		"open_cpu_s": p.OpenCPUS, "sleep_cpu_s": p.SleepCPUS, "read_cpu_s": p.ReadCPUS, "late_s": p.LateS, "hand_over_file_s": p.HandFileS, "hand_over_lot_s": p.HandLotS,
		"wake_s": p.WakeS, "start_s": p.StartS, "stat_s": p.StatS, "service.mean_s": p.Service.MeanS, "service.scale": p.Service.Scale,
	} {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return fmt.Errorf("parameter %s is %v; use a number of seconds, 0 or more", name, v)
		}
	}
	if !(p.Contention >= 1) || p.Contention > 100 {
		return fmt.Errorf("parameter contention is %v; use 1 … 100", p.Contention)
	}
	return nil
}
