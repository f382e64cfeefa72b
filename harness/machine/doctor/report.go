package doctor

import (
	"fmt"
	"math"

	"sluice/harness/machine"
	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/unit"
)

// Schema names the JSON form of a [Report].
const Schema = "sluice.doctor/v1"

// Alpha is the error of every interval here: 95 % confidence.
const Alpha = 0.05

// LeastPairs is the least number of pairs that [Judge] makes an interval of.
const LeastPairs = 6

// QuietShare is the share of the machine up to which others leave it quiet.
const QuietShare = 0.05

// Report is what the doctor found.
type Report struct {
	Schema   string           `json:"schema"`
	Verdict  string           `json:"verdict"` // one line
	Quiet    bool             `json:"quiet"`
	Machine  record.Machine   `json:"machine"`
	Before   Observed         `json:"watched"` // while we did nothing
	Spin     Spun             `json:"spin"`
	Findings []Finding        `json:"findings"` // the gravest first
	Absent   []string         `json:"absent"`   // what this machine cannot tell
	Placebo  []record.Placebo `json:"placebo,omitempty"`
}

// Observed is what others did in a stretch of time.
type Observed struct {
	Seconds     float64           `json:"seconds"`
	OthersShare *float64          `json:"others_cpu_share,omitempty"`      // of the machine, steal included, 0 … 1
	CoresShare  *float64          `json:"others_on_cores_share,omitempty"` // of the cores that we may use
	Exact       bool              `json:"exact"`                           // by the kernel's exact times, not by its ticks
	Top         []machine.Process `json:"top,omitempty"`
	Conditions  record.Conditions `json:"conditions"`

	busy map[int]float64 // share of each core that was used, where known
	part bool            // the machine has cores that we may not use
}

// Spun is the computation against itself.
type Spun struct {
	Threads int      `json:"threads"`
	LapS    float64  `json:"lap_s"` // median CPU seconds of one thread in one lap
	Wall    Figure   `json:"wall"`
	CPU     Figure   `json:"cpu"`
	During  Observed `json:"during"`
}

// Figure is how one metric scatters where there is nothing to show.
type Figure struct {
	Metric     string   `json:"metric"`
	Median     float64  `json:"median_s"`
	Spread     float64  `json:"spread"` // standard deviation of one pair's log ratio
	Ratio      float64  `json:"ratio"`  // A against A
	Low        float64  `json:"low"`
	High       float64  `json:"high"`
	Confidence float64  `json:"confidence"`
	N          int      `json:"n"`          // pairs
	Different  bool     `json:"different"`  // the interval does not hold 1, which is false
	Detectable []Effect `json:"detectable"` // what such pairs would show
}

// Effect is the least ratio that so many pairs show four times in five.
type Effect struct {
	Pairs int     `json:"pairs"`
	Ratio float64 `json:"ratio"`
}

// String is the effect in percent, rounded up to two digits, hundredths of a percent
// at the finest: what is smaller is not promised.
func (e Effect) String() string {
	v := e.Ratio - 1
	if v <= 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return unit.Percent(v)
	}
	step := max(math.Pow(10, math.Floor(math.Log10(v))-1), 1e-4)
	return unit.Percent(math.Ceil(v/step-1e-9) * step)
}

// Judge says how far pairs of A and A lie apart in one metric, and what pairs that
// scatter so would show. It needs [LeastPairs] of them.
func Judge(metric string, pairs []Pair, value func(Lap) float64) (Figure, error) {
	a, b := make([]float64, len(pairs)), make([]float64, len(pairs))
	for i, p := range pairs {
		a[i], b[i] = value(p.A), value(p.B)
	}
	logs, err := stats.LogRatios(a, b)
	if err != nil {
		return Figure{}, fmt.Errorf("compare A with A by %s: %w", metric, err)
	}
	in, err := stats.HodgesLehmann(logs, Alpha)
	if err != nil {
		return Figure{}, fmt.Errorf("compare A with A by %s: %w", metric, err)
	}
	f := Figure{
		Metric: metric, Median: stats.Median(append(a, b...)), Spread: stats.Spread(logs),
		Ratio: math.Exp(in.Estimate), Low: math.Exp(in.Low), High: math.Exp(in.High), Confidence: in.Confidence, N: len(pairs),
		Different: in.Low > 0 || in.High < 0,
	}
	for _, n := range []int{10, 20} {
		f.Detectable = append(f.Detectable, Effect{Pairs: n, Ratio: math.Exp(stats.Detectable(f.Spread, n, Alpha))})
	}
	return f, nil
}

// Wall and CPU are the two metrics of a lap.
func Wall(l Lap) float64 { return l.WallS }

// CPU is the CPU time of a lap in seconds.
func CPU(l Lap) float64 { return l.CPUS }

// disturbance is the share that others used of the cores that we may use, or, where
// that is not known, of the machine.
func (o Observed) disturbance() *float64 {
	if o.CoresShare != nil {
		return o.CoresShare
	}
	return o.OthersShare
}

// others is the disturbance, the more of before and while we computed.
func (r *Report) others() *float64 {
	a, b := r.Before.disturbance(), r.Spin.During.disturbance()
	switch {
	case a == nil:
		return b
	case b == nil || *a > *b:
		return a
	default:
		return b
	}
}

// Conclude orders the findings and writes the verdict.
func (r *Report) Conclude() {
	r.Schema = Schema
	arrange(r.Findings)
	shown := r.Spin.Wall.Detectable[len(r.Spin.Wall.Detectable)-1]
	percent := shown.String()
	reason := r.unquiet()
	if r.Quiet = reason == ""; r.Quiet {
		r.Verdict = fmt.Sprintf("quiet enough to show %s in %d pairs", percent, shown.Pairs)
		return
	}
	r.Verdict = fmt.Sprintf("not quiet: %s; with %d pairs only ≥ %s shows", reason, shown.Pairs, percent)
}

// unquiet is the first reason not to call the machine quiet.
func (r *Report) unquiet() string {
	others := r.others()
	throttled := more(r.Before.Conditions.ThrottledS, r.Spin.During.Conditions.ThrottledS)
	switch {
	case others == nil:
		return "what others use cannot be read"
	case *others > QuietShare:
		return "others use " + Share(*others) + r.ofOurCores()
	case throttled > 0:
		return "the CPU quota stopped us for " + unit.Time(throttled)
	case more(r.Before.Conditions.SuspendedS, r.Spin.During.Conditions.SuspendedS) > 0:
		return "the machine slept meanwhile"
	default:
		return ""
	}
}

// ofOurCores is said where the machine has cores that are not ours to use.
func (r *Report) ofOurCores() string {
	if r.Before.CoresShare == nil || !r.Before.part {
		return ""
	}
	return " of the cores that we may use"
}

// more is the larger of two that may be absent, 0 where both are.
func more(a, b *float64) float64 {
	most := 0.0
	for _, v := range []*float64{a, b} {
		if v != nil {
			most = max(most, *v)
		}
	}
	return most
}

// Share writes a share for people: whole percents, tenths below ten.
func Share(v float64) string {
	if v < 0.0995 {
		return fmt.Sprintf("%.1f %%", v*100)
	}
	return fmt.Sprintf("%.0f %%", v*100)
}
