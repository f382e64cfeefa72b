// Package stats decides what paired measurements show.
//
// Everything rests on one distribution, that of Wilcoxon's signed-rank
// statistic, because a pair of trials from one block shares its sample, its
// simulated latencies and most of its noise, and because nothing is assumed of
// the noise but that pair differences are symmetric about the true one:
//
//  1. [LogRatios] turns two series of a metric into one, a number per pair.
//  2. [HodgesLehmann] gives its centre and an interval whose confidence is
//     exact, [SignedRankP] the matching p-value.
//  3. [Compare] does both for a metric and adds the verdict against a margin,
//     and [Needed] the pairs that would decide when these do not.
//  4. [NotWorse] and [Equivalent] are the one-sided questions; [Holm],
//     [HolmAdjusted] and [FDR] many questions at once.
//  5. [NewSequential] is the rule for one who looks after every pair: its
//     repeated interval and p-value hold whenever, and whatever for, one stops.
//     [SequentialNeeded] plans for it.
//
// Beside it stand a second opinion for many pairs ([BootstrapInterval]), where
// noise comes from ([Components]), whether the order of the trials shows
// ([Drift], [Autocorrelation]), the exact limits of a share ([ClopperPearson]),
// and whether several configurations measured in the same blocks differ at all
// ([Friedman]). docs/statistics.md tells which is used when, and why.
//
// The functions are pure. They keep the order of what they are given and never
// change it, and print nothing. Random numbers are drawn by BootstrapInterval,
// from the seed that it is given, and where boundaries are simulated, from a
// fixed one. Inputs must be finite.
//
// Sources: Wilcoxon, "Individual comparisons by ranking methods", Biometrics
// Bulletin 1 (1945); Hodges and Lehmann, "Estimates of location based on rank
// tests", Annals of Mathematical Statistics 34 (1963); Lehmann, "Nonparametric
// confidence intervals for a shift parameter", the same volume; Hollander,
// Wolfe and Chicken, "Nonparametric Statistical Methods", 3rd edition (2014),
// sections 3.1 to 3.3 and table A.4; Holm, Scandinavian Journal of Statistics 6
// (1979). The others are named where they are used.
package stats
