package record

// FrontPoint is a configuration of the front of several objectives: nothing that
// was measured is shown to be better in one of them and not worse in the others.
type FrontPoint struct {
	Arm         string             `json:"arm"`
	Config      Flat               `json:"config"`
	Metrics     map[string]float64 `json:"metrics,omitempty"` // medians, where known
	Ratios      map[string]Ratio   `json:"ratios"`            // to the reference, one for each objective; above 1 is better
	Group       int                `json:"group"`             // from 1; points of one group cannot be told apart
	Knee        bool               `json:"knee,omitempty"`    // where giving up more of one objective begins to buy little of the others
	Hypervolume float64            `json:"hypervolume"`       // what the front would lose without it, 0 … 1 of the front's
}

// Keeping says whether a requirement is kept.
type Keeping string

// The states of a requirement.
const (
	Holds    Keeping = "holds"     // the bound of its metric lies within the limit
	Broken   Keeping = "broken"    // the metric is shown to lie beyond the limit
	NotShown Keeping = "not shown" // neither
)

// Kept says how surely one configuration keeps one requirement. A figure that is
// not known is 0, and N says so.
type Kept struct {
	Requirement string  `json:"requirement"` // as in the goal
	State       Keeping `json:"state"`
	Value       float64 `json:"value"`            // of the metric, typical of its trials, in its base unit
	Bound       float64 `json:"bound"`            // one-sided, on the side of the limit where it holds or is not shown, on the other where it is broken
	Bounded     bool    `json:"bounded"`          // whether so few trials give a bound at all
	Confidence  float64 `json:"confidence"`       // of the bound
	N           int     `json:"n"`                // trials
	Beyond      int     `json:"beyond,omitempty"` // trials among them that lay beyond the limit
	Room        float64 `json:"room"`             // from the bound to the limit, as a share of the limit; below 0 is what is missing
}

// Miss says how near to a requirement any configuration came.
type Miss struct {
	Requirement string  `json:"requirement"` // as in the goal
	Kept        int     `json:"kept"`        // configurations that keep this one
	Of          int     `json:"of"`          // configurations that were measured
	Arm         string  `json:"arm"`         // the nearest that is short of it, or the one that keeps it most easily
	Config      Flat    `json:"config"`
	Value       float64 `json:"value"` // its metric
	Miss        float64 `json:"miss"`  // by which it misses the limit, as a share of it; 0 or below: it keeps it
}

// Plateau says how far one knob of the recommended configuration may move while
// the others stay: what is shown to lose no more than the margin.
type Plateau struct {
	Knob       string  `json:"knob"`
	Chosen     any     `json:"chosen"`
	Low        any     `json:"low,omitempty"`  // of an ordered knob: all values that were looked at from Low to High are within the margin
	High       any     `json:"high,omitempty"` //
	Values     []any   `json:"values"`         // that are within the margin, the chosen one among them
	CliffBelow any     `json:"cliff_below,omitempty"`
	CliffAbove any     `json:"cliff_above,omitempty"` // the nearest value on that side that is shown to lose more than the margin
	Margin     float64 `json:"margin"`
	Confidence float64 `json:"confidence"`     // one-sided, of each value within by itself, of a cliff over all values
	Edge       bool    `json:"edge,omitempty"` // the chosen value is the last of its range, and the best may lie beyond
	Words      string  `json:"words"`
}

// Region is the part of a space over which an effect is meant.
type Region string

// The regions.
const (
	Everywhere Region = "everywhere" // all configurations, each value of a knob as likely as the next
	Near       Region = "near"       // the values that, the other knobs as recommended, stay in the better half
)

// Effect is the share of the objective's variance over a region that one knob
// explains by itself, or that two explain together beyond what each does.
type Effect struct {
	Knob      string  `json:"knob"`
	With      string  `json:"with,omitempty"` // the other knob of an interaction
	Region    Region  `json:"region"`
	Share     float64 `json:"share"`          // of the variance, 0 … 1; the median over the model's posterior
	Low       float64 `json:"low"`            // 90 % interval over the posterior
	High      float64 `json:"high"`           //
	SwingLog  float64 `json:"swing_log"`      // logarithm by which the objective moves between the knob's worst and best value, averaged over the others
	SwingHigh float64 `json:"swing_high"`     // its 95 % upper bound
	Idle      bool    `json:"idle,omitempty"` // the knob matters neither by itself nor with another: below 1 % of the variance, and moves the objective by less than 1 %
}
