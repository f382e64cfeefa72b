package record

// A Replay is one strategy on one table or surface, searched many times over:
// package harness/search/replay makes it, package reports draws it. Gains are
// shares of the best there is, 0 … 1, unless said otherwise; launches count every
// trial, repeats and the reference included. What never happened is absent.
type Replay struct {
	Schema     string         `json:"schema"` // sluice.replay/v1
	Ground     string         `json:"ground"` // name of the table, or "surface:E"
	Kind       string         `json:"kind"`   // table | surface
	Question   string         `json:"question,omitempty"`
	Strategy   string         `json:"strategy"`
	About      string         `json:"about,omitempty"` // the strategy in a line
	Objective  string         `json:"objective"`
	Cells      int            `json:"cells,omitempty"`       // configurations of a table
	Rounds     int            `json:"rounds,omitempty"`      // in which each was measured
	PairNoise  float64        `json:"pair_noise"`            // standard deviation of a pair's log ratio
	TruthError float64        `json:"truth_error,omitempty"` // of a table: standard error of what a configuration is truly worth
	Reference  float64        `json:"reference"`             // what the reference is truly worth
	Ceiling    float64        `json:"ceiling,omitempty"`     // of a table: what looks best in all that may be drawn is truly worth
	Asked      int            `json:"asked"`                 // seeds; Seeds are fewer where it was interrupted
	Seeds      int            `json:"seeds"`
	First      uint64         `json:"first_seed"`
	Launches   int            `json:"launches"`        // of each search
	Started    bool           `json:"started"`         // from the table's starters
	Model      bool           `json:"model,omitempty"` // led by what the pipeline's model expected
	Targets    []ReplayTarget `json:"targets"`
	Within     []ReplayWithin `json:"within"` // of what is recommended at the end
	Power      ReplayMean     `json:"p"`      // 0: random search without noise or repeats, 1: the best at once
	Horizon    int            `json:"p_launches"`
	Bias       *ReplayMean    `json:"bias,omitempty"` // claimed ÷ true gain − 1, of what is recommended at the end
	Worse      ReplayCount    `json:"worse"`          // searches that recommend what is truly worse than the reference
	Kept       ReplayCount    `json:"kept"`           // searches that recommend the reference
	Curve      ReplayCurve    `json:"curve"`
	Confirm    *ReplayConfirm `json:"confirm,omitempty"`
}

// ReplaySchema names the form of a Replay.
const ReplaySchema = "sluice.replay/v1"

// ReplayTarget says when searches came within Eps of the best.
type ReplayTarget struct {
	Eps    float64     `json:"eps"`
	Rec    ReplayReach `json:"rec"`    // what is recommended stays within from there to the end
	Hit    ReplayReach `json:"hit"`    // something within was tried
	Random ReplayReach `json:"random"` // hit of random search without replacement, calculated: Median and N95 alone
}

// ReplayReach is how many launches a target took. Absent medians and N95 were not
// reached by half, or 95 %, of the searches.
type ReplayReach struct {
	Reached ReplayCount `json:"reached,omitzero"`
	Median  int         `json:"median,omitempty"`
	N95     int         `json:"n95,omitempty"` // by which 95 % of the searches had it
	ERT     float64     `json:"ert,omitempty"` // all launches, until the target or the end, for each success (COCO)
}

// ReplayCount is a number of searches with the exact 95 % interval of its share.
type ReplayCount struct {
	K    int     `json:"k"`
	N    int     `json:"n"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// ReplayMean is a mean over searches with its 95 % interval.
type ReplayMean struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	N    int     `json:"n"`
}

// ReplayWithin counts the searches whose recommendation lies within Eps of the best.
type ReplayWithin struct {
	Eps float64 `json:"eps"`
	ReplayCount
}

// ReplayCurve is what is recommended after so many launches, truly: the median
// search and the one in twenty that is worst, beside the expected best of as many
// random draws.
type ReplayCurve struct {
	Launches []int     `json:"launches"`
	Median   []float64 `json:"median"`
	Worst5   []float64 `json:"worst5"`
	Random   []float64 `json:"random"`
}

// ReplayConfirm is what became of the recommendations that met the reference again.
type ReplayConfirm struct {
	Blocks   int             `json:"blocks"`
	Bias     *ReplayMean     `json:"bias,omitempty"`     // claimed ÷ true gain − 1, of all that were confirmed
	Released *ReplayMean     `json:"released,omitempty"` // the same of those recommended in the end
	Coverage ReplayCount     `json:"coverage"`           // intervals that hold the true gain
	Verdicts map[Verdict]int `json:"verdicts"`
	Kept     ReplayCount     `json:"kept"`  // fallbacks to the reference, those without a candidate included
	Worse    ReplayCount     `json:"worse"` // recommended in the end, and truly worse than the reference
	Within   []ReplayWithin  `json:"within"`
}
