package profile

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/google/pprof/profile"
)

// Share is a part of a profile. PerFile is Value over the files scanned, in the
// profile's unit; 0 where the files are unknown.
type Share struct {
	Name    string  `json:"name"`
	Value   int64   `json:"value"`
	Share   float64 `json:"share"` // of the profile's total, 0 … 1
	PerFile float64 `json:"per_file,omitempty"`
}

// Shares is a profile by pool and by station.
type Shares struct {
	Kind     string  `json:"kind"`
	Unit     string  `json:"unit"`
	Total    int64   `json:"total"`
	Samples  int     `json:"samples"` // distinct stacks
	Profiles int     `json:"profiles"`
	Files    int64   `json:"files,omitempty"`
	Pools    []Share `json:"pools"`    // largest first
	Stations []Share `json:"stations"` // largest first
	// Of the samples of the I/O pools, the share that is analysis. 0 is the aim of
	// two pools; nil where there is no sample of an I/O pool.
	AnalysisUnderIO *float64 `json:"analysis_under_io,omitempty"`
	IO              int64    `json:"io"`             // value of the I/O pools' samples
	Unattributable  float64  `json:"unattributable"` // share of the total that no label and no root function gives to anybody
	Unlabelled      float64  `json:"unlabelled"`     // share of the total that carries no label: the runtime's own among it, and all of kinds that know no labels
}

// Stack is one stack of a profile.
type Stack struct {
	Functions []string // from the bottom up
	Work      []string // the same without what only brings a worker to its work
	Pool      string
	Station   string
	Labelled  bool // the pool was told by a label
	Analysis  bool
	Value     int64 // in the profile's unit
}

// Stacks yields the stacks with a value.
func (p *Profile) Stacks() iter.Seq[Stack] {
	return func(yield func(Stack) bool) {
		for _, s := range p.Data.Sample {
			value := s.Value[p.index]
			if value == 0 {
				continue
			}
			stack := functions(s)
			name, labelled := pool(s, stack)
			if !yield(Stack{stack, work(stack), name, station(stack), labelled, analysis(stack), value}) {
				return
			}
		}
	}
}

// Shares attributes each sample. The error is ErrEmpty where there is none, and
// ErrDifference where some are negative.
func (p *Profile) Shares() (Shares, error) {
	if slices.ContainsFunc(p.Data.Sample, func(s *profile.Sample) bool { return s.Value[p.index] < 0 }) {
		return Shares{}, ErrDifference
	}
	s := Shares{Kind: p.Kind, Unit: p.Unit, Total: p.Total(), Profiles: p.Merged, Files: p.Files}
	if s.Total == 0 {
		return s, fmt.Errorf("%w: %s", ErrEmpty, nothing(p.Kind))
	}
	pools, stations := map[string]int64{}, map[string]int64{}
	var underIO, unlabelled int64
	for stack := range p.Stacks() {
		s.Samples++
		pools[stack.Pool] += stack.Value
		stations[stack.Station] += stack.Value
		if !stack.Labelled {
			unlabelled += stack.Value
		}
		if slices.Contains(IOPools(), stack.Pool) {
			s.IO += stack.Value
			if stack.Analysis {
				underIO += stack.Value
			}
		}
	}
	s.Pools, s.Stations = p.ranked(pools), p.ranked(stations)
	s.Unattributable = float64(pools[Unattributable]) / float64(s.Total)
	s.Unlabelled = float64(unlabelled) / float64(s.Total)
	if s.IO > 0 {
		share := float64(underIO) / float64(s.IO)
		s.AnalysisUnderIO = &share
	}
	return s, nil
}

// nothing says what no sample of a kind means.
func nothing(kind string) string {
	switch kind {
	case Mutex, Block, "contention":
		return "nobody waited long enough to be seen"
	case Heap:
		return "nothing was allocated that was sampled; profile more files"
	default:
		return "the trial was too short for its rate; profile more files"
	}
}

// ranked sorts parts, largest first.
func (p *Profile) ranked(parts map[string]int64) []Share {
	total := float64(p.Total())
	var all []Share
	for name, value := range parts {
		share := Share{Name: name, Value: value, Share: float64(value) / total}
		if p.Files > 0 {
			share.PerFile = float64(value) / float64(p.Files)
		}
		all = append(all, share)
	}
	slices.SortFunc(all, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// Function is a function's part of a profile: Flat without what it called, Cum
// with it. Both are shares of the total.
type Function struct {
	Name string  `json:"name"`
	Flat float64 `json:"flat"`
	Cum  float64 `json:"cum"`
}

// Top lists the n functions with the largest flat share; all for n < 1.
func (p *Profile) Top(n int) []Function {
	flat, cum := p.byFunction()
	total := float64(p.Total())
	var all []Function
	for name, value := range cum {
		all = append(all, Function{name, float64(flat[name]) / total, float64(value) / total})
	}
	slices.SortFunc(all, func(a, b Function) int {
		return cmp.Or(cmp.Compare(b.Flat, a.Flat), cmp.Compare(b.Cum, a.Cum), cmp.Compare(a.Name, b.Name))
	})
	if n > 0 && n < len(all) {
		all = all[:n]
	}
	return all
}

// byFunction sums values by function; one that recurs counts once a stack.
func (p *Profile) byFunction() (flat, cum map[string]int64) {
	flat, cum = map[string]int64{}, map[string]int64{}
	for stack := range p.Stacks() {
		if len(stack.Functions) == 0 {
			continue
		}
		flat[stack.Functions[len(stack.Functions)-1]] += stack.Value
		seen := map[string]bool{}
		for _, function := range stack.Functions {
			if !seen[function] {
				seen[function] = true
				cum[function] += stack.Value
			}
		}
	}
	return flat, cum
}
