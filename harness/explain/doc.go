// Package explain says what bounds a trial: which station is busy, who waits for
// whom, which bound holds, and which knob would move it.
//
// It is pure: trials go in, as they stand in the store, and an Explanation comes
// out. The figures are shares of the trial's own time: the utilisation law and
// Little's law hold for any trial, whatever its distributions (Denning and Buzen,
// The operational analysis of queueing network models, ACM Computing Surveys
// 1978). A gain is an asymptotic bound of the same kind: with one bound moved
// away, the time can fall to the next one and no further. It is an upper estimate,
// never a promise; a comparison measures what is true of it.
//
// The rules stand written out in rules.go. What was not recorded is not judged,
// and is named.
package explain
