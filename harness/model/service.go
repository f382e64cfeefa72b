package model

import (
	"math"
	"math/bits"

	"sluice/scanner/observe"
)

// golden is the fractional part of the golden ratio: multiples of it, taken modulo 1,
// are spread more evenly than random numbers, so that sums
// depend little on where they begin.
const golden = 0.6180339887498949

// bins is one for each power of two that a size can begin with.
const bins = 64

// costs deals service times and trees out to files, one after the other. Of each size
// the calibrated share is parsed, evenly spread; a file's cost goes by its bytes,
// at the rate of its size and kind. Where costs by size are not known, quantiles
// of all files are dealt out whatever the size.
type costs struct {
	of      Service
	bySize  bool
	turn    float64
	bin     [bins]dealer
	knots   [6][2]float64
	stretch float64
	tree    float64 // bytes for each second of service, where sizes do not tell
}

// A dealer deals for one size.
type dealer struct {
	share         float64 // of files that are parsed
	turn          float64
	plain, parsed rates
}

// rates are of one kind of files of one size.
type rates struct{ perFile, perByte, tree float64 }

func newCosts(s Service, phase float64) *costs {
	c := &costs{of: s, bySize: len(s.BySize) > 0, turn: phase}
	if c.bySize {
		c.fill(phase)
	} else {
		c.spread()
	}
	return c
}

// fill sets the dealers; a size that was not seen is like the nearest that was.
func (c *costs) fill(phase float64) {
	var seen [bins]bool
	var plain, parsed observe.Cost
	for _, size := range c.of.BySize {
		add(&plain, size.Plain)
		add(&parsed, size.Parsed)
	}
	for _, size := range c.of.BySize {
		i := bits.Len64(uint64(size.FromBytes))
		seen[i] = true
		d := &c.bin[i]
		d.share = float64(size.Parsed.Files) / float64(max(1, size.Parsed.Files+size.Plain.Files))
		d.plain, d.parsed = ratesOf(size.Plain, plain), ratesOf(size.Parsed, parsed)
	}
	for i := range c.bin {
		near := i
		for d := 0; d < bins && !seen[near]; d++ {
			if i-d >= 0 && seen[i-d] {
				near = i - d
			} else if i+d < bins && seen[i+d] {
				near = i + d
			}
		}
		c.bin[i] = c.bin[near]
		c.bin[i].turn = math.Mod(phase+float64(i)*golden, 1)
	}
}

// ratesOf has the cost of a file go by its bytes; an empty one costs what it costs.
// Where no file of the size was of the kind, those of all sizes speak for it.
func ratesOf(c, all observe.Cost) (r rates) {
	if c.Files == 0 {
		c = all
	}
	switch {
	case c.Files == 0:
	case c.Bytes == 0:
		r.perFile = c.ServiceS / float64(c.Files)
	default:
		r.perByte, r.tree = c.ServiceS/float64(c.Bytes), float64(c.TreeBytes)/float64(c.Bytes)
	}
	return r
}

// next is the service of the next file on a processor of its own, and its tree.
func (c *costs) next(bytes float64, fate Fate) (service, tree float64) {
	if !c.bySize {
		c.turn = math.Mod(c.turn+golden, 1)
		service = c.quantile(c.turn) * c.of.Scale
		return service, service * c.tree
	}
	d := &c.bin[bits.Len64(uint64(bytes))]
	r := d.plain
	if fate == Unknown {
		fate = Plain
		if d.turn += d.share; d.turn >= 1 {
			d.turn--
			fate = Parsed
		}
	}
	if fate == Parsed {
		r = d.parsed
	}
	return (r.perFile + r.perByte*bytes) * c.of.Scale, r.tree * bytes
}

// spread draws a quantile function through what is known, straight in the logarithm
// between its knots, and stretches it to the mean.
func (c *costs) spread() {
	s := c.of
	p50 := max(s.P50S, 1e-9)
	p90 := max(s.P90S, p50)
	p99 := max(s.P99S, p90)
	most := max(s.MaxS, p99)
	c.knots = [6][2]float64{{0, p50 * p50 / p90}, {0.5, p50}, {0.9, p90}, {0.99, p99}, {0.999, math.Sqrt(p99 * most)}, {1, most}}
	c.stretch = 1
	const points = 4096
	mean := 0.0
	for i := range points {
		mean += c.quantile((float64(i)+0.5)/points) / points
	}
	if mean > 0 && s.MeanS > 0 {
		c.stretch = s.MeanS / mean
	}
	if most > 0 {
		c.tree = s.TreePeakBytes / (most * max(s.Scale, 1e-9))
	}
}

func (c *costs) quantile(u float64) float64 {
	for i := 1; i < len(c.knots); i++ {
		a, b := c.knots[i-1], c.knots[i]
		if u <= b[0] {
			return c.stretch * a[1] * math.Exp(math.Log(b[1]/a[1])*(u-a[0])/(b[0]-a[0]))
		}
	}
	return c.stretch * c.knots[len(c.knots)-1][1]
}
