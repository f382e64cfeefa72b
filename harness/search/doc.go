// Package search decides which configurations to measure next, and measures
// nothing itself.
//
// A [Strategy] is asked and told:
//
//  1. [New] opens one by name; [Strategies] lists them.
//  2. [Strategy.Ask] hands out blocks of up to [BlockArms] candidates. The caller
//     adds the reference to each block, puts the block in random order and measures
//     it: a launch for each.
//  3. [Strategy.Tell] takes the results of what was asked for, as many as there
//     are; then 2 again, until Ask has nothing more or the launches end. Told
//     without having been asked, it does nothing.
//  4. [Strategy.Standings] lists what was measured, the one to recommend first. What
//     a candidate measured on the way is inflated by selection: only fresh trials
//     tell how good it is.
//
// # Which strategy
//
// [Halving] ("halving") is the one to take of those here. It measures many once, the
// best again, and what lies near them; the rungs of a search are fitted into the
// launches by [MakeRefiningPlan] and, where they are few, [MakeStarterPlan].
// [Race] ("race") drops by a test what is worse and draws newcomers around the rest:
// slower, since nothing is dropped before its fifth trial, but what it claims of its
// winner is true even where noise is great. [Sobol] ("sobol") and [Random]
// ("random") measure everything once: to know a space, or to hold another strategy
// against. [Grid] ("grid") measures all there is.
//
// On the surfaces of package surface, with 3 % noise and every launch of the
// reference counted, so many of 50 searches recommended a configuration truly within
// 5 % of the best (SLUICE_SEARCH_SEEDS=50 go test ./harness/search -run Scores -v):
//
//	           E, 60  120  300 launches   M, 60  120  300
//	halving       13   24   42                4   11   32
//	race           0    3   12                0    0    6
//	sobol         10    6   10                1    2    6
//
// At 10 % noise and 300 launches on E the gain that halving claims is off by 0.1 %
// on average, that of racing by 0.6 %, that of sobol by 25 %: the best of 250 trials
// is the luckiest.
//
// # How candidates are compared
//
// A block shares what a moment shares, so its values have an unknown offset. All
// strategies keep one ledger, which solves a mixed model of blocks and candidates:
// the offset is estimated from everything measured in the block, and the better half
// of the candidates is drawn to its mean by as much as noise makes likely. Standings
// go by gain less its deviation; what ever failed, or probably breaks a requirement,
// comes behind all that did not. Where nothing was measured twice, noise cannot well
// be told from differences: deviations are then guesses, too small where noise is
// great.
//
// Everything is a pure function of the options, of the launches left and of the
// results told: no clock, no goroutine, no state outside. A search that was
// interrupted is resumed by asking and telling again from the stored trials.
//
// Successive halving is due to Jamieson and Talwalkar, "Non-stochastic best arm
// identification and hyperparameter optimization" (2016), after Karnin, Koren and
// Somekh, "Almost optimal exploration in multi-armed bandits" (2013). Here a rung
// buys repeats, not a larger sample: all trials of a search scan the same files.
// The other sources stand where they are used.
package search
