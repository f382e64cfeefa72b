package plots

import (
	"math"
	"strconv"

	"sluice/harness/unit"
)

// axisScale maps values to pixels, linearly or by their logarithm.
type axisScale struct {
	low, high float64 // values at the ends, low < high; above 0 when log
	from, to  float64 // pixels at the ends
	log       bool
}

// px is where a value stands.
func (s axisScale) px(value float64) float64 {
	low, high := s.low, s.high
	if s.log {
		value, low, high = math.Log(math.Max(value, math.SmallestNonzeroFloat64)), math.Log(low), math.Log(high)
	}
	return s.from + (value-low)/(high-low)*(s.to-s.from)
}

// tick is a marked value.
type tick struct {
	value float64
	label string
}

// fromZero is the linear scale from 0 to a round value above high, with ticks at
// steps of 1, 2 or 5, at most `most` steps. Magnitudes start at 0: a chart cut off
// at the bottom makes a difference of 1 % look like one of half.
func fromZero(high float64, most int) (top float64, ticks []float64) {
	if high <= 0 || math.IsInf(high, 0) || math.IsNaN(high) {
		high = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(high/float64(most))))
	for _, factor := range []float64{1, 2, 5, 10} {
		if high/(step*factor) <= float64(most) {
			step *= factor
			break
		}
	}
	steps := math.Ceil(high/step - 1e-9)
	for i := range int(steps) + 1 {
		ticks = append(ticks, float64(i)*step)
	}
	return steps * step, ticks
}

// powers are the powers of two from low to high, every other one (or fewer) when
// they would be more than most.
func powers(low, high float64, most int) []tick {
	first, last := int(math.Ceil(math.Log2(low)-1e-9)), int(math.Floor(math.Log2(high)+1e-9))
	every := max(1, (last-first+most)/most)
	var ticks []tick
	for e := first; e <= last; e += every {
		value := math.Exp2(float64(e))
		ticks = append(ticks, tick{value, strconv.FormatFloat(value, 'g', 6, 64)})
	}
	return ticks
}

// decades are ticks for a logarithmic axis of a metric: 1, 2 and 5 of each power
// of ten, or 1 and 3, or 1 alone, whichever is the most that stays within most.
func decades(low, high float64, most int) []float64 {
	var ticks []float64
	for _, digits := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
		ticks = ticks[:0]
		for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
			for _, digit := range digits {
				if value := digit * math.Pow(10, e); value >= low*(1-1e-9) && value <= high*(1+1e-9) {
					ticks = append(ticks, value)
				}
			}
		}
		if len(ticks) <= most {
			break
		}
	}
	return ticks
}

// ratioTicks are ticks for an axis of ratios, 1 always among them: hundredths
// close to 1, round factors further away.
func ratioTicks(low, high float64, most int) []tick {
	for _, step := range []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.2} {
		if (high-low)/step > float64(most) {
			continue
		}
		var ticks []tick
		for i := math.Ceil((low-1)/step - 1e-9); 1+i*step <= high+1e-9; i++ {
			ticks = append(ticks, ratioTick(1+i*step))
		}
		return ticks
	}
	for _, factor := range []float64{2, 4, 10, 100, 1000} {
		if math.Log(high/low)/math.Log(factor) > float64(most) {
			continue
		}
		var ticks []tick
		for i := math.Ceil(math.Log(low)/math.Log(factor) - 1e-9); i <= math.Log(high)/math.Log(factor)+1e-9; i++ {
			ticks = append(ticks, ratioTick(math.Pow(factor, i)))
		}
		return ticks
	}
	return []tick{ratioTick(1)}
}

// ratioTick writes four digits at most, which rounds away what binary fractions add.
func ratioTick(value float64) tick { return tick{value, strconv.FormatFloat(value, 'g', 4, 64)} }

// quantity is how an axis shows a metric: in multiples of divisor, called name.
type quantity struct {
	divisor float64
	name    string // "MB/s"; empty for bare numbers
}

// quantityOf picks the unit in which the largest value of a metric has one to
// three digits before the point.
func quantityOf(metric string, largest float64) quantity {
	m := unit.Describe(metric)
	steps := map[unit.Kind][]quantity{
		unit.Size:        {{1, "bytes"}, {1e3, "kB"}, {1e6, "MB"}, {1e9, "GB"}, {1e12, "TB"}},
		unit.BytesPerSec: {{1, "bytes/s"}, {1e3, "kB/s"}, {1e6, "MB/s"}, {1e9, "GB/s"}},
		unit.Seconds:     {{1e-9, "ns"}, {1e-6, "µs"}, {1e-3, "ms"}, {1, "s"}},
		unit.FilesPerSec: {{1, "files/s"}},
	}[m.Kind]
	if m.Name != metric || len(steps) == 0 {
		return quantity{divisor: 1}
	}
	best := steps[0]
	for _, step := range steps {
		if largest >= step.divisor {
			best = step
		}
	}
	return best
}

// label writes a value on an axis of this quantity.
func (q quantity) label(value float64) string {
	return strconv.FormatFloat(math.Round(value/q.divisor*1e6)/1e6, 'f', -1, 64)
}

// of names a metric with its unit: "throughput, MB/s".
func (q quantity) of(title string) string {
	if q.name == "" {
		return title
	}
	return title + ", " + q.name
}
