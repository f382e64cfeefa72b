// Package model predicts what a configuration of the scanner will do before it is
// measured: wall time, sojourn times, memory, and which station is the bottleneck.
//
// The pipeline is a closed queueing network. Readers are its customers: each takes
// a file, waits for the storage (a latency, then a link that all share), computes
// what reading costs, and hands the file over through batches and a channel of
// finite room to the analysers; whoever computes shares the cores evenly with all
// others (processor sharing).
//
//	trials ─▶ Calibrate ─▶ Parameters ┬▶ Predict ─▶ Prediction
//	          files, latencies ▶ Scenario ┘   Curve, Knee, Prior
//
// There are two solutions. [Bound] takes microseconds: asymptotic bounds, which
// nothing beats, and approximate mean-value analysis between them. [Predict]
// simulates the events, some 0.5 µs a file, with the very files and latencies that
// a trial will meet where they are known, since simulated storage draws a file's
// latency from its path.
//
// [Calibrate] needs one or two stored trials and says what they could not tell it.
// A Prediction says what of its question lies beyond the calibration. Nothing here
// reads files, knows the store, or draws: package cli does. All is deterministic:
// equal inputs give equal predictions.
package model
