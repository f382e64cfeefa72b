package explain

import (
	"cmp"
	"errors"
	"slices"

	"sluice/harness/record"
)

// Schema names the form of an Explanation in JSON.
const Schema = "sluice.explain/v1"

// Confidence says how sure a bound is.
type Confidence string

// The confidences, the surest first.
const (
	Holds      Confidence = "holds"       // the resource was in use for 90 % of the time or more
	Likely     Confidence = "likely"      // for 75 %, or by signs that have another explanation
	CannotTell Confidence = "cannot tell" // what would tell was not recorded
)

// The shares of the time from which on a resource bounds.
const (
	holdsFrom  = 0.90
	likelyFrom = 0.75
)

// Bound is a resource that bounds the trial.
type Bound struct {
	Name       string     `json:"name"` // I/O latency, I/O link, cores, analysers, memory budget, hand-over, tail, neighbours, one core, none
	Confidence Confidence `json:"confidence"`
	Share      float64    `json:"share,omitempty"`           // of the time that the resource was in use, 0 … 1
	Because    string     `json:"because"`                   // the figures it rests on
	Knob       string     `json:"knob,omitempty"`            // that would move it; empty where none does
	Direction  string     `json:"direction,omitempty"`       // raise, lower, change
	To         any        `json:"to,omitempty"`              // a value worth a trial
	AtMost     float64    `json:"estimate_at_most,omitzero"` // throughput against now with the bound out of the way: an upper estimate
	Remedy     string     `json:"remedy"`
	Check      []string   `json:"check,omitempty"` // commands that measure it
}

// Spent is what the workers of a station did with a share of their time.
type Spent struct {
	What    string  `json:"what"`
	Share   float64 `json:"share"`
	Sampled bool    `json:"sampled,omitempty"` // from looks at the workers, not from their books
}

// Station is one pool of workers.
type Station struct {
	Name        string  `json:"name"` // read, analyse
	Workers     int     `json:"workers"`
	Utilisation float64 `json:"utilisation"` // share of workers × wall, 0 … 1
	Spent       []Spent `json:"spent"`
	ServiceS    float64 `json:"service_mean_s"` // on a file
	WaitS       float64 `json:"wait_mean_s"`    // of a file for the station
}

// Explanation is what can be said of a trial, or of several of one
// configuration: then each figure is the median of theirs.
type Explanation struct {
	Schema     string             `json:"schema"`
	Run        string             `json:"run,omitempty"`
	Scenario   string             `json:"scenario,omitempty"`
	Arm        string             `json:"arm,omitempty"`
	Phase      record.Phase       `json:"phase,omitempty"`
	Trials     int                `json:"trials"`
	Cores      int                `json:"cores"`
	Config     record.Flat        `json:"config,omitempty"`
	Figures    map[string]float64 `json:"figures"` // what the rules looked at
	Stations   []Station          `json:"stations"`
	Bounds     []Bound            `json:"bounds"` // the surest first; never empty
	CannotTell []string           `json:"cannot_tell"`
}

// ErrNoTrials says that there is nothing to explain.
var ErrNoTrials = errors.New("no finished trial to explain")

// Explain explains one trial on so many cores (≥ 1).
func Explain(t record.Trial, cores int) (Explanation, error) {
	return Over([]record.Trial{t}, cores)
}

// Over explains trials of one configuration together. Those that did not end
// well, and those that another measuring of their block replaced, are left out.
func Over(trials []record.Trial, cores int) (Explanation, error) {
	var each []figures
	var first record.Trial
	for _, t := range trials {
		if t.Status != record.OK || t.SetAside != "" {
			continue
		}
		f, err := gather(t, cores)
		if err != nil {
			return Explanation{}, err
		}
		if len(each) == 0 {
			first = t
		}
		each = append(each, f)
	}
	if len(each) == 0 {
		return Explanation{}, ErrNoTrials
	}
	f := median(each)
	e := Explanation{
		Schema: Schema, Run: first.Run, Scenario: first.Scenario, Arm: first.Arm, Phase: first.Phase,
		Trials: len(each), Cores: cores, Config: first.Config, Figures: f,
		Stations: stations(f, scheduler(first.Config)), CannotTell: unknown(f),
	}
	e.Bounds = bounds(evidence{f, first.Config, cores})
	for i := range e.Bounds {
		e.Bounds[i].Check = check(first, e.Bounds[i])
	}
	return e, nil
}

// bounds applies every rule and puts the surest first.
func bounds(e evidence) []Bound {
	var found []Bound
	for _, r := range rules() {
		if b, ok := r.judge(e); ok {
			b.Name = r.name
			found = append(found, b)
		}
	}
	rank := map[Confidence]int{Holds: 0, Likely: 1, CannotTell: 2}
	slices.SortStableFunc(found, func(a, b Bound) int { return cmp.Compare(rank[a.Confidence], rank[b.Confidence]) })
	if len(found) == 0 {
		found = append(found, unbound(e))
	}
	return found
}
