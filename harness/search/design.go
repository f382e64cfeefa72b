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
	ID     string      // "naive" for a starter, "c01", "c02" … for what was drawn
	Config record.Flat // whole: knobs outside the space have the reference's values
}

// Options say where to look.
type Options struct {
	Space     space.Space
	Reference record.Flat // in every block anyway, hence never a candidate; fills the knobs outside Space
	Starters  []Candidate // measured first: presets, guesses of a model. They may lie outside Space
	Seed      uint64
	Valid     func(record.Flat) bool // whether a drawn configuration can run, whole; nil: all can
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
	d, err := design(o, n)
	if err != nil {
		return nil, err
	}
	return d.candidates, nil
}

func design(o Options, n int) (*designer, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, fmt.Errorf("a design of %d candidates holds nothing; ask for 1 or more", n)
	}
	d := &designer{options: o, taken: map[string]bool{}, want: n}
	d.taken[o.Reference.String()] = true
	for _, starter := range o.Starters {
		d.add(starter.ID, starter.Config)
	}
	d.draw(rand.New(rand.NewPCG(o.Seed, designStream)))
	if len(d.candidates) == 0 {
		return nil, errors.New("the space holds nothing but the reference; widen a range")
	}
	return d, nil
}

func (o Options) validate() error {
	errs := []error{o.Space.Validate()}
	names := map[string]bool{}
	for _, starter := range o.Starters {
		if starter.ID == "" || names[starter.ID] {
			errs = append(errs, fmt.Errorf("starter %q: a starter needs a name of its own", starter.ID))
		}
		names[starter.ID] = true
	}
	return errors.Join(errs...)
}

// designer hands out candidates and remembers all that it ever did.
type designer struct {
	options    Options
	want       int             // candidates in all
	taken      map[string]bool // by the configuration in words
	drawn      int             // names given to drawn ones
	candidates []Candidate
}

func (d *designer) full() bool { return len(d.candidates) >= d.want }

func (d *designer) add(id string, config record.Flat) bool {
	key := config.String()
	if d.full() || d.taken[key] {
		return false
	}
	d.taken[key] = true
	d.candidates = append(d.candidates, Candidate{ID: id, Config: config})
	return true
}

// addDrawn names a drawn configuration and completes it from the reference.
func (d *designer) addDrawn(knobs map[string]any) {
	config := maps.Clone(d.options.Reference)
	if config == nil {
		config = record.Flat{}
	}
	maps.Copy(config, knobs)
	if d.options.Valid != nil && !d.options.Valid(config) {
		return
	}
	if d.add(d.nextID(), config) {
		d.drawn++
	}
}

// nextID is the first of c01, c02 … that no starter is called.
func (d *designer) nextID() string {
	for {
		id := fmt.Sprintf("c%02d", d.drawn+1)
		if !slices.ContainsFunc(d.options.Starters, func(s Candidate) bool { return s.ID == id }) {
			return id
		}
		d.drawn++
	}
}

// draw fills up by chance. When most draws hit what is taken and the space is
// small enough to list, the rest is taken from the list in random order.
func (d *designer) draw(rng *rand.Rand) {
	for range 20 * d.want {
		if d.full() {
			return
		}
		d.addDrawn(d.options.Space.Random(rng))
	}
	rest, err := d.options.Space.Grid(gridLimit)
	if err != nil {
		return // too large to list, and yet exhausted: cannot happen but by a freak of chance
	}
	rng.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	for _, knobs := range rest {
		d.addDrawn(knobs)
	}
}

// reach is how far a newcomer stands from its parent: the standard deviation of
// its steps as a share of a knob's scale. On 1 … 64 it is a factor of 2.3.
const reach = 0.2

// near draws n newcomers around the parents, each in turn, for the given rung.
// Fewer come back when the neighbourhood is exhausted.
func (d *designer) near(parents []Candidate, n, rung int) []Candidate {
	rng := rand.New(rand.NewPCG(d.options.Seed, nearStream+uint64(rung)))
	before := len(d.candidates)
	d.want = before + n
	for try := range 50 * n {
		if d.full() {
			break
		}
		d.addDrawn(d.options.Space.Near(rng, parents[try%len(parents)].Config, reach))
	}
	return slices.Clone(d.candidates[before:])
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

func blockCount(arms int) int { return (arms + BlockArms - 1) / BlockArms }
