// Package replay is the laboratory of searches: it lets strategies search
// recorded tables, or surfaces with a known optimum, many times over, and scores
// what they recommend.
//
//   - A [Table] is an exhaustive grid, measured in several rounds and kept as text
//     ([ReadTable], [Table.Write], [FromOutcome]).
//   - A [Ground] is what is searched: [Record] makes one of a table, [OnSurface]
//     one of a surface. It knows the true gain of each configuration and draws
//     noisy measurements.
//   - [Run] replays a strategy on a ground, once for each seed, over all cores,
//     and returns a record.Replay. What comes out depends on the seeds alone.
//
// # What a replay of a table draws
//
// The rounds of a table are dealt in two halves in turn, so that a drift of the
// machine meets both. The drawing half is what searches measure; the held-out half
// says what is true, and no search sees it.
//
// In each half every block has a level (its files, its moment) and every
// configuration a centre, found by a median polish (Tukey, Exploratory Data
// Analysis, 1977): the level is the median of what the block's trials have beyond
// their centres, the centre the median of what a configuration's trials have beyond
// their levels. A true gain is the held-out centre over that of the reference: the
// median of the log ratios to the block. The level is told by all six trials of a
// block and not by the lone reference, whose noise would else count twice.
//
// A replayed block takes the level of a recorded block, chosen by chance; a
// measurement is level + centre + what one recorded trial of that very configuration
// had beyond them, chosen by chance. So steady configurations stay steady, outliers
// come as often as they came and to the side to which they came, and trials of one
// block share what a block shares. A trial that failed fails again when it is drawn.
// What a polish takes away from the scatter is given back by one factor, so that
// replayed pairs scatter exactly as much as recorded ones.
//
// It is fair in that luck cannot pay: a search that falls for the luck of a few
// trials meets the held-out half, where that luck is gone. It is harder than the
// machine was in one respect: the centre of the drawing half has an error that no
// number of draws takes away. The ceiling in a record.Replay tells by how much: it is
// what the best centre of the drawing half is truly worth.
//
// Confirmation draws from the held-out half: fresh trials, as the tuner takes fresh
// files. There the sign of what is beyond is drawn too, so that the truth is the centre
// of what is drawn by whatever average, and an interval can be held against it.
package replay
