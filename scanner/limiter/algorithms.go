package limiter

// Bounds are what a rule moves a limit within.
type Bounds struct{ Initial, Min, Max int }

// An Algorithm is a rule with a name. The exported numeric fields of the rule that
// New makes are its parameters, with their defaults in place; what it remembers is
// unexported.
type Algorithm struct {
	Name   string
	Doc    string // one line: what it does, and its source
	Bounds Bounds // where the caller names none
	New    func(Bounds) Rule
}

// Algorithms are the rules that have a name, in the order in which they are shown.
func Algorithms() []Algorithm {
	return []Algorithm{
		{"static", "a limit that stays where it was put", Bounds{16, 1, 1000}, func(b Bounds) Rule { return NewStatic(b) }},
		{"aimd", "doubles, then one more a window, and half at a drop or twice the latency (Chiu and Jain 1989, RFC 5681)", Bounds{1, 1, 1000}, func(b Bounds) Rule { return NewAIMD(b) }},
		{"vegas", "keeps a queue of 3 to 6 log10 of the limit (Brakmo and Peterson 1995; Netflix)", Bounds{20, 1, 1000}, func(b Bounds) Rule { return NewVegas(b) }},
		{"gradient2", "latency against 1.5 times that at rest, and room for 4 (Netflix)", Bounds{20, 1, 1000}, func(b Bounds) Rule { return NewGradient2(b) }},
		{"window", "a window's p95 against 1.25 times that at rest: one more, or a tenth less", Bounds{16, 1, 1000}, func(b Bounds) Rule { return NewPercentile(b) }},
		{"arc", "latency against its own moving mean and deviation: one more, or a tenth less (Vector)", Bounds{1, 1, 1000}, func(b Bounds) Rule { return NewARC(b) }},
		{"load", "delays at 80 % and queues at 90 % of the processors or the memory", Bounds{16, 1, 1000}, func(b Bounds) Rule { return NewLoad(b) }},
		{"bdp", "bandwidth × delay, by looking a step above and below (after Kleinrock 1979 and BBR)", Bounds{20, 1, 1000}, func(b Bounds) Rule { return NewBDP(b) }},
		{"occupancy", "as many deliveries under way as keep those who take them busy", Bounds{8, 1, 256}, func(b Bounds) Rule { return NewOccupancy(b) }},
	}
}
