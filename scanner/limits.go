package scanner

import (
	"fmt"
	"os"

	"sluice/scanner/config"
	"sluice/scanner/limiter"
	"sluice/scanner/limiter/load"
	"sluice/scanner/pipeline"
)

// limits are what the pipeline is told of a configuration's limiters. The error is
// that the machine's load cannot be read, where a limiter goes by it.
func limits(c config.Config) (reads, analyses pipeline.Limit, err error) {
	io, cpu, _ := c.Limits()
	reads, analyses = limit(io), limit(cpu)
	for _, l := range []*pipeline.Limit{&reads, &analyses} {
		if l.Algorithm != "load" {
			continue
		}
		if l.Load, err = load.New(os.DirFS("/"), nil); err != nil {
			return reads, analyses, fmt.Errorf("limiter load: %w; use another algorithm", err)
		}
	}
	return reads, analyses, nil
}

// readers is how many stand ready to read: with a limiter, as many as it may let.
func readers(c config.Config) int {
	io, _, _ := c.Limits()
	return io.Max
}

// limit is what the pipeline is told of one limiter. The algorithms that go by
// latency alone see how long a permit was held, in which the wait for the analysers
// is their sign of overload. AIMD's is a drop: a read that finds the analysers' queue
// full (row A25). Occupancy looks at the analysers themselves, so that two reads make
// a window, and how long reads take by themselves.
func limit(l config.Limiter) pipeline.Limit {
	if l.Algorithm == "none" {
		return pipeline.Limit{}
	}
	made := pipeline.Limit{
		Algorithm: l.Algorithm,
		Bounds:    limiter.Bounds{Initial: l.Initial, Min: l.Min, Max: l.Max},
		PerByte:   l.Latency == "per-byte",
	}
	switch l.Algorithm {
	case "aimd":
		made.FullDrops = true
	case "occupancy":
		made.Samples, made.ServiceOnly = 2, true
	}
	return made
}
