// Package search decides which configurations to measure next, and measures
// nothing itself.
//
// A strategy is asked and told:
//
//  1. [MakeRefiningPlan] or [MakePlan] fits the rungs of a search into a number
//     of trials.
//  2. [NewHalving] draws the candidates, starters first; a plan of one rung
//     ([Once]) is a plain random search.
//  3. [Halving.Ask] hands out the blocks of a rung. The caller adds the
//     reference to each block, puts the block in random order and measures it.
//  4. [Halving.Tell] takes a score for each candidate and keeps the best of them
//     for the next rung; then 3 again, until Ask has nothing more.
//  5. [Halving.Survivors] are the finalists, best first. What they measured on
//     the way is inflated by selection: only fresh trials tell how good they are.
//
// Which plan: pure halving draws everything at the start and only sorts out luck.
// With some tens of trials and little noise it finds no more than random search
// does; noise is what it is for. Refining spends part of the trials near what did
// well, and found the optimum of our replayed plant more often than both at every
// noise tried from about 100 trials on (the table is in replay_test.go).
//
// Everything is a pure function of the seed, the plan and the scores told: no
// clock, no goroutine, no state outside. A search that was interrupted is resumed
// by asking and telling again from the stored trials.
//
// Successive halving is due to Jamieson and Talwalkar, "Non-stochastic best arm
// identification and hyperparameter optimization" (2016), after Karnin, Koren and
// Somekh, "Almost optimal exploration in multi-armed bandits" (2013). Here a rung
// buys repeats, not a larger sample: all trials of a search scan the same files.
package search
