// Package author writes source text that nobody wrote: Go, Python, JavaScript,
// configuration and prose of a wanted length, drawn from a grammar by a seeded
// generator, so that the same seed gives the same bytes on every machine.
//
// [Write] makes one file. Its text is well-formed by the language's own rules,
// varied enough that parsers and compressors meet what they meet in real code,
// and holds no finding but those that were asked for. The package knows nothing
// of folders, nor of who scans what it wrote.
//
// To add a language, add a grammar to grammars and a row to the table of kinds.
package author

import (
	"math/rand/v2"
	"strings"

	"sluice/workloads/internal/seeded"
)

// Dice draws numbers from a seed. It is not safe for concurrent use.
type Dice struct{ rng *rand.PCG }

// NewDice makes the dice of one file: they depend on seed and index alone.
func NewDice(seed uint64, index int) *Dice {
	return &Dice{rng: rand.NewPCG(seeded.Mix(seed), uint64(index))}
}

// Pick is a number from 0 to n−1, n being 1 or more. It uses the generator's
// bits as they are, since their order is specified and that of the library's
// helpers is not.
func (d *Dice) Pick(n int) int { return int(d.rng.Uint64() % uint64(n)) }

// Letters draws n letters of an alphabet.
func (d *Dice) Letters(alphabet string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[d.Pick(len(alphabet))])
	}
	return b.String()
}

// octave holds 2^(k/16) in units of 2⁻¹⁶.
//
//nolint:gochecknoglobals // a table that never changes
var octave = [17]int64{
	65536, 68438, 71468, 74632, 77936, 81386, 84990, 88752, 92682,
	96785, 101070, 105545, 110218, 115098, 120194, 125515, 131072,
}

// Lognormal draws a size of that median whose binary logarithm has a standard
// deviation of spread thousandths. All is done in integers, since the last bit
// of a library's exponential differs between processors: twelve even numbers
// add up to a nearly normal one (Irwin and Hall), whose tails end at six
// standard deviations; powers of two come from a table with 16 steps an octave.
// Median is at most 2³⁰, spread at most 5000.
func (d *Dice) Lognormal(median, spread int64) int64 {
	const one = 1 << 16
	var sum int64
	for range 12 {
		sum += int64(d.rng.Uint64() >> 48)
	}
	power := (sum - 6*one) * spread / 1000 // in units of 2⁻¹⁶ octaves
	whole, part := power>>16, power&(one-1)
	step, within := part>>12, part&(1<<12-1)
	factor := octave[step] + (octave[step+1]-octave[step])*within>>12
	if whole < 0 {
		return median * factor >> 16 >> -whole
	}
	return median * factor << whole >> 16
}
