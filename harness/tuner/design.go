package tuner

import (
	"fmt"
	"math"
	"time"

	"sluice/harness/lab"
	"sluice/harness/stats"
)

// The bounds of a design (docs/measuring.md, rules 4 and 8).
const (
	blocksForOne = 6    // pairs that give an exact 95 % interval
	blocksForTwo = 7    // with two candidates at half the error each
	mostBlocks   = 60   // pairs that exclude a loss of 3 % at a noise of 12 % (answers: local-p99)
	fullShare    = 0.22 // of the budget, at most, for the block at fidelity 1
	searchFloor  = 6    // one block: five configurations and the reference
)

// Rates is what is known, or guessed, of how long a trial takes.
type Rates struct {
	ReferenceSPerByte float64
	BestSPerByte      float64
	AlsoSPerByte      []float64
	LaunchS           float64 // what a launch costs beside the scan
	SpentS            float64 // on calibration, once it is over; 0 before
	Launched          int     // by calibration, likewise
	Alone             bool    // one candidate at most is confirmed, and no wide configuration calibrated: a command's
	PlaceboEvery      int     // a placebo meets the reference in every so many confirmation blocks; 0: never
}

// trialS is how long a trial over so many bytes takes.
func (r Rates) trialS(perByte, bytes float64) float64 { return perByte*bytes + r.LaunchS }

// blockS is how long a confirmation block takes on average: reference, two
// candidates, the further arms and, in some, the placebo.
func (r Rates) blockS(bytes float64) float64 {
	s := r.trialS(r.ReferenceSPerByte, bytes) + float64(r.candidates())*r.trialS(r.BestSPerByte, bytes)
	if r.PlaceboEvery > 0 {
		s += r.trialS(r.ReferenceSPerByte, bytes) / float64(r.PlaceboEvery)
	}
	for _, also := range r.AlsoSPerByte {
		s += r.trialS(also, bytes)
	}
	return s
}

// candidates is the most that are confirmed.
func (r Rates) candidates() int {
	if r.Alone {
		return 1
	}
	return 2
}

// calibrationTrials are spent before the design is fixed: a warm-up, the reference
// and, of scans, the widest configuration. Warming up by rule may have taken more.
func (r Rates) calibrationTrials() int { return max(1+r.candidates(), r.Launched) }

// placebos is how many of so many confirmation blocks hold a placebo.
func (r Rates) placebos(blocks int) int {
	if r.PlaceboEvery == 0 {
		return 0
	}
	return (blocks + r.PlaceboEvery - 1) / r.PlaceboEvery
}

// fullArms are the reference and two candidates.
const fullArms = 3

// fullS is how long the block at fidelity 1 takes.
func (r Rates) fullS(bytes float64) float64 {
	return r.trialS(r.ReferenceSPerByte, bytes) + 2*r.trialS(r.BestSPerByte, bytes)
}

// searchS is how long a search trial takes on average. Random configurations
// lie anywhere between the best and the reference, some beyond.
func (r Rates) searchS(bytes float64) float64 {
	return (r.trialS(r.ReferenceSPerByte, bytes) + r.trialS(r.BestSPerByte, bytes)) / 2
}

// Limits is what the user allows.
type Limits struct {
	BudgetS float64 // 0: no limit
	Trials  int     // launches of every kind; 0: no limit
}

// Design is a plan that fits its limits. All seconds are expectations.
type Design struct {
	Size          lab.Sizing `json:"size"`
	Fidelity      float64    `json:"fidelity"` // of a sample
	ReferenceS    float64    `json:"reference_trial_s"`
	BestS         float64    `json:"best_trial_s"`
	Calibration   int        `json:"calibration_trials"`
	SearchTrials  int        `json:"search_trials"`
	ConfirmBlocks int        `json:"confirm_blocks"`
	Full          bool       `json:"full_block"`
	Trials        int        `json:"trials"`
	TotalS        float64    `json:"total_s"`
}

// Plan sizes a design for a corpus of so many bytes. Long samples are preferred
// to short ones as long as the search can look at a useful number of
// configurations and the corpus holds a fresh sample for each of the fewest
// confirmation blocks; where it never does, the longest is taken. Further blocks
// may share files with earlier ones: a noisy machine needs the pairs more. A
// design that cannot fit is an error that names the least that would.
//
// A corpus of 0 bytes stands for work that is the same in every trial, a command's:
// the rates are then seconds for each run.
func Plan(rates Rates, limits Limits, corpusBytes int64) (Design, error) {
	var least Design
	var crowded *Design
	for _, targetS := range []float64{1.2, 1, 0.8, 0.65, lab.ShortestS} {
		design := rates.sample(targetS, corpusBytes)
		least = rates.least(design)
		fitted, ok := rates.fill(least, limits, 4*searchFloor)
		if ok && fitted.disjoint(blocksForTwo) {
			return fitted, nil
		}
		if ok && crowded == nil {
			crowded = &fitted
		}
	}
	if crowded != nil {
		return *crowded, nil
	}
	if fitted, ok := rates.fill(least, limits, searchFloor); ok {
		return fitted, nil
	}
	return Design{}, refuse(least, limits)
}

// sample sizes the sample so that the best takes targetS, and the reference not
// much longer than rule 4 allows.
func (r Rates) sample(targetS float64, corpusBytes int64) Design {
	if corpusBytes == 0 {
		return Design{
			Size: lab.Sizing{Bytes: 1, Repeats: 1}, Fidelity: 1,
			ReferenceS: r.trialS(r.ReferenceSPerByte, 1), BestS: r.trialS(r.BestSPerByte, 1),
		}
	}
	size := lab.SizeFor(r.ReferenceSPerByte, r.BestSPerByte, targetS, corpusBytes)
	return Design{
		Size: size, Fidelity: min(1, float64(size.Bytes)/float64(corpusBytes)),
		ReferenceS: r.trialS(r.ReferenceSPerByte, size.Scanned()), BestS: r.trialS(r.BestSPerByte, size.Scanned()),
	}
}

// disjoint says whether the corpus holds a sample for the search and one for each
// of so many blocks that share no file. A corpus that is scanned whole never does.
func (d Design) disjoint(blocks int) bool { return d.Fidelity*float64(blocks+1) <= 1 }

func (d Design) bytes() float64 { return d.Size.Scanned() }

// least is the smallest design over a sample: one search block, one fixed
// number of confirmation blocks.
func (r Rates) least(d Design) Design {
	d.SearchTrials, d.ConfirmBlocks = searchFloor, blocksForTwo
	if r.Alone {
		d.ConfirmBlocks = blocksForOne
	}
	return r.total(d, 0)
}

func (r Rates) total(d Design, fullS float64) Design {
	arms := 1 + r.candidates() + len(r.AlsoSPerByte)
	d.Calibration = r.calibrationTrials()
	d.Trials = d.Calibration + d.SearchTrials + d.ConfirmBlocks*arms + r.placebos(d.ConfirmBlocks)
	if d.Full {
		d.Trials += fullArms
	}
	d.TotalS = r.calibrationS(d) + float64(d.SearchTrials)*r.searchS(d.bytes()) + float64(d.ConfirmBlocks)*r.blockS(d.bytes()) + fullS
	return d
}

func (r Rates) calibrationS(d Design) float64 {
	if r.SpentS > 0 {
		return r.SpentS
	}
	bytes := min(d.bytes(), lab.ShortestS/r.BestSPerByte)
	return 2*r.trialS(r.ReferenceSPerByte, bytes) + r.trialS(r.BestSPerByte, bytes)
}

// fill spends what the limits leave: on a block at fidelity 1 where it is
// cheap, on confirmation up to half, on search the rest.
func (r Rates) fill(d Design, limits Limits, searchAtLeast int) (Design, bool) {
	d.SearchTrials = max(d.SearchTrials, searchAtLeast)
	corpusBytes := float64(d.Size.Bytes) / d.Fidelity
	fullS := r.fullS(corpusBytes)
	d.Full = d.Fidelity < 1 && (limits.BudgetS == 0 || fullS <= fullShare*limits.BudgetS)
	if !d.Full {
		fullS = 0
	}
	d = r.total(d, fullS)
	if d.Full && !limits.allow(d) {
		d.Full = false
		d = r.total(d, 0)
		fullS = 0
	}
	if !limits.allow(d) {
		return d, false
	}
	for grown := d; d.ConfirmBlocks < mostBlocks; d = grown {
		grown.ConfirmBlocks++
		grown = r.total(grown, fullS)
		confirmS := float64(grown.ConfirmBlocks) * r.blockS(d.bytes())
		if !limits.allow(grown) || (limits.BudgetS > 0 && confirmS > 0.45*limits.BudgetS) || (limits.Trials > 0 && 2*grown.ConfirmBlocks*(1+r.candidates()+len(r.AlsoSPerByte)) > limits.Trials) {
			break
		}
	}
	const mostSearch = 240
	for grown := d; d.SearchTrials < mostSearch; d = grown {
		grown.SearchTrials++
		if grown = r.total(grown, fullS); !limits.allow(grown) {
			break
		}
	}
	return d, true
}

func (l Limits) allow(d Design) bool {
	return (l.BudgetS == 0 || d.TotalS <= l.BudgetS) && (l.Trials == 0 || d.Trials <= l.Trials)
}

// TooSmall says that no design fits the limits, and what the least one needs.
type TooSmall struct {
	Limits    Limits
	Least     Design
	Scenarios int // that share the limits; 0 is 1
}

// Error names what was found, what is needed and the remedy.
func (e *TooSmall) Error() string {
	scenarios := max(1, e.Scenarios)
	if e.Limits.Trials > 0 && e.Limits.Trials < e.Least.Trials {
		return fmt.Sprintf("%d trials are too few for this scenario: the smallest design takes %d (%d to calibrate, %d to search, %d blocks to confirm); use --trials %d or more for %d scenarios",
			e.Limits.Trials, e.Least.Trials, e.Least.Calibration, e.Least.SearchTrials, e.Least.ConfirmBlocks, scenarios*e.Least.Trials, scenarios)
	}
	need := time.Duration(math.Ceil(1.1*e.Least.TotalS)) * time.Second
	return fmt.Sprintf("a budget of %.3g s for this scenario is too short for one block of each kind: the smallest design takes about %v (%d trials of %.2g to %.2g s); use --budget %v or more for %d scenarios, or a faster --reference",
		e.Limits.BudgetS, need, e.Least.Trials, e.Least.BestS, e.Least.ReferenceS, time.Duration(scenarios)*need, scenarios)
}

func refuse(least Design, limits Limits) error { return &TooSmall{Limits: limits, Least: least} }

// Detectable is the smallest gain that so many pairs show four times in five,
// when the paired log-ratios spread by sd: the margin and what the signed-rank
// test can tell from it at the two-sided level alpha (half of Alpha where two
// candidates share the error). It is infinite where so few pairs show nothing.
func Detectable(sd float64, pairs int, margin, alpha float64) float64 {
	return margin + stats.Detectable(sd, pairs, alpha)
}
