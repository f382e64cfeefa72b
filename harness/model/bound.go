package model

import (
	"math"

	"sluice/scanner/config"
)

// Bounds are the asymptotic bounds of a closed network (P. J. Denning and J. P. Buzen,
// The Operational Analysis of Queueing Network Models, Computing Surveys 10(3), 1978)
// and, between them, approximate mean-value analysis. Times are seconds.
type Bounds struct {
	WallS     float64 `json:"wall_s"`     // no run is shorter
	Station   string  `json:"station"`    // what bounds: readers, link, analysers, cores or one file
	EstimateS float64 `json:"estimate_s"` // what mean-value analysis expects
}

// Bound solves the network without simulating it, in microseconds and an addition for
// each file.
func Bound(p Parameters, c config.Config, s Scenario) (Bounds, error) {
	if err := check(p, c, s); err != nil {
		return Bounds{}, err
	}
	c = c.Resolve(s.Cores)
	return bounds(p.networkOf(c, s), p.StartS, p.jobs(nil, ordered(s.Files, c.Source.Order), s, s.Block, 0.5)), nil
}

// demands are sums over all files.
type demands struct {
	files, wait, link, service, cpu, read float64 // wait: for storage alone; read: a reader's whole time
	longest                               float64 // the whole way of the longest file
}

func demandsOf(n network, jobs []job) (d demands) {
	d.files = float64(len(jobs))
	for i := range jobs {
		j := &jobs[i]
		transfer, open := 0.0, n.openCPU
		if n.link > 0 {
			transfer = j.bytes / n.link
		}
		if n.waits(j) {
			open = j.latency + n.late
		}
		copying := n.readCPU + n.readByte*j.bytes + n.handRead
		service := j.service + n.handFile
		d.wait += j.latency
		d.link += transfer
		d.service += service
		d.read += open + transfer + copying
		d.cpu += copying + service
		if !n.waits(j) || i >= n.readers { // the last opens may be under way still when the last result is there
			d.cpu += n.openCPU
		}
		d.longest = max(d.longest, open+transfer+copying+service)
	}
	return d
}

func bounds(n network, start float64, jobs []job) Bounds {
	d := demandsOf(n, jobs)
	start += n.start
	best := Bounds{Station: "one file", WallS: d.longest}
	for _, b := range []struct {
		station string
		seconds float64
	}{
		{"readers", d.read / float64(n.readers)},
		{"link", d.link},
		{"analysers", d.service / float64(n.analysers)},
		{"cores", d.cpu / float64(n.cores)},
	} {
		if b.seconds > best.WallS {
			best.Station, best.WallS = b.station, b.seconds
		}
	}
	if n.slots > 0 && (d.read+d.service)/float64(n.slots) > best.WallS {
		best.Station, best.WallS = "readers", (d.read+d.service)/float64(n.slots)
	}
	best.EstimateS = max(best.WallS, meanValue(n, d)) + start
	best.WallS += start
	return best
}

// meanValue is the time that approximate mean-value analysis expects, and half of a
// read beyond, in which the last readers come in one by one. The customers are as
// many files as can be under way: those in readers' hands, in the channel and with
// analysers. Queue lengths at arrival are Schweitzer's (Approximate Analysis of
// Multiclass Closed Networks of Queues, 1979), a station of many servers is a fast
// one and a delay (A. Seidmann, P. J. Schweitzer and S. Shalev-Oren, Computerized
// Closed Queueing Network Models of FMSs, 1987).
func meanValue(n network, d demands) float64 {
	if d.files == 0 {
		return 0
	}
	customers := float64(n.slots)
	if n.slots == 0 {
		customers = float64(n.readers + n.buffer*n.batch + n.analysers*n.batch)
	}
	customers = min(customers, d.files)
	stretch := 1.0
	if n.cores > 1 {
		stretch = 1 + (n.contention-1)*min(1, float64(n.analysers-1)/float64(n.cores-1))
	}
	servers := [...]struct{ demand, count float64 }{
		{(d.read - d.link) / d.files, float64(n.readers)},
		{d.link / d.files, 1},
		{d.service / d.files * stretch, float64(min(n.analysers, n.cores))},
	}
	var length, wait [len(servers)]float64
	x := 0.0
	for i := range length {
		length[i] = customers / float64(len(length))
	}
	for range 200 {
		cycle := 0.0
		for i, s := range servers {
			fast := s.demand / s.count
			wait[i] = fast*(1+length[i]*(customers-1)/customers) + s.demand - fast
			cycle += wait[i]
		}
		if cycle <= 0 {
			return 0
		}
		x = customers / cycle
		moved := 0.0
		for i := range length {
			moved = max(moved, math.Abs(x*wait[i]-length[i]))
			length[i] = x * wait[i]
		}
		if moved < 1e-6*customers {
			break
		}
	}
	for _, s := range servers {
		if s.demand > 0 {
			x = min(x, s.count/s.demand)
		}
	}
	return d.files/x + d.read/d.files/2
}
