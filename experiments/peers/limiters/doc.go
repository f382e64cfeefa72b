// Package limiters puts other people's limiters beside those of
// sluice/scanner/limiter: what a permit costs (the benchmarks), and where the
// limit goes in front of the laboratory's plants (TestLaboratory). The libraries
// are used as they come, through nothing but what they export.
//
// A peer is one entry of Peers, with its gate in a file of its own, and one
// entry of the benchmarks' subjects. The page beside go.mod says what is compared
// with what, and how fairly.
package limiters
