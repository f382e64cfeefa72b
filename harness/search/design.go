package search

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"sluice/harness/record"
	"sluice/harness/space"
)

// Candidate is a configuration under the name that its trials carry.
type Candidate struct {
	ID     string      // "naive" for a starter, "c01", "c02" … for what was drawn; never ReferenceID
	Config record.Flat // whole: knobs outside the space have the reference's values
}

// Options say where to look.
type Options struct {
	Space     space.Space
	Reference record.Flat // in every block anyway, hence never a candidate; fills the knobs outside Space
	Starters  []Candidate // measured first: presets, guesses of a model. They may lie outside Space
	Seed      uint64
	Valid     func(record.Flat) bool // whether a drawn configuration can run, whole; nil: all can

	// Prior is what a model expects of a configuration: the log ratio to the
	// reference of what Result.Value holds, and the standard deviation of its error.
	// Nil: no model. Ok is false where the model knows nothing.
	Prior func(record.Flat) (gain, deviation float64, ok bool)
}

// The streams of random numbers drawn from one seed. Each use has its own, so
// that a change in one leaves the others as they were.
const (
	designStream = 0x64657369676e // "design"
	blockStream  = 0x626c6f636b   // "block"
	nearStream   = 0x6e656172     // "near"
)

// gridLimit is how large a space may be to be listed when random draws keep
// hitting what is already taken.
const gridLimit = 1 << 16

// Design returns n distinct candidates: the starters in their order, then random
// configurations of the space. Starters equal to the reference or to an earlier
// one are left out. There are fewer than n only when the space has no more.
func Design(o Options, n int) ([]Candidate, error) {
	if n < 1 {
		return nil, fmt.Errorf("a design of %d candidates holds nothing; ask for 1 or more", n)
	}
	d, err := newDesigner(o, nil)
	if err != nil {
		return nil, err
	}
	return d.take(n), nil
}

func (o Options) validate() error {
	errs := []error{o.Space.Validate()}
	names := map[string]bool{ReferenceID: true}
	for _, starter := range o.Starters {
		if starter.ID == "" || names[starter.ID] {
			errs = append(errs, fmt.Errorf("starter %q: a starter needs a name of its own, which is not the reference's", starter.ID))
		}
		names[starter.ID] = true
	}
	return errors.Join(errs...)
}

// designer hands out candidates, each once, and remembers all that it ever did.
type designer struct {
	options Options
	propose func() map[string]any // knobs of the space, any number of times
	rng     *rand.Rand
	taken   map[string]bool  // by the configuration in words
	drawn   int              // names given to drawn ones
	waiting []Candidate      // handed out before anything is drawn
	rest    []map[string]any // what is left of the space, once it is listed
	listed  bool
}

// newDesigner hands out the starters, then what propose proposes; nil for random
// draws. It is an error when there is nothing at all to hand out.
func newDesigner(o Options, propose func() map[string]any) (*designer, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	d := &designer{options: o, propose: propose, rng: rand.New(rand.NewPCG(o.Seed, designStream)), taken: map[string]bool{o.Reference.String(): true}}
	if propose == nil {
		d.propose = func() map[string]any { return o.Space.Random(d.rng) }
	}
	for _, starter := range o.Starters {
		if key := starter.Config.String(); !d.taken[key] {
			d.taken[key] = true
			d.waiting = append(d.waiting, starter)
		}
	}
	if first := d.take(1); len(first) > 0 {
		d.waiting = slices.Insert(d.waiting, 0, first[0])
		return d, nil
	}
	return nil, errors.New("the space holds nothing but the reference; widen a range")
}

// take hands out n candidates, fewer when there are no more.
func (d *designer) take(n int) []Candidate {
	var taken []Candidate
	for len(taken) < n {
		c, ok := d.next()
		if !ok {
			break
		}
		taken = append(taken, c)
	}
	return taken
}

// drawTries is how many draws in a row may hit what is taken, or what cannot run,
// before the space is listed.
const drawTries = 2000

func (d *designer) next() (Candidate, bool) {
	if len(d.waiting) > 0 {
		c := d.waiting[0]
		d.waiting = d.waiting[1:]
		return c, true
	}
	for try := 0; try < drawTries && !d.listed; try++ {
		if c, ok := d.offer(d.propose()); ok {
			return c, true
		}
	}
	if !d.listed {
		d.list()
	}
	for len(d.rest) > 0 {
		knobs := d.rest[0]
		d.rest = d.rest[1:]
		if c, ok := d.offer(knobs); ok {
			return c, true
		}
	}
	return Candidate{}, false
}

// list takes what is left from the list of the whole space, in random order. One
// too large to list is left alone, and counts as exhausted: thousands of draws
// found nothing that can run.
func (d *designer) list() {
	d.listed = true
	if rest, err := d.options.Space.Grid(gridLimit); err == nil {
		d.rng.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
		d.rest = rest
	}
}

// offer makes a candidate of knobs: completed from the reference, named, and not
// handed out before.
func (d *designer) offer(knobs map[string]any) (Candidate, bool) {
	config := maps.Clone(d.options.Reference)
	if config == nil {
		config = record.Flat{}
	}
	maps.Copy(config, knobs)
	key := config.String()
	if d.taken[key] || d.options.Valid != nil && !d.options.Valid(config) {
		return Candidate{}, false
	}
	d.taken[key] = true
	return Candidate{ID: d.nextID(), Config: config}, true
}

// nextID is the first of c01, c02 … not given yet that no starter is called.
func (d *designer) nextID() string {
	for {
		d.drawn++
		id := fmt.Sprintf("c%02d", d.drawn)
		if !slices.ContainsFunc(d.options.Starters, func(s Candidate) bool { return s.ID == id }) {
			return id
		}
	}
}

// reach is how far a newcomer stands from its parent: the standard deviation of
// its steps as a share of a knob's scale. On 1 … 64 it is a factor of 2.3.
const reach = 0.2

// near draws n newcomers around the parents, each in turn, for the given rung.
// Fewer come back when the neighbourhood is exhausted.
func (d *designer) near(parents []Candidate, n, rung int) []Candidate {
	rng := rand.New(rand.NewPCG(d.options.Seed, nearStream+uint64(rung)))
	var fresh []Candidate
	for try := 0; try < 50*n && len(fresh) < n; try++ {
		if c, ok := d.offer(d.options.Space.Near(rng, parents[try%len(parents)].Config, reach)); ok {
			fresh = append(fresh, c)
		}
	}
	return fresh
}

// BlockArms is the most candidates in a block: with the reference, six trials.
const BlockArms = 5

// Blocks deals the candidates in seeded random order into as few blocks of at
// most BlockArms as will do, of sizes that differ by one at most. Another round
// deals anew, so that repeats of a candidate stand beside different neighbours.
func Blocks(candidates []Candidate, seed uint64, round int) [][]Candidate {
	arms := slices.Clone(candidates)
	rng := rand.New(rand.NewPCG(seed, blockStream+uint64(round)))
	rng.Shuffle(len(arms), func(i, j int) { arms[i], arms[j] = arms[j], arms[i] })
	count := blockCount(len(arms))
	blocks := make([][]Candidate, count)
	for i := range blocks {
		blocks[i] = arms[i*len(arms)/count : (i+1)*len(arms)/count : (i+1)*len(arms)/count]
	}
	return blocks
}

// afford cuts blocks down to what so many launches pay for, the reference in each
// block included.
func afford(blocks [][]Candidate, left int) [][]Candidate {
	var paid [][]Candidate
	for _, block := range blocks {
		if left < 2 {
			break
		}
		block = block[:min(len(block), left-1)]
		paid = append(paid, block)
		left -= len(block) + 1
	}
	return paid
}

func blockCount(arms int) int { return (arms + BlockArms - 1) / BlockArms }
