package decide

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/space"
	"sluice/harness/unit"
)

// Surface is what a model knows of the objective's logarithm: the difference of two
// configurations, above 0 where a is better, and its standard deviation.
type Surface interface {
	Difference(a, b record.Flat) (mean, deviation float64)
}

// Landscape is a surface over a space, and what is asked of it.
type Landscape struct {
	Surface Surface
	Space   space.Space
	Margin  float64 // what may be lost of the objective: NotWorseMargin where 0
	// Confidence is one-sided, of each value by itself: 0.95 where 0.
	Confidence float64
	// Barred says whether a configuration was measured and cannot be had: it failed, or
	// breaks a requirement. It is a cliff, whatever the surface expects. Nil: none is.
	Barred func(record.Flat) bool
}

func (l Landscape) withDefaults() Landscape {
	l.Margin, l.Confidence = cmp.Or(l.Margin, NotWorseMargin), cmp.Or(l.Confidence, 0.95)
	return l
}

// Ladders: how many values of a range are looked at. On a logarithmic scale two
// for each doubling, on a linear one sixteen steps; lists are looked at whole.
const (
	rungsPerDoubling = 2
	rungsLinear      = 17
	rungsMost        = 33
)

// ladder lists values of a knob, those of ordered ones from less to more.
func ladder(p space.Param, at any) (values []any, ordered bool) {
	ordered = p.Type != space.Bool && (p.Type != space.Choice || p.Ordered)
	if len(p.Values) == 0 && p.Type != space.Bool && p.Levels == 0 {
		p.Levels = rungsLinear
		if p.Scale == space.Log2 {
			low, high := p.Min, p.Max
			if low == 0 { // such a scale runs by the logarithm of x + 1
				low, high = 1, high+1
			}
			p.Levels = min(rungsMost, max(2, 1+int(math.Ceil(rungsPerDoubling*math.Log2(high/low)))))
		}
		if p.Min == p.Max {
			p.Levels = 1
		}
	}
	grid, err := space.Space{p}.Grid(0)
	if err != nil || len(grid) == 0 {
		return nil, false // a range that is none: Validate names it
	}
	for _, config := range grid {
		values = append(values, config[p.Name])
	}
	if at != nil && !slices.ContainsFunc(values, func(v any) bool { return sameValue(v, at) }) && len(p.Values) == 0 && p.Type != space.Bool {
		values = append(values, at)
	}
	if _, numeric := numberOf(values[0]); ordered && numeric {
		slices.SortStableFunc(values, func(a, b any) int {
			x, _ := numberOf(a)
			y, _ := numberOf(b)
			return cmp.Compare(x, y)
		})
	}
	return values, ordered
}

func numberOf(value any) (float64, bool) { return record.Flat{"": value}.Float("") }

func sameValue(a, b any) bool {
	x, numeric := numberOf(a)
	y, both := numberOf(b)
	if numeric && both {
		return x == y
	}
	return !numeric && !both && fmt.Sprint(a) == fmt.Sprint(b)
}

// moved is a configuration with one knob set.
func moved(config record.Flat, knob string, value any) record.Flat {
	next := maps.Clone(config)
	next[knob] = value
	return next
}

// lie is how a value stands to the chosen one.
type lie int

const (
	unknown lie = iota
	within      // shown to lose no more than the margin
	ahead       // of those, shown to gain more than the margin
	cliff       // shown to lose more
)

// holds says whether a value loses no more than the margin.
func (l lie) holds() bool { return l == within || l == ahead }

// lies says how a configuration, one of so many that are asked about, lies against
// the chosen one. A cliff is the nearest of many values: they share its error.
func (l Landscape) lies(config, chosen record.Flat, among int) lie {
	if l.Barred != nil && l.Barred(config) {
		return cliff
	}
	mean, deviation := l.Surface.Difference(config, chosen)
	edge, near, far := math.Log1p(-l.Margin), 0.0, 0.0
	if deviation > 0 {
		near = deviate(0, 1-l.Confidence) * deviation
		far = deviate(0, (1-l.Confidence)/float64(among)) * deviation
	}
	switch {
	case mean-near >= math.Log1p(l.Margin):
		return ahead
	case mean-near >= edge:
		return within
	case mean+far < edge:
		return cliff
	default: // NaN too
		return unknown
	}
}

// Plateaus says, knob by knob, how far a configuration may move before it loses
// more than the margin, the other knobs as they are. A knob that the configuration
// lacks is left out. The cost is a Difference for each value of each ladder, some
// 20 a knob.
func (l Landscape) Plateaus(chosen record.Flat) []record.Plateau {
	l = l.withDefaults()
	var list []record.Plateau
	for _, p := range l.Space {
		if at, ok := chosen[p.Name]; ok {
			list = append(list, l.plateau(p, chosen, at))
		}
	}
	return list
}

func (l Landscape) plateau(p space.Param, chosen record.Flat, at any) record.Plateau {
	values, ordered := ladder(p, at)
	lies := make([]lie, len(values))
	here, steep := -1, false
	for i, value := range values {
		lies[i] = l.lies(moved(chosen, p.Name, value), chosen, len(values))
		if sameValue(value, at) {
			here, lies[i] = i, within
		}
	}
	plateau := record.Plateau{Knob: p.Name, Chosen: at, Margin: l.Margin, Confidence: l.Confidence, Values: []any{}}
	switch {
	case here < 0: // a word that the list lacks
		plateau.Values = append(plateau.Values, at)
	case ordered:
		steep = l.stretch(&plateau, values, lies, here)
		plateau.Edge = atEdge(p, chosen)
	default:
		for i, value := range values {
			if lies[i] == within {
				plateau.Values = append(plateau.Values, value)
			}
		}
	}
	plateau.Words = plateauWords(p, plateau, ordered, steep, values, lies)
	return plateau
}

// stretch fills in the values around the chosen one that are within the margin
// without a gap, and the nearest cliff on either side. It says whether the chosen
// one stands a step from a cliff.
func (l Landscape) stretch(plateau *record.Plateau, values []any, lies []lie, here int) (steep bool) {
	low, high := here, here
	for low > 0 && lies[low-1].holds() {
		low--
	}
	for high < len(values)-1 && lies[high+1].holds() {
		high++
	}
	plateau.Low, plateau.High = values[low], values[high]
	plateau.Values = append(plateau.Values, values[low:high+1]...)
	for i := low - 1; i >= 0 && plateau.CliffBelow == nil; i-- {
		if lies[i] == cliff {
			plateau.CliffBelow = values[i]
		}
	}
	for i := high + 1; i < len(values) && plateau.CliffAbove == nil; i++ {
		if lies[i] == cliff {
			plateau.CliffAbove = values[i]
		}
	}
	return here > 0 && lies[here-1] == cliff || here < len(lies)-1 && lies[here+1] == cliff
}

// atEdge says whether a knob stands at an end of its range beyond which something
// lies: there is nothing below one worker, one file, no buffer.
func atEdge(p space.Param, config record.Flat) bool {
	if len(space.Space{p}.Edge(config)) == 0 {
		return false
	}
	value, numeric := config.Float(p.Name)
	lowest := p.Min
	for i, v := range p.Values {
		if x, ok := numberOf(v); ok && (i == 0 || x < lowest) {
			lowest = x
		}
	}
	return !numeric || value > 1 || value != lowest
}

// plateauWords says a plateau in words, without the knob's name. Where values on it
// are shown to gain more than the margin, as where a reference is kept that the model
// expects to be beaten, it is no plateau, and these are named.
func plateauWords(p space.Param, l record.Plateau, ordered, steep bool, values []any, lies []lie) string {
	value := func(v any) string { return valueWords(p, v) }
	better, of := aheadWords(p, values, lies, ordered), len(values)
	if !ordered {
		return choiceWords(p, l, of) + better
	}
	var words string
	switch chosen := value(l.Chosen); {
	case better != "" && len(l.Values) > 1:
		words = fmt.Sprintf("%s–%s lose no more than %s; %s chosen", value(l.Low), value(l.High), unit.Percent(l.Margin), chosen)
	case of == 1:
		return chosen + " is its only value"
	case len(l.Values) <= 1:
		words = "no other value is shown to be within " + unit.Percent(l.Margin) + " of " + chosen
	case len(l.Values) == of:
		words = fmt.Sprintf("%s–%s, its whole range, are within %s; %s chosen", value(l.Low), value(l.High), unit.Percent(l.Margin), chosen)
	default:
		words = fmt.Sprintf("%s–%s are all within %s; %s chosen", value(l.Low), value(l.High), unit.Percent(l.Margin), chosen)
	}
	var cliffs []string
	for _, at := range []any{l.CliffBelow, l.CliffAbove} {
		if at != nil {
			cliffs = append(cliffs, value(at))
		}
	}
	where := ", away from "
	if steep {
		where = ", a step from "
	}
	switch len(cliffs) {
	case 1:
		words += where + "the cliff at " + cliffs[0]
	case 2:
		words += where + "the cliffs at " + strings.Join(cliffs, " and ")
	}
	words += better
	if l.Edge {
		words += "; it lies at the edge of its range, and the best may lie beyond"
	}
	return words
}

// aheadWords name the values that the model shows to gain more than the margin.
func aheadWords(p space.Param, values []any, lies []lie, ordered bool) string {
	var better []string
	for i, value := range values {
		if lies[i] == ahead {
			better = append(better, valueWords(p, value))
		}
	}
	switch {
	case len(better) == 0:
		return ""
	case ordered && len(better) > 2:
		return "; the model expects more at " + better[0] + "–" + better[len(better)-1]
	default:
		return "; the model expects more at " + strings.Join(better, " and ")
	}
}

func choiceWords(p space.Param, l record.Plateau, of int) string {
	var others []string
	for _, v := range l.Values {
		if !sameValue(v, l.Chosen) {
			others = append(others, valueWords(p, v))
		}
	}
	chosen := valueWords(p, l.Chosen)
	switch {
	case of == 1:
		return chosen + " is its only value"
	case len(others) == 0:
		return "no other choice is shown to be within " + unit.Percent(l.Margin) + " of " + chosen
	default:
		return fmt.Sprintf("%s within %s of %s, which is chosen", joined(others), unit.Percent(l.Margin), chosen)
	}
}

// joined lists words with their verb: "a is", "a, b and c are".
func joined(words []string) string {
	if len(words) == 1 {
		return words[0] + " is"
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1] + " are"
}

func valueWords(p space.Param, value any) string {
	v, numeric := numberOf(value)
	switch {
	case numeric && p.Type == space.Size:
		return unit.Bytes(int64(v))
	case numeric && p.Type == space.Duration:
		return unit.Time(v)
	case numeric && p.Type == space.Float:
		return fmt.Sprintf("%.4g", v)
	default:
		return fmt.Sprint(value)
	}
}
