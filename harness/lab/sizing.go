package lab

import (
	"context"
	"fmt"
	"math"
	"slices"

	"sluice/harness/record"
	"sluice/workloads/corpus"
)

// Bounds of a trial's length: the slowest takes at most LongestS, unless the
// fastest would then be shorter than ShortestS, which is too short to time.
// Where the two conflict, ShortestS wins.
const (
	LongestS  = 6.0
	ShortestS = 0.5
)

// Sizing is how much a trial scans.
type Sizing struct {
	Bytes   int64 // of the sample, at least
	Repeats int   // times that a small corpus is listed over
}

// Scanned is the number of bytes that a trial of this size scans.
func (s Sizing) Scanned() float64 { return float64(s.Bytes) * float64(s.Repeats) }

// SizeFor sizes a sample so that the fastest takes targetS, within the bounds.
// The rates are seconds per byte.
func SizeFor(slowest, fastest, targetS float64, corpusBytes int64) Sizing {
	bytes := targetS / fastest
	if slowest*bytes > LongestS {
		bytes = max(LongestS/slowest, ShortestS/fastest)
	}
	repeats := 1
	if bytes > float64(corpusBytes) {
		repeats = int(math.Ceil(bytes / float64(corpusBytes)))
		bytes = float64(corpusBytes)
	}
	return Sizing{Bytes: int64(math.Ceil(bytes)), Repeats: repeats}
}

// Draw returns the sample of an index at this size. A corpus too small for one
// trial is listed several times over.
func (s Sizing) Draw(c corpus.Corpus, seed uint64, index int) corpus.Draw {
	d := c.Sample(seed, index, s.Bytes)
	if s.Repeats <= 1 {
		return d
	}
	d.Files = slices.Repeat(d.Files, s.Repeats)
	d.Bytes *= int64(s.Repeats)
	d.Fingerprint = fmt.Sprintf("x%d-%s", s.Repeats, d.Fingerprint)
	return d
}

// calibrationSeed keeps the calibration's sample apart from those that are compared.
const calibrationSeed = 0xca1b

// calibrationLatency numbers the simulated latencies of the calibration.
const calibrationLatency = 10

// Calibrate runs a warm-up of the first arm, which is thrown away, and one trial
// of each arm on a small sample. It returns the trials in the order of arms. An
// arm that cannot be measured is an error: nothing can be compared with it.
func (l *Bench) Calibrate(ctx context.Context, c corpus.Corpus, small Sizing, arms []Arm) ([]record.Trial, error) {
	draw := small.Draw(c, l.Seed^calibrationSeed, 0)
	if _, err := l.Block(ctx, Block{Phase: record.Warmup, Arms: arms[:1], Draw: draw}); err != nil {
		return nil, err
	}
	trials, err := l.Block(ctx, Block{Phase: record.Calibration, Arms: arms, Draw: draw, Latency: calibrationLatency})
	if err != nil {
		return nil, err
	}
	for _, t := range trials {
		if t.Status != record.OK {
			return nil, &DeadEnd{Why: fmt.Sprintf("the configuration %s cannot be measured here: %s: %s", t.Arm, t.Status, t.Reason)}
		}
	}
	return trials, nil
}

// SPerByte is how long a trial took for each byte.
func SPerByte(t record.Trial) float64 { return t.Metrics[record.Wall] / float64(t.Sample.Bytes) }

// LaunchS is what a trial cost beside its scan.
func LaunchS(t record.Trial) float64 { return t.Metrics[CostS] - t.Metrics[record.Wall] }

// blockArms is the most arms of a block beside the reference: conditions drift,
// and a block must be short to be a pair.
const blockArms = 5

// Rounds is a fixed design: every arm meets the reference once in each round.
// A round of more than five arms is cut into blocks with the reference in each.
type Rounds struct {
	Phase  record.Phase
	Rounds int
	Arms   []Arm // the reference first
	Corpus corpus.Corpus
	Size   Sizing
}

// Blocks is the number of blocks of the design.
func (r Rounds) Blocks() int { return r.Rounds * r.perRound() }

// Trials is the number of trials of the design.
func (r Rounds) Trials() int { return r.Rounds * (len(r.Arms) - 1 + r.perRound()) }

func (r Rounds) perRound() int { return max(1, (len(r.Arms)-2)/blockArms+1) }

// MeasureRounds runs a fixed design. Each round scans a fresh sample, disjoint
// from the others where the corpus allows, and its blocks share their latencies.
func (l *Bench) MeasureRounds(ctx context.Context, r Rounds) ([]record.Trial, error) {
	var trials []record.Trial
	for round := range r.Rounds {
		draw := r.Size.Draw(r.Corpus, l.Seed, round)
		for i, group := range l.groups(r, round) {
			block := Block{
				Phase: r.Phase, Index: round*r.perRound() + i, Arms: append([]Arm{r.Arms[0]}, group...),
				Draw: draw, Latency: 1000 + round,
			}
			done, err := l.Block(ctx, block)
			if err != nil {
				return nil, err
			}
			trials = append(trials, done...)
		}
	}
	return trials, nil
}

// groups deals the arms beside the reference into blocks of nearly equal size,
// in another seeded order each round, so that no two arms always meet.
func (l *Bench) groups(r Rounds, round int) [][]Arm {
	others := slices.Clone(r.Arms[1:])
	l.random("deal", r.Phase, round).Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	groups := make([][]Arm, r.perRound())
	for i, arm := range others {
		groups[i%len(groups)] = append(groups[i%len(groups)], arm)
	}
	return groups
}
