// Package record holds what a measurement leaves behind: trials, samples,
// scenarios, machines, ratios and decisions, as plain values with a unit in
// every name.
//
// It stands on the ground floor. It imports nothing of ours and computes
// nothing but names and digests; the store writes these values, the statistics
// and the reports read them. Every summary can be recomputed from the trials.
package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Flat is a configuration as knob name to value: {"io.workers": 8}. Numbers are
// numbers, sizes are bytes, durations are seconds, words are strings.
type Flat map[string]any

// ID is a short digest of the configuration, equal for equal configurations
// whatever the Go type of their numbers. It is empty for an empty configuration.
func (f Flat) ID() string {
	if len(f) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(f.String()))
	return hex.EncodeToString(sum[:4])
}

// Float is the value of a knob that is a number, and whether it is one.
func (f Flat) Float(name string) (float64, bool) {
	switch v := f[name].(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	default:
		return 0, false
	}
}

// String lists the knobs in the order of their names: "cpu.workers=2 io.workers=8".
func (f Flat) String() string {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s=%v", name, f[name])
	}
	return b.String()
}

// UnmarshalJSON reads whole numbers as int64 and others as float64, so that a
// configuration read back from the store equals the one that was written.
func (f *Flat) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var raw map[string]any
	if err := dec.Decode(&raw); err != nil {
		return fmt.Errorf("read a flat configuration: %w", err)
	}
	for name, value := range raw {
		number, ok := value.(json.Number)
		if !ok {
			continue
		}
		if whole, err := number.Int64(); err == nil {
			raw[name] = whole
			continue
		}
		float, err := number.Float64()
		if err != nil {
			return fmt.Errorf("read knob %s: %w", name, err)
		}
		raw[name] = float
	}
	*f = raw
	return nil
}

// Machine is the fingerprint of the machine that measured. Class is coarse and
// names a kind of machine in a fleet; the rest is detail. What cannot be read
// is absent, never zero.
type Machine struct {
	Class       string            `json:"class"` // "linux-amd64-2c-24g"
	UsableCores int               `json:"usable_cores"`
	MemoryBytes int64             `json:"memory_bytes"`
	Detail      map[string]string `json:"detail,omitempty"` // cpu model, kernel, go version, filesystem …
	Absent      []string          `json:"absent,omitempty"` // what this machine cannot tell
}

// Scenario is corpus × storage profile × slice of the machine.
type Scenario struct {
	Name        string `json:"name"` // "goroot/nfs/2c"
	Corpus      string `json:"corpus"`
	Root        string `json:"root"`
	Fingerprint string `json:"fingerprint"` // of the corpus
	Files       int    `json:"files"`
	Bytes       int64  `json:"bytes"`
	Storage     string `json:"storage"`
	Cores       int    `json:"cores"`
}

// Sample says which files of a corpus a trial scans. Equal fingerprints mean
// equal lists of files.
type Sample struct {
	Seed        uint64  `json:"seed"`
	Index       int     `json:"index"` // the draw; samples of different index are disjoint where the corpus allows
	Files       int     `json:"files"`
	Bytes       int64   `json:"bytes"`
	Fidelity    float64 `json:"fidelity"` // share of the corpus's bytes, 0 … 1
	Fingerprint string  `json:"fingerprint"`
}

// Phase is the part of a run that a trial belongs to.
type Phase string

// The phases of a run, in the order in which a run meets them.
const (
	Warmup       Phase = "warmup"       // thrown away by rule
	Calibration  Phase = "calibration"  // sizes the sample
	Search       Phase = "search"       // looks for candidates; its figures are inflated by selection
	Confirmation Phase = "confirmation" // fresh samples; the only figures reported as gain
	Full         Phase = "full"         // the confirmation block at fidelity 1
	Grid         Phase = "grid"         // an experiment run as written
	Comparison   Phase = "comparison"
	Profiling    Phase = "profile" // extra trials under a profiler; their figures are never compared
)

// Status says how a trial ended. Whatever is not OK is data too.
type Status string

// The ways a trial ends.
const (
	OK          Status = "ok"
	Failed      Status = "failed"       // the child exited with an error
	Killed      Status = "killed"       // by a signal from outside
	TimedOut    Status = "timed-out"    // by our own limit
	WrongDigest Status = "wrong-digest" // its findings differ from the reference's on the same sample
)

// Trial is one configuration measured once, in a process of its own.
type Trial struct {
	Run             string             `json:"run"`
	Scenario        string             `json:"scenario"`
	Phase           Phase              `json:"phase"`
	Block           int                `json:"block"` // counted within the phase, from 0
	Slot            int                `json:"slot"`  // position within the block's random order, from 0
	Arm             string             `json:"arm"`   // what the configuration is called here: "reference", "naive", "c07"
	Config          Flat               `json:"config"`
	Storage         string             `json:"storage,omitempty"` // where it differs from the scenario's
	Sample          Sample             `json:"sample"`
	Status          Status             `json:"status"`
	Reason          string             `json:"reason,omitempty"`
	Started         time.Time          `json:"started"`
	Metrics         map[string]float64 `json:"metrics"` // wall_s, cpu_s, rss_peak_bytes, throughput_bytes_per_s …
	FindingsDigest  string             `json:"findings_digest,omitempty"`
	OthersCPUShare  float64            `json:"others_cpu_share"` // of the machine, used by others while it ran, steal included, 0 … 1
	Stats           json.RawMessage    `json:"stats,omitempty"`  // the child's own sluice.scan/v1 object
	Command         []string           `json:"command"`          // repeats this trial
	AchievedLatency float64            `json:"achieved_latency_s,omitempty"`
	Attempt         int                `json:"attempt,omitempty"`   // which measuring of its block this is, from 0
	SetAside        string             `json:"set_aside,omitempty"` // why another measuring of its block counts in its place; empty where this one does
	Conditions      Conditions         `json:"conditions,omitzero"`
	Cores           int                `json:"cores,omitempty"` // that it ran on, where not the scenario's
	Files           []File             `json:"files,omitempty"` // kept beside the store: stack dumps, profiles
	Series          []Series           `json:"-"`               // stored apart, one blob each
}

// Conditions are what the machine was like while a trial ran, beside the share
// that others used. What could not be read is absent, never zero. Shares are
// 0 … 1 of the trial's time.
type Conditions struct {
	StealShare       *float64 `json:"steal_share,omitempty"`       // of the machine, taken by the hypervisor's other guests; part of what others used
	CPUPressure      *float64 `json:"cpu_pressure,omitempty"`      // PSI "some": a task waited for a CPU. Our own tasks count too
	IOPressure       *float64 `json:"io_pressure,omitempty"`       // PSI "some": a task waited for storage
	MemoryPressure   *float64 `json:"memory_pressure,omitempty"`   // PSI "some": a task waited for memory
	ThrottledS       *float64 `json:"throttled_s,omitempty"`       // that the control group's CPU quota stopped us for
	FrequencyLowHz   *float64 `json:"frequency_low_hz,omitempty"`  // slowest core of the trial at its end
	FrequencyHighHz  *float64 `json:"frequency_high_hz,omitempty"` // fastest core of the trial at its end
	ThermalThrottles *float64 `json:"thermal_throttles,omitempty"` // events on the cores of the trial
	SuspendedS       *float64 `json:"suspended_s,omitempty"`       // that the machine slept for: the clocks of a trial stood still
	SwappedBytes     *float64 `json:"swapped_bytes,omitempty"`     // swapped in or out by the whole machine
	OOMKills         *float64 `json:"oom_kills,omitempty"`         // by the kernel, on the whole machine
}

// File is something kept beside the store under the digest of its content.
type File struct {
	Name   string `json:"name"`   // what it is: "stacks", "cpu.pprof"
	Digest string `json:"digest"` // SHA-256 of the content, in hex
	Bytes  int64  `json:"bytes"`
}

// Series is a metric over the time of one trial. AtS counts from the ready mark.
type Series struct {
	Name   string    `json:"name"` // "rss_bytes", "threads"
	AtS    []float64 `json:"at_s"`
	Values []float64 `json:"values"`
}

// Names of the metrics that every scanner trial carries.
const (
	Throughput  = "throughput_bytes_per_s"
	FilesPerS   = "throughput_files_per_s"
	Wall        = "wall_s"
	ProcessWall = "process_wall_s"
	CPU         = "cpu_s"
	P50         = "sojourn_p50_s"
	P99         = "sojourn_p99_s"
	FirstResult = "first_result_s"
	RSS         = "rss_peak_bytes"
	Cost        = "trial_cost_s" // seconds of the budget from the end of the trial before it until its own
)

// Verdict is of a ratio's interval, against a margin.
type Verdict string

// The verdicts. Above 1 is always better.
const (
	Better       Verdict = "better"        // wholly beyond 1 + margin
	Worse        Verdict = "worse"         // wholly beyond 1 − margin
	NoDifference Verdict = "no difference" // wholly inside
	Undecided    Verdict = "undecided"
)

// Ratio is a paired comparison on one metric: new ÷ reference where higher is
// better, reference ÷ new where lower is, so that above 1 is always better.
type Ratio struct {
	Ratio      float64 `json:"ratio"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	N          int     `json:"n"` // pairs
	Margin     float64 `json:"margin"`
	Verdict    Verdict `json:"verdict"`
	Needed     int     `json:"needed,omitempty"`   // pairs that would decide, when undecided
	NeededS    float64 `json:"needed_s,omitempty"` // seconds that the pairs still missing would take
	P          float64 `json:"p,omitempty"`        // of the hypothesis that the true ratio lies within the margin
	PHolm      float64 `json:"p_holm,omitempty"`   // adjusted for the family of comparisons that the result declares
	Q          float64 `json:"q,omitempty"`        // false discovery rate at which this one would be reported, for exploring
	Repeated   bool    `json:"repeated,omitempty"` // the interval holds however often the pairs were looked at
}

// Placebo is the reference against itself on machines of one class, over all
// runs in the store: what this machine shows where there is nothing to show.
type Placebo struct {
	Class       string  `json:"class"` // of the machine
	Metric      string  `json:"metric"`
	Pairs       int     `json:"pairs"`       // of reference and placebo
	Comparisons int     `json:"comparisons"` // made of them, each of as many pairs as the result's
	False       int     `json:"false"`       // comparisons that found a difference, margin 0
	RateLow     float64 `json:"rate_low"`    // exact 95 % interval of the false-positive rate
	RateHigh    float64 `json:"rate_high"`
	Spread      float64 `json:"spread"`     // standard deviation of one pair's log ratio
	Detectable  float64 `json:"detectable"` // ratio that the result's number of pairs shows to be beyond the margin, four times in five; 0 where none
}

// Arm is one configuration of a comparison with its medians and its ratios to
// the reference.
type Arm struct {
	Name    string             `json:"name"`
	Config  Flat               `json:"config"`
	Metrics map[string]float64 `json:"metrics"` // medians over the phase's trials
	Ratios  map[string]Ratio   `json:"ratios,omitempty"`
}

// Goal is what a run tries to reach.
type Goal struct {
	Objective string   `json:"objective"`
	Require   []string `json:"require"`
}

// Recommendation is what a tuning run says of one scenario (schema
// sluice.recommendation/v1).
type Recommendation struct {
	Schema            string           `json:"schema"`
	Run               string           `json:"run"`
	Verdict           Verdict          `json:"verdict"`
	Step              string           `json:"step,omitempty"` // which step of the goal decided: "throughput", "p99", "rss"
	Goal              Goal             `json:"goal"`
	Machine           Machine          `json:"machine"`
	Scenario          Scenario         `json:"scenario"`
	Measurements      int              `json:"measurements"`
	ConfirmedBlocks   int              `json:"confirmed_blocks"`
	Fidelity          float64          `json:"fidelity"` // of the confirmation samples
	Reference         Arm              `json:"reference"`
	Recommended       Arm              `json:"recommended"`
	Candidate         *Arm             `json:"candidate"` // named when the reference was kept
	Gain              map[string]Ratio `json:"gain"`
	Also              []Arm            `json:"also,omitempty"`
	Indistinguishable []Arm            `json:"indistinguishable"`
	Placebo           *Placebo         `json:"placebo,omitempty"` // of the objective
	Warnings          []string         `json:"warnings"`
	Wrote             string           `json:"wrote,omitempty"`
	Front             []FrontPoint     `json:"front,omitempty"`        // of a goal with several objectives
	Requirements      []Kept           `json:"requirements,omitempty"` // how surely the recommended configuration keeps them
	Misses            []Miss           `json:"misses,omitempty"`       // where no configuration keeps all requirements
	Plateau           []Plateau        `json:"plateau,omitempty"`      // how far each knob may move
	Effects           []Effect         `json:"effects,omitempty"`      // which knobs matter
}

// CompareResult is what compare says (schema sluice.comparison/v1).
type CompareResult struct {
	Schema   string           `json:"schema"`
	Run      string           `json:"run"`
	Verdict  Verdict          `json:"verdict"` // of the objective
	Goal     Goal             `json:"goal"`
	Machine  Machine          `json:"machine"`
	Scenario Scenario         `json:"scenario"`
	Blocks   int              `json:"blocks"`
	A        Arm              `json:"a"`
	B        Arm              `json:"b"`
	Ratios   map[string]Ratio `json:"ratios"`
	Placebo  *Placebo         `json:"placebo,omitempty"` // of the objective
	Warnings []string         `json:"warnings"`
}

// GridResult is what an experiment found in one scenario (schema sluice.grid/v1):
// every configuration with its ratios to the reference.
type GridResult struct {
	Schema    string   `json:"schema"`
	Run       string   `json:"run"`
	Machine   Machine  `json:"machine"`
	Scenario  Scenario `json:"scenario"`
	Goal      Goal     `json:"goal"`
	Blocks    int      `json:"blocks"` // pairs per configuration
	Reference Arm      `json:"reference"`
	Arms      []Arm    `json:"arms"`              // best first under the goal
	Placebo   *Placebo `json:"placebo,omitempty"` // of the objective
	Warnings  []string `json:"warnings"`
}

// Run is one command that measured, whole: the reports draw it.
type Run struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"` // tune | run | compare
	Name      string    `json:"name"` // of the experiment, or the corpus
	Question  string    `json:"question"`
	Command   string    `json:"command"` // as typed
	Seed      uint64    `json:"seed"`
	Version   string    `json:"version"` // of sluice
	Started   time.Time `json:"started"`
	Finished  time.Time `json:"finished,omitzero"`
	State     string    `json:"state"` // running | interrupted | failed | done
	Machine   Machine   `json:"machine"`
	Reference string    `json:"reference"`         // name of the reference
	Scan      Scan      `json:"scan,omitzero"`     // how its trials scan, where not as usual
	Plots     []string  `json:"plots,omitempty"`   // pictures asked for; none: all
	Metrics   []Metric  `json:"metrics,omitempty"` // that a command target defines; none: the scanner is measured
	Foreign   bool      `json:"foreign,omitempty"` // a command target was measured
}

// Metric is a figure that a command target defines.
type Metric struct {
	Name         string `json:"name"`
	HigherBetter bool   `json:"higher_better"`
}

// Outcome is one scenario of a run with everything that was measured in it.
// Exactly one of Recommendation, Compare and Grid is set once the run is done.
type Outcome struct {
	Scenario       Scenario        `json:"scenario"`
	Trials         []Trial         `json:"trials"`
	Recommendation *Recommendation `json:"recommendation,omitempty"`
	Compare        *CompareResult  `json:"compare,omitempty"`
	Grid           *GridResult     `json:"grid,omitempty"`
}

// Report is a run and its outcomes, one for each scenario.
type Report struct {
	Run      Run       `json:"run"`
	Outcomes []Outcome `json:"outcomes"`
}
