package lab

import (
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
// trial is listed several times over; one without files has fixed work.
func (s Sizing) Draw(c corpus.Corpus, seed uint64, index int) corpus.Draw {
	if len(c.Files) == 0 {
		return Fixed(index)
	}
	d := c.Sample(seed, index, s.Bytes)
	if s.Repeats <= 1 {
		return d
	}
	d.Files = slices.Repeat(d.Files, s.Repeats)
	d.Bytes *= int64(s.Repeats)
	d.Fingerprint = fmt.Sprintf("x%d-%s", s.Repeats, d.Fingerprint)
	return d
}

// fixedWork is the fingerprint of work that has no sample.
const fixedWork = "fixed"

// Fixed is the draw of work that is the same in each trial and has no sample: a
// command that is simply run. It counts as one byte, so that seconds per byte are
// seconds per run. Such trials have no digest of findings, and none is compared.
func Fixed(index int) corpus.Draw {
	return corpus.Draw{Index: index, Bytes: 1, Fidelity: 1, Fingerprint: fixedWork}
}

// FixedCorpus stands for a corpus where the work is fixed. It holds no file.
func FixedCorpus() corpus.Corpus {
	return corpus.Corpus{Name: fixedWork, Bytes: 1, Fingerprint: fixedWork}
}

// FixedSize is the size of fixed work, whatever was measured: one run.
func FixedSize() Sizing { return Sizing{Bytes: 1, Repeats: 1} }

// SPerByte is how long a trial took for each byte; of fixed work, for a run.
func SPerByte(t record.Trial) float64 {
	return t.Metrics[record.Wall] / float64(max(1, t.Sample.Bytes))
}

// LaunchS is what a trial cost beside its scan and beside waiting for quiet.
func LaunchS(t record.Trial) float64 {
	return t.Metrics[CostS] - t.Metrics[QuietWaitS] - t.Metrics[record.Wall]
}
