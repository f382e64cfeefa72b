package observe

import "fmt"

// An I/O pool's share of Computing above which it is flagged: taking a file,
// booking it and handing it over are a percent or two of reading it even from
// a warm cache. With few looks only a large share means something.
const (
	computingLimit = 0.05
	fewestLooks    = 100
	plainlyTooMuch = 0.3
	fewLooks       = 10
)

// analyses reports whether the workers of an I/O pool were seen to compute too often.
func (o Occupancy) analyses() bool {
	return o.Kind == IO && (o.Looks >= fewestLooks && o.Computing > computingLimit || o.Looks >= fewLooks && o.Computing > plainlyTooMuch)
}

// Warnings says what the summary has to complain of, a sentence each, the gravest
// first; nil if there is nothing. Analysis of small files on the I/O workers shows in the pool's
// share of computing, that of large ones as reports too.
func (s Summary) Warnings() (all []string) {
	for _, stall := range s.Stalls {
		all = append(all, stall.String())
	}
	if more := s.StallCount - int64(len(s.Stalls)); more > 0 {
		all = append(all, fmt.Sprintf("stalls not shown: %d", more))
	}
	for _, o := range s.Occupancy {
		if o.Flagged {
			all = append(all, fmt.Sprintf("I/O pool %s computed in %.0f %% of %d looks at its workers: analysis belongs to the CPU workers",
				o.Pool, o.Computing*100, o.Looks))
		}
	}
	for _, what := range []string{WhatSandwich, WhatBlocked, WhatComputing} {
		for _, c := range s.Counts {
			if c.What == what {
				all = append(all, s.first(c))
			}
		}
	}
	return all
}

// first is the first report that c counts, with how many there were.
func (s Summary) first(c Count) string {
	text := fmt.Sprintf("pool %s: %s", c.Pool, c.What)
	for _, r := range s.Reports {
		if r.What == c.What && r.Pool == c.Pool && r.Kind == c.Kind {
			text = r.String()
			break
		}
	}
	if c.N > 1 {
		text += fmt.Sprintf(" (the first of %d such episodes)", c.N)
	}
	return text
}
