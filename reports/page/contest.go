package page

import (
	_ "embed"
	"html/template"
	"slices"

	"sluice/reports/plots"
	"sluice/reports/view"
)

//go:embed contest.html
var contestMarkup string

// Gallery is the pictures of a contest of limiters.
type Gallery struct {
	Ranking []plots.Chart
	Plants  [][]plots.Chart // those of each plant, in the order of the contest
}

// All lists the pictures.
func (g Gallery) All() []plots.Chart {
	return slices.Concat(append([][]plots.Chart{g.Ranking}, g.Plants...)...)
}

// contest is what the template sees.
type contest struct {
	view.Contest
	CSS     template.CSS
	Ranking []figure
	Plants  []plant
	Legend  view.Words
}

type plant struct {
	view.Plant
	Figures []figure
}

// Contest sets a contest of limiters as a page of the same make as a report's.
func Contest(v view.Contest, g Gallery) ([]byte, error) {
	s := contest{Contest: v, CSS: template.CSS(plots.CSS() + styles), Legend: view.Legend} //nolint:gosec // both are ours
	var err error
	if s.Ranking, err = figures(g.Ranking); err != nil {
		return nil, err
	}
	for i, of := range v.Plants {
		pictures, err := figures(g.Plants[i])
		if err != nil {
			return nil, err
		}
		s.Plants = append(s.Plants, plant{Plant: of, Figures: pictures})
	}
	return set(contestMarkup, s)
}
