package record

// A Contest is limiters put through plants whose optimum is known, in virtual
// time: package plant makes it, package reports draws it. It has no noise but what
// its seeds draw, and comes out the same each time.
type Contest struct {
	Schema string   `json:"schema"` // sluice.contest/v1
	Seeds  []uint64 `json:"seeds"`
	Plants []Plant  `json:"plants"`
	Limits []Ranked `json:"limiters"` // best first
}

// ContestSchema names the form of a Contest.
const ContestSchema = "sluice.contest/v1"

// A Plant is one of a contest's plants with everybody's scores on it.
type Plant struct {
	Name   string  `json:"name"`
	Doc    string  `json:"doc"`
	Length float64 `json:"length_s"`
	Scores []Score `json:"scores"` // in the order of Contest.Limits
	Curves []Curve `json:"curves,omitempty"`
	// Optimum is the limit that is best at each of the moments of Curves.
	Optimum []float64 `json:"optimum,omitempty"`
	AtS     []float64 `json:"at_s,omitempty"`
}

// A Score is how one limiter did on one plant: medians over seeds. What never
// happened is −1.
type Score struct {
	Limiter     string    `json:"limiter"`
	Power       float64   `json:"power"`     // utilisation over the median latency in units of that without queueing (Kleinrock); of the oracle: 1 where nothing is lost
	SettleS     []float64 `json:"settle_s"`  // in each phase: until five seconds' means stay within 10 % of the optimum
	ReachS      []float64 `json:"reach_s"`   // in each phase: until the limit is first within 10 % of it
	Overshoot   []float64 `json:"overshoot"` // in each phase: highest limit over optimum
	Steady      []float64 `json:"steady"`    // in each phase: mean limit over optimum in its last quarter
	Error       float64   `json:"error"`     // mean of |limit − optimum| / optimum over all time
	Utilisation float64   `json:"utilisation"`
	P99Ratio    float64   `json:"p99_ratio"` // p99 of latency over that without queueing
	Refused     float64   `json:"refused"`   // share of requests that were refused or given up
	Fairness    float64   `json:"fairness"`  // Jain's index among the limiters that share the plant; 1 where there is one
}

// Ranked is one limiter over all plants.
type Ranked struct {
	Name  string   `json:"name"`
	Doc   string   `json:"doc"`
	Kind  string   `json:"kind"`
	Power float64  `json:"power"`           // geometric mean over the plants
	P99   float64  `json:"p99_ratio"`       // geometric mean
	Worst string   `json:"worst"`           // the plant on which it lost most against the best contestant but the oracle
	Share float64  `json:"worst_share"`     // its power there over that one's
	Lost  []string `json:"lost,omitempty"`  // plants on which its power is below 0.9 of that of the best contestant but the oracle
	Error string   `json:"error,omitempty"` // why it took no part
}

// A Curve is a limiter's limit over time, on its first seed.
type Curve struct {
	Limiter  string    `json:"limiter"`
	Limit    []float64 `json:"limit"`
	InFlight []float64 `json:"in_flight"`
}
