package search

import (
	"sluice/harness/record"
)

// ReferenceID is what the results of the reference are called.
const ReferenceID = "reference"

// Strategy is a search under way. It is asked and told, measures nothing, and is
// a pure function of its options, of what it was told and of how much was left
// each time: a search that was interrupted is resumed by asking and telling again
// from stored trials. It is not safe for concurrent use.
type Strategy interface {
	// Ask returns the blocks to measure next, at most BlockArms candidates each;
	// the reference, which joins each block, is not among them. Left is how many
	// launches may still be spent, the reference's included: a strategy plans its
	// end by it. Nil ends the search. Ask returns the same until Tell.
	Ask(left int) [][]Candidate

	// Tell hands over what was measured of the blocks asked for: fewer where time
	// ran out.
	Tell(results []Result)

	// Standings lists every candidate that was measured, the one to recommend
	// first.
	Standings() []Standing
}

// Result is one trial, as a strategy is told it.
type Result struct {
	ID     string // of the candidate; ReferenceID of the reference
	Config record.Flat
	Block  int       // results of a block share what a block shares: a sample, a moment
	Value  float64   // logarithm of the objective, more is better; meaningless where Failed
	Slack  []float64 // of each requirement, as a logarithm: ln(limit ÷ value) where less is asked for; above 0 holds
	Failed bool      // the trial did not end well
}

// Standing is what a strategy holds of one candidate.
type Standing struct {
	Candidate

	Trials    int
	Gain      float64 // estimated log ratio to the reference
	Deviation float64 // standard deviation of that estimate; +Inf where nothing is known of it
	Feasible  float64 // probability that it runs and keeps every requirement, 0 … 1
}
