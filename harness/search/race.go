package search

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"sluice/harness/stats"
)

// Race is iterated racing: a race measures its candidates in rounds, one trial of
// each, and drops those that a test tells from the best; the next race draws
// newcomers around those left, ever closer. What launches remain after the last
// race measure the finalists.
//
// It follows López-Ibáñez, Dubois-Lacoste, Pérez Cáceres, Birattari and Stützle,
// "The irace package: iterated racing for automatic algorithm configuration",
// Operations Research Perspectives 3 (2016): how many races, Friedman's test with
// Conover's comparisons (signed ranks for two) from the fifth round on, truncated
// normal draws around elites with a shrinking deviation, weights for words. Ours is
// the plant: a round takes several blocks of different offsets, which the mixed
// model takes off before ranking; elites run again beside the newcomers, since a
// moment cannot be measured again, and stay against the test while all that was
// ever measured of them says more; and there are fewer races and elites where
// launches are few. There are no restarts.
type Race struct {
	ledger

	options Options
	design  *designer
	rng     *rand.Rand
	models  map[string]model // of every candidate of a race
	asked   [][]Candidate

	race, races int
	until       int // launches left at which this race ends
	arms        []Candidate
	elite       map[string]bool      // of this race
	keep        int                  // candidates that end it
	rounds      []map[string]reading // of this race, by candidate
	round       int                  // in all
	last        bool                 // the finalists run
}

const (
	raceStream  = 0x72616365 // "race"
	raceTest    = 5          // rounds before the first test
	raceLevel   = 0.05       // of the test
	raceKeep    = 3          // candidates of a race for each elite
	raceArms    = 6          // candidates of a race, at least, where launches allow
	raceTries   = 50         // draws around elites for a newcomer before one is drawn at random
	raceReach   = 0.5        // standard deviation of the first draws, as a share of the scale
	raceFurther = 5          // races by which the rounds grow
)

// NewRace prepares the search. It is an error when the options are wrong or the
// space holds nothing but the reference.
func NewRace(o Options) (*Race, error) {
	d, err := newDesigner(o, nil)
	if err != nil {
		return nil, err
	}
	return &Race{ledger: newLedger(), options: o, design: d, rng: rand.New(rand.NewPCG(o.Seed, raceStream)), models: map[string]model{}}, nil
}

// Ask returns the blocks of a round.
func (r *Race) Ask(left int) [][]Candidate {
	if r.asked != nil || left < 2 {
		return r.asked
	}
	if r.race == 0 {
		r.races = r.affordable(left)
	}
	if r.race == 0 || r.over(left) {
		r.advance(left)
	}
	if len(r.arms) > 0 {
		r.asked = afford(Blocks(r.arms, r.options.Seed, r.round), left)
	}
	return r.asked
}

// affordable is how many races there will be: irace's number, or as many as can
// each bring the least number of candidates to a test.
func (r *Race) affordable(left int) int {
	least := (raceTest + 1) * Rung{Fresh: raceArms}.trials()
	return max(1, min(r.most(), left/least))
}

// most is irace's number of races, and of survivors: 2 + log2 of the knobs.
func (r *Race) most() int { return 1 + bits.Len(uint(max(1, len(r.options.Space)))) }

// over tells whether the race has nothing left to tell apart, or to spend.
func (r *Race) over(left int) bool {
	if r.last {
		return false
	}
	decided := len(r.rounds) >= raceTest && len(r.arms) <= r.keep
	return len(r.arms) == 0 || decided || left-Rung{Fresh: len(r.arms)}.trials() < r.until
}

// advance begins the next race, or the finalists' rounds.
func (r *Race) advance(left int) {
	r.rounds = nil
	for r.race < r.races {
		r.race++
		budget := left / (r.races - r.race + 1)
		r.until = left - budget
		if r.enter(budget) {
			return
		}
	}
	r.last = true
	r.arms = r.best(finalists)
}

// enter fills a race: with elites, and newcomers around them. It reports whether
// there are any newcomers.
func (r *Race) enter(budget int) bool {
	n := 2
	for (raceTest+min(r.race, raceFurther))*(Rung{Fresh: n + 1}).trials() <= budget {
		n++
	}
	r.keep = max(1, min(r.most(), n/raceKeep))
	elites := r.best(r.keep)
	fresh := r.newcomers(elites, max(1, n-len(elites)))
	r.arms = append(slices.Clone(elites), fresh...)
	r.elite = map[string]bool{}
	for _, c := range elites {
		r.elite[c.ID] = true
	}
	return len(fresh) > 0
}

// newcomers draws n candidates: at random before there are elites.
func (r *Race) newcomers(elites []Candidate, n int) []Candidate {
	for _, c := range elites {
		r.models[c.ID] = r.models[c.ID].sharpened(r.options.Space, c, float64(r.race-1)/float64(r.races), n)
	}
	var fresh []Candidate
	for len(fresh) < n {
		c, m, ok := r.newcomer(elites)
		if !ok {
			break
		}
		r.models[c.ID] = m
		fresh = append(fresh, c)
	}
	return fresh
}

func (r *Race) newcomer(elites []Candidate) (Candidate, model, bool) {
	for try := 0; try < raceTries && len(elites) > 0 && len(r.design.waiting) == 0; try++ {
		parent := elites[r.parent(len(elites))]
		m := r.models[parent.ID]
		if c, ok := r.design.offer(m.draw(r.rng, r.options.Space, parent)); ok {
			return c, m, true
		}
	}
	c, ok := r.design.next()
	return c, newModel(r.options.Space), ok
}

// parent draws an elite, the better the likelier: n … 1 parts.
func (r *Race) parent(n int) int {
	at := r.rng.IntN(n * (n + 1) / 2)
	for i := range n {
		if at -= n - i; at < 0 {
			return i
		}
	}
	return n - 1
}

// Tell enters the results and drops what they tell from the best.
func (r *Race) Tell(results []Result) {
	if r.asked == nil {
		return
	}
	r.add(results)
	r.asked = nil
	r.round++
	round := map[string]reading{}
	for _, result := range results {
		if block, known := r.blocks[result.Block]; known && !result.failed() {
			round[result.ID] = reading{block, result.Value}
		}
	}
	r.rounds = append(r.rounds, round)
	r.arms = slices.DeleteFunc(r.arms, func(c Candidate) bool { return r.failed(c.ID) })
	if !r.last && len(r.rounds) >= raceTest {
		r.dropHopeless()
		r.drop()
	}
}

// dropHopeless leaves out what surely breaks a requirement, if anything else is
// there.
func (r *Race) dropHopeless() {
	lost := map[string]bool{}
	for _, s := range r.Standings() {
		lost[s.ID] = s.Feasible < hopeless
	}
	if rest := slices.DeleteFunc(slices.Clone(r.arms), func(c Candidate) bool { return lost[c.ID] }); len(rest) > 0 {
		r.arms = rest
	}
}

// drop tests the rounds that all candidates still in the race have ended.
func (r *Race) drop() {
	rows := r.rows()
	if len(rows) < raceTest || len(r.arms) < 2 {
		return
	}
	worse := worseThanBest(rows)
	gains, top := r.fit().gains, math.Inf(-1)
	for j, c := range r.arms {
		if !worse[j] {
			top = max(top, gains[r.places[c.ID]])
		}
	}
	var rest []Candidate
	for j, c := range r.arms {
		if !worse[j] || r.elite[c.ID] && gains[r.places[c.ID]] >= top {
			rest = append(rest, c)
		}
	}
	r.arms = rest
}

// rows are the values of the race's candidates, a row for each whole round, the
// offsets of their blocks taken off.
func (r *Race) rows() [][]float64 {
	offsets := r.fit().offsets
	var rows [][]float64
	for _, round := range r.rounds {
		row := make([]float64, 0, len(r.arms))
		for _, c := range r.arms {
			if e, ok := round[c.ID]; ok {
				row = append(row, e.value-offsets[e.block])
			}
		}
		if len(row) == len(r.arms) {
			rows = append(rows, row)
		}
	}
	return rows
}

// worseThanBest tells for each column whether a test finds it less than the best.
func worseThanBest(rows [][]float64) []bool {
	worse := make([]bool, len(rows[0]))
	if len(worse) == 2 {
		differences, sum := make([]float64, len(rows)), 0.0
		for i, row := range rows {
			differences[i] = row[1] - row[0]
			sum += differences[i]
		}
		different := stats.SignedRankP(differences, 0) <= raceLevel
		worse[0], worse[1] = different && sum > 0, different && sum < 0
		return worse
	}
	test, err := stats.Friedman(rows)
	if err != nil || test.P > raceLevel {
		return worse // a value that is no number never enters a row
	}
	best, critical := slices.Max(test.RankSums), test.Critical(raceLevel)
	for j, sum := range test.RankSums {
		worse[j] = best-sum > critical
	}
	return worse
}
