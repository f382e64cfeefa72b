package profile

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/google/pprof/profile"
)

// Change is one name in two profiles. Shares are of each profile's own total, 0 … 1;
// per-file values are in the profiles' unit, and 0 where files are unknown.
type Change struct {
	Name        string  `json:"name"`
	BaseShare   float64 `json:"base_share"`
	NewShare    float64 `json:"new_share"`
	BasePerFile float64 `json:"base_per_file,omitempty"`
	NewPerFile  float64 `json:"new_per_file,omitempty"`
}

// grown is by how much: per file where that is known, else of the total.
func (c Change) grown(by string) float64 {
	if by == ByFile {
		return c.NewPerFile - c.BasePerFile
	}
	return c.NewShare - c.BaseShare
}

// What two profiles are made comparable by.
const (
	ByFile  = "file"  // values over the files scanned
	ByTotal = "total" // values over each profile's total, where files are unknown
)

// Difference is what one configuration does more, or less, than another. Functions
// are told by what stands under them, too (cumulative).
type Difference struct {
	Kind           string   `json:"kind"`
	Unit           string   `json:"unit"`
	By             string   `json:"by"`
	Base           Shares   `json:"base"`
	New            Shares   `json:"new"`
	Pools          []Change `json:"pools"`    // largest change first
	Stations       []Change `json:"stations"` // largest change first
	Functions      []Change `json:"functions"`
	BaseTotal      float64  `json:"base_total"` // per file, or 1
	NewTotal       float64  `json:"new_total"`
	Unattributable float64  `json:"unattributable"` // the larger of the two shares
}

// Compare tells what grew and what shrank from base to now, with the n functions
// that changed most; all for n < 1.
func Compare(base, now *Profile, n int) (Difference, error) {
	if err := alike(base, now); err != nil {
		return Difference{}, err
	}
	a, err := base.Shares()
	if err != nil {
		return Difference{}, fmt.Errorf("the first: %w", err)
	}
	b, err := now.Shares()
	if err != nil {
		return Difference{}, fmt.Errorf("the second: %w", err)
	}
	d := Difference{
		Kind: now.Kind, Unit: now.Unit, By: ByTotal, Base: a, New: b, BaseTotal: 1, NewTotal: 1,
		Unattributable: max(a.Unattributable, b.Unattributable),
	}
	if base.Files > 0 && now.Files > 0 {
		d.By = ByFile
		d.BaseTotal, d.NewTotal = float64(a.Total)/float64(a.Files), float64(b.Total)/float64(b.Files)
	}
	_, inBase := base.byFunction()
	_, inNew := now.byFunction()
	d.Pools = changes(a.Pools, b.Pools, d.By)
	d.Stations = changes(a.Stations, b.Stations, d.By)
	d.Functions = changes(base.ranked(inBase), now.ranked(inNew), d.By)
	if n > 0 && n < len(d.Functions) {
		d.Functions = d.Functions[:n]
	}
	return d, nil
}

func alike(base, now *Profile) error {
	if base.Kind != now.Kind || base.Unit != now.Unit {
		return fmt.Errorf("a profile of kind %s (%s) is not comparable with one of kind %s (%s); give two of a kind", base.Kind, base.Unit, now.Kind, now.Unit)
	}
	return nil
}

// changes joins two rankings by name, largest change first.
func changes(base, now []Share, by string) []Change {
	joined := map[string]Change{}
	for _, s := range base {
		joined[s.Name] = Change{Name: s.Name, BaseShare: s.Share, BasePerFile: s.PerFile}
	}
	for _, s := range now {
		c := joined[s.Name]
		c.Name, c.NewShare, c.NewPerFile = s.Name, s.Share, s.PerFile
		joined[s.Name] = c
	}
	var all []Change
	for _, c := range joined {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Change) int {
		return cmp.Or(cmp.Compare(math.Abs(b.grown(by)), math.Abs(a.grown(by))), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// Delta is now less base as a profile: what now did beyond what base would have done
// over as many files, or, where files are unknown, with as large a total. Its values
// may be negative.
func Delta(base, now *Profile) (*Profile, error) {
	if err := alike(base, now); err != nil {
		return nil, err
	}
	factor := 1.0
	switch {
	case base.Files > 0 && now.Files > 0:
		factor = float64(now.Files) / float64(base.Files)
	case base.Total() > 0:
		factor = float64(now.Total()) / float64(base.Total())
	}
	less := base.Data.Copy()
	less.Scale(-factor)
	data, err := profile.Merge([]*profile.Profile{now.Data, less})
	if err != nil {
		return nil, fmt.Errorf("subtract the profiles of kind %s: %w", now.Kind, err)
	}
	delta := *now
	delta.Data, delta.Merged = data, now.Merged+base.Merged
	return &delta, nil
}
