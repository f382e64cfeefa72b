// Package plant is the limiters' laboratory: plants whose best limit is known,
// simulated in virtual time, and the scores of who stands in front of them.
//
// A plant is data (YAML, see Parse); what stands in front of it is a [Contestant].
// The simulation is one goroutine and a heap of events: it takes no real time to
// wait, draws from its seed alone, and so gives the same figures each time.
// What it finds is a record.Contest, which package reports draws.
//
// The plants of the house are in the folder plants. A file of one's own may say:
//
//	name: steps
//	doc: what it asks of a limiter, in a line
//	service:                          # time that one request takes where none waits
//	  distribution: lognormal         # (sigma) | exponential | constant | pareto (alpha)
//	  median: 10ms                    # not with two stations, which have demands
//	  sigma: 0.25
//	  outliers: {share: 0.01, factor: 10}
//	station: {kind: fifo}             # slots that serve in the order of arrival; or
//	       # {kind: sharing}            slots that all inside share
//	       # {kind: scalability, alpha: 0.02, beta: 0.0005}
//	       # {kind: two-stations, io: {slots: 16, demand: 8ms}, cpu: {slots: 4, demand: 4ms}}
//	       # {kind: knee, scale: 0.005, base: 1.2}    slots are the knee
//	       # {kind: batch, size: 8, linger: 20ms}
//	load: {clients: 400, think: 0}    # closed; or {rate: 1.2, queue: 0}, in capacities of the
//	                                  # moment, or {per_second: 900, queue: 0}
//	timeout: 50ms                     # after which a client leaves; the plant works on. The optimum does not know of it
//	retry: {after: 200ms, most: 5}    # how who was refused or left comes back (open load)
//	hang: {share: 0.02, time: 1s}     # requests that hold a slot, and then fail
//	phases:                           # what a phase does not say stays as it was
//	  - {for: 60s, slots: 10}
//	  - {for: 60s, to: 40}            # a ramp
//	  - {for: 60s, service: 2}        # work that takes twice as long
//	  - {for: 60s, load: 0.1}         # of the clients, or of the rate
//	  - {for: 60s, thief: 0.5}        # share of the slots that others take
//	  - {for: 60s, limiters: 2}       # a second limiter comes, with clients of its own
//	# repeat: 2                       all of it twice, but for late limiters
//
// The optimum of a moment is the limit at which throughput over latency, Kleinrock's
// power, is highest when somebody always waits. Latency is that from admission to
// the end of the service: what waits in front of the gate waits for want of a plant,
// whatever the limit. In phases that ask for less than the plant can do there is
// nothing to reach: such time is no error, and reached and settled at once.
//
// Under open load arrivals come in bursts, and a limit a little above the optimum
// keeps slots busy between them: there the oracle is no bound, and "settled" is
// against a limit that is up to a tenth too low. A rule that looks for the highest
// power, as bdp does, looks for the score that is ranked by; that score is Kleinrock's,
// chosen before the rule, and stands beside p99 and utilisation. Contestants that are
// told what is inside the plant say so, and are to be compared with care.
package plant
