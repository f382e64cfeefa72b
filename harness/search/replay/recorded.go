package replay

import (
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/space"
	"sluice/harness/stats"
)

// Recorded is a table as a ground.
type Recorded struct {
	table      Table
	cells      map[string]int // by the knobs in words; the reference is cell len(cells)
	halves     [2]polished
	gains      []float64 // true, of each cell
	best       float64
	population []float64
	about      About
}

// polished is one half of a table, taken apart into levels of blocks, centres of
// cells and what trials have beyond both.
type polished struct {
	centre []float64   // of each cell, the reference's last and 0; NaN where no trial ended well
	level  []float64   // of the blocks of this half
	beyond [][]drawn   // of each cell: its trials
	pairs  [][]float64 // of each cell: recorded log ratios to the reference of the block
}

// drawn is what can be drawn of a recorded trial.
type drawn struct {
	beyond float64
	failed bool
}

// Record makes the ground of a table. Every configuration that has a trial in it
// can be searched. It costs a few milliseconds for two thousand trials.
func Record(t Table) (*Recorded, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	g := &Recorded{table: t, cells: t.cells()}
	for half := range g.halves {
		g.halves[half] = g.polish(func(tr Trial) bool { return tr.Round%2 == half })
	}
	g.rescale()
	held := g.halves[HeldOut]
	for cell := range len(g.cells) {
		gain := held.centre[cell]
		if math.IsNaN(gain) {
			gain = math.Inf(-1)
		}
		g.gains = append(g.gains, gain)
	}
	g.best = max(0, slices.Max(g.gains))
	g.population = slices.Clone(g.gains)
	ascending(g.population)
	g.about = About{
		Name: t.Name, Kind: "table", Objective: t.Objective, Cells: len(g.cells), Rounds: t.rounds(),
		PairNoise: pairNoise(slices.Concat(g.halves[Drawing].pairs, held.pairs)), Ceiling: g.ceiling(), TruthError: g.disagreement(),
	}
	return g, nil
}

// Expects is what the model said of a configuration before anything was measured; not
// ok where the table does not hold it, or the model was not asked.
func (g *Recorded) Expects(c record.Flat) (gain, deviation float64, ok bool) {
	cell, there := g.cells[g.table.project(c).String()]
	if !there || g.table.Expected == nil {
		return 0, 0, false
	}
	return g.table.Expected.Gains[cell], g.table.Expected.Deviations[cell], true
}

// Calibrated is how many launches the model was calibrated with; 0: it was not asked.
func (g *Recorded) Calibrated() int {
	if g.table.Expected == nil {
		return 0
	}
	return len(g.table.Expected.Trials)
}

func ascending(x []float64) { slices.Sort(x) }

// observation is a trial that ended well, by cell and block of its half.
type observation struct {
	cell, block int
	value       float64
}

// polish takes the trials of one half apart.
func (g *Recorded) polish(mine func(Trial) bool) polished {
	reference := len(g.cells)
	p := polished{beyond: make([][]drawn, reference+1), pairs: make([][]float64, reference)}
	blocks, lone := map[int]int{}, map[int]float64{}
	var all []observation
	for _, tr := range g.table.Trials {
		if !mine(tr) {
			continue
		}
		o := observation{cell: reference}
		if tr.Config != nil {
			o.cell = g.cells[tr.Config.String()]
		}
		var ok bool
		if o.value, ok = g.table.value(tr); !ok {
			p.beyond[o.cell] = append(p.beyond[o.cell], drawn{failed: true})
			continue
		}
		if _, seen := blocks[tr.Block]; !seen {
			blocks[tr.Block] = len(blocks)
		}
		if o.block = blocks[tr.Block]; o.cell == reference {
			lone[o.block] = o.value
		}
		all = append(all, o)
	}
	p.fit(all, reference+1, len(blocks))
	for _, o := range all {
		p.beyond[o.cell] = append(p.beyond[o.cell], drawn{beyond: o.value - p.centre[o.cell] - p.level[o.block]})
		if r, ok := lone[o.block]; ok && o.cell != reference {
			p.pairs[o.cell] = append(p.pairs[o.cell], o.value-r)
		}
	}
	return p
}

// polishes bounds the passes of the median polish. It settles after some ten; where
// it does not, the passes beyond change the last digits.
const polishes = 100

// fit is a median polish over cells and blocks.
func (p *polished) fit(all []observation, cells, blocks int) {
	byCell, byBlock := make([][]observation, cells), make([][]observation, blocks)
	for _, o := range all {
		byCell[o.cell] = append(byCell[o.cell], o)
		byBlock[o.block] = append(byBlock[o.block], o)
	}
	p.centre, p.level = make([]float64, cells), make([]float64, blocks)
	var buffer []float64
	median := func(of []observation, less func(observation) float64) float64 {
		buffer = buffer[:0]
		for _, o := range of {
			buffer = append(buffer, o.value-less(o))
		}
		return stats.Median(buffer)
	}
	for range polishes {
		moved := 0.0
		for i, of := range byBlock {
			next := median(of, func(o observation) float64 { return p.centre[o.cell] })
			moved = max(moved, math.Abs(next-p.level[i]))
			p.level[i] = next
		}
		for i, of := range byCell {
			p.centre[i] = median(of, func(o observation) float64 { return p.level[o.block] })
		}
		if moved < 1e-9 {
			break
		}
	}
	base := p.centre[cells-1]
	for i := range p.centre {
		p.centre[i] -= base
	}
	for i := range p.level {
		p.level[i] += base
	}
}

// rescale gives back the scatter that a polish takes away: replayed pairs are to
// scatter as much as recorded ones.
func (g *Recorded) rescale() {
	for i := range g.halves {
		p := &g.halves[i]
		reference := len(p.beyond) - 1
		own, n := squares(Half(i), p.beyond[:reference]...)
		lone, m := squares(Half(i), p.beyond[reference])
		replayed := own/max(1, n) + lone/max(1, m)
		if recorded := pairNoise(p.pairs); replayed > 0 && recorded > 0 {
			factor := recorded / math.Sqrt(replayed)
			for _, of := range p.beyond {
				for j := range of {
					of[j].beyond *= factor
				}
			}
		}
	}
}

// squares sums the variance of what is drawn: about the cell's own mean, or about its
// centre where signs are drawn too.
func squares(half Half, of ...[]drawn) (sum, n float64) {
	for _, trials := range of {
		first, second, count := 0.0, 0.0, 0.0
		for _, d := range trials {
			if !d.failed {
				first, second, count = first+d.beyond, second+d.beyond*d.beyond, count+1
			}
		}
		if half == Drawing && count > 0 {
			second -= first * first / count
		}
		sum, n = sum+second, n+count
	}
	return sum, n
}

// pairNoise is the standard deviation of a pair's log ratio within configurations,
// pooled over them.
func pairNoise(pairs [][]float64) float64 {
	sum, freedom := 0.0, 0.0
	for _, of := range pairs {
		if len(of) < 2 {
			continue
		}
		mean := 0.0
		for _, v := range of {
			mean += v / float64(len(of))
		}
		for _, v := range of {
			sum += (v - mean) * (v - mean)
		}
		freedom += float64(len(of) - 1)
	}
	if freedom == 0 {
		return 0
	}
	return math.Sqrt(sum / freedom)
}

// ceiling is the true gain of what is best in all of the drawing half.
func (g *Recorded) ceiling() float64 {
	best, at := 0.0, -1
	for cell, centre := range g.halves[Drawing].centre[:len(g.cells)] {
		if centre > best {
			best, at = centre, cell
		}
	}
	if at < 0 {
		return 0
	}
	return g.gains[at]
}

// disagreement is the standard error of what the good ones are truly worth, as the two
// halves tell it: by how much they differ on a configuration, over √2. It is that of the
// best quarter, since noise is not everywhere alike: where storage is the bound trials
// agree to 1 %, where the processors are, as for the best they mostly are, far less well.
// What the halves differ by on all alike is the reference's doing. Medians keep a few
// wild ones out.
func (g *Recorded) disagreement() float64 {
	drawn, held := g.halves[Drawing].centre[:len(g.cells)], g.halves[HeldOut].centre
	var cells []int
	for cell := range len(g.cells) {
		if d := drawn[cell] - held[cell]; !math.IsNaN(d) && !math.IsInf(d, 0) {
			cells = append(cells, cell)
		}
	}
	if len(cells) == 0 {
		return 0
	}
	slices.SortStableFunc(cells, func(a, b int) int { return cmp.Compare(drawn[b]+held[b], drawn[a]+held[a]) })
	var apart []float64
	for _, cell := range cells[:max(min(leastAgreeing, len(cells)), len(cells)/4)] {
		apart = append(apart, drawn[cell]-held[cell])
	}
	alike := stats.Median(slices.Clone(apart))
	for i, d := range apart {
		apart[i] = math.Abs(d - alike)
	}
	return normalMAD * stats.Median(apart) / math.Sqrt2
}

// leastAgreeing is the fewest configurations that tell how well the halves agree.
const leastAgreeing = 12

// normalMAD makes a standard deviation of a normal law's median absolute deviation.
const normalMAD = 1.4826

// About implements Ground.
func (g *Recorded) About() About { return g.about }

// Space implements Ground.
func (g *Recorded) Space() space.Space { return g.table.Space }

// Reference implements Ground.
func (g *Recorded) Reference() record.Flat { return g.table.Reference }

// Starters implements Ground. They are whole, as drawn candidates are.
func (g *Recorded) Starters() []search.Candidate {
	starters := slices.Clone(g.table.Starters)
	for i, s := range starters {
		config := maps.Clone(g.table.Reference)
		maps.Copy(config, s.Config)
		starters[i].Config = config
	}
	return starters
}

// Holds implements Ground.
func (g *Recorded) Holds(c record.Flat) bool { _, ok := g.cell(c); return ok }

func (g *Recorded) cell(c record.Flat) (int, bool) {
	cell, ok := g.cells[g.table.project(c).String()]
	return cell, ok
}

// Gain implements Ground.
func (g *Recorded) Gain(c record.Flat) float64 {
	if cell, ok := g.cell(c); ok {
		return g.gains[cell]
	}
	return math.Inf(-1)
}

// Best implements Ground.
func (g *Recorded) Best() float64 { return g.best }

// Population implements Ground.
func (g *Recorded) Population() []float64 { return g.population }

// Block implements Ground.
func (g *Recorded) Block(rng *rand.Rand, half Half, configs []record.Flat) []Measured {
	p := g.halves[half]
	level := p.level[rng.IntN(len(p.level))]
	block := []Measured{p.draw(rng, half, len(g.cells), level)}
	for _, c := range configs {
		cell, ok := g.cell(c)
		if !ok {
			block = append(block, Measured{Failed: true})
			continue
		}
		block = append(block, p.draw(rng, half, cell, level))
	}
	return block
}

// draw measures a cell once more, in a block of that level. What disturbs a trial
// nearly always slows it, and a search is to meet that as it was: with signs drawn,
// 12 of 200 random searches on the table of an object store ended more than 10 % below
// the best by luck that nobody ever had, without none. Confirmation's draws have either
// sign: their centre, by whatever average, is the truth that an interval is held
// against; without, the median of four skewed trials is not what a signed-rank interval
// is of, and 319 of 359 intervals held it.
func (p polished) draw(rng *rand.Rand, half Half, cell int, level float64) Measured {
	trials := p.beyond[cell]
	if len(trials) == 0 {
		return Measured{Failed: true}
	}
	d := trials[rng.IntN(len(trials))]
	if d.failed {
		return Measured{Failed: true}
	}
	if half == HeldOut && rng.IntN(2) == 0 {
		d.beyond = -d.beyond
	}
	return Measured{Value: level + p.centre[cell] + d.beyond}
}
