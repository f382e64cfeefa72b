package lab

import (
	"context"
	"fmt"
	"slices"

	"sluice/harness/record"
	"sluice/workloads/corpus"
)

// blockArms is the most arms of a block beside the reference: conditions drift,
// and a block must be short to be a pair.
const blockArms = 5

// Rounds is a fixed design: every arm meets the reference once in each round.
// A round of more than five arms is cut into blocks with the reference in each
// (incomplete blocks): no block has more than six trials.
type Rounds struct {
	Phase  record.Phase
	Rounds int   // how many; with Enough, the most
	Arms   []Arm // the reference first
	Corpus corpus.Corpus
	Size   Sizing

	// Enough is asked after each full round, with the trials so far that count, in
	// the order of the design, and the number of rounds; true ends the design. It
	// must be a function of these alone: a resumed run asks it again. nil: all rounds.
	Enough func(trials []record.Trial, rounds int) bool

	// OneSample has every round scan the files of the first; its latencies are its own.
	OneSample bool

	// Placebo adds an arm of that name with the reference's configuration, dealt
	// like any other, so that it is measured once in each round.
	Placebo bool

	// Duet measures both arms at the same moment, each on half of Bench.Cores; the
	// seed says which half is whose in each round. What disturbs the machine then
	// disturbs both alike. It is for two arms with the same appetite for cores:
	// each has half of them only, so it cannot compare configurations whose own
	// number of threads is in question; and the halves share caches and the way to
	// memory and storage, so an arm that crowds these slows the other and hides
	// some of its own cost. It takes exactly two arms and no placebo.
	Duet bool
}

// Blocks is the number of blocks of the design, if no rule ends it earlier.
func (r Rounds) Blocks() int { return r.Rounds * r.perRound() }

// Trials is the number of trials of the design, if no rule ends it earlier and
// no block is measured again.
func (r Rounds) Trials() int { return r.Rounds * (len(r.others()) + r.perRound()) }

func (r Rounds) perRound() int { return max(1, (len(r.others())-1)/blockArms+1) }

// others are the arms that meet the reference.
func (r Rounds) others() []Arm {
	others := slices.Clone(r.Arms[1:])
	if r.Placebo {
		others = append(others, Arm{Name: Placebo, Config: r.Arms[0].Config, Storage: r.Arms[0].Storage})
	}
	return others
}

// check refuses arms that cannot be told apart in the journal.
func (r Rounds) check() error {
	if r.Duet && r.Placebo {
		return fmt.Errorf("a duet has two arms and no room for a placebo: compare the reference with itself to see what a duet shows where there is nothing, or measure without a duet")
	}
	seen := map[string]bool{}
	for _, arm := range append([]Arm{r.Arms[0]}, r.others()...) {
		if seen[arm.Name] {
			return fmt.Errorf("two arms are called %q; give each a name of its own", arm.Name)
		}
		seen[arm.Name] = true
	}
	return nil
}

// MeasureRounds runs a fixed design and returns the trials that count. Each round
// scans a fresh sample, disjoint from the others where the corpus allows, unless one
// sample is asked for, and its blocks share their latencies.
func (l *Bench) MeasureRounds(ctx context.Context, r Rounds) ([]record.Trial, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	var trials []record.Trial
	for round := range r.Rounds {
		sample := round
		if r.OneSample {
			sample = 0
		}
		draw := r.Size.Draw(r.Corpus, l.Seed, sample)
		for i, group := range l.groups(r, round) {
			block := Block{
				Phase: r.Phase, Index: round*r.perRound() + i, Arms: append([]Arm{r.Arms[0]}, group...),
				Draw: draw, Latency: 1000 + round, Duet: r.Duet,
			}
			done, err := l.Block(ctx, block)
			if err != nil {
				return nil, err
			}
			trials = append(trials, done...)
		}
		if r.Enough != nil && r.Enough(trials, round+1) {
			break
		}
	}
	return trials, nil
}

// groups deals the arms beside the reference into blocks of nearly equal size,
// in another seeded order each round, so that no two arms always meet.
func (l *Bench) groups(r Rounds, round int) [][]Arm {
	others := r.others()
	l.random("deal", r.Phase, round).Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	groups := make([][]Arm, r.perRound())
	for i, arm := range others {
		groups[i%len(groups)] = append(groups[i%len(groups)], arm)
	}
	return groups
}
