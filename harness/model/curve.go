package model

import (
	"fmt"
	"math"

	"sluice/harness/record"
	"sluice/scanner/config"
)

// A Point is the prediction at one value of a knob.
type Point struct {
	Value      any        `json:"value"` // as record.Flat has it
	Prediction Prediction `json:"prediction"`
}

// Values are those that a curve over a knob is drawn at: the words of a choice, the
// powers of two of a number within its range, and as far as they mean anything on
// so many cores and files.
func Values(knob string, c config.Config, s Scenario) ([]any, error) {
	k, err := knobOf(knob)
	if err != nil {
		return nil, err
	}
	var values []any
	if k.Type == config.TypeChoice {
		for _, word := range k.Values {
			values = append(values, word)
		}
		return values, nil
	}
	low, high := k.Min, 0.0
	switch knob {
	case "io.workers":
		high = 512
	case "cpu.workers":
		high = float64(4 * s.Cores)
	case "channel.buffer", "channel.batch":
		high = 1024
	case "channel.linger":
		low, high = 0.0005, 0.256
	case "memory.budget":
		low, high = 1<<20, 1<<30
	case "memory.gogc":
		low, high = 25, 1600
	default:
		return nil, fmt.Errorf("the model does not follow %s; draw a curve over io.workers, cpu.workers, cpu.scheduler, channel.buffer, channel.batch, channel.linger, source.order, memory.budget or memory.gogc", knob)
	}
	if low == 0 {
		values = append(values, int64(0))
		low = 1
	}
	for v := low; v <= high; v *= 2 {
		if k.Type == config.TypeDuration {
			values = append(values, v)
		} else {
			values = append(values, int64(v))
		}
	}
	return values, nil
}

// knobOf finds a knob that a curve may be drawn over, as far as its type tells.
func knobOf(name string) (config.Knob, error) {
	var names []string
	for _, k := range config.Knobs() {
		if k.Name == name {
			if k.Type == config.TypeChoice && name != "cpu.scheduler" && name != "source.order" {
				return k, fmt.Errorf("the model does not follow %s; see docs/predicting.md for the knobs that it follows", name)
			}
			return k, nil
		}
		names = append(names, k.Name)
	}
	if near := config.Nearest(name, names); near != "" {
		return config.Knob{}, fmt.Errorf("unknown knob %q; did you mean %q?", name, near)
	}
	return config.Knob{}, fmt.Errorf("unknown knob %q; see sluice predict --help for the knobs that it follows", name)
}

// Curve predicts a configuration at each of a knob's values. Values that the rest of the
// configuration forbids are left out.
func Curve(p Parameters, c config.Config, knob string, values []any, s Scenario, o Options) ([]Point, error) {
	var points []Point
	var last error
	for _, v := range values {
		at, err := c.WithFlat(record.Flat{knob: v})
		if err == nil {
			err = at.Validate()
		}
		if err != nil {
			last = err
			continue
		}
		got, err := Predict(p, at, s, o)
		if err != nil {
			return nil, err
		}
		points = append(points, Point{Value: v, Prediction: got})
	}
	if len(points) == 0 {
		return nil, fmt.Errorf("no value of %s goes with the rest of the configuration: %w", knob, last)
	}
	return points, nil
}

// nearBest is how far from the best a knee may lie.
const nearBest = 1.05

// Knee is the first point whose time is within 5 % of the curve's best: of a number the
// smallest value that is worth having. It is false for an empty curve.
func Knee(points []Point) (knee Point, ok bool) {
	best := math.Inf(1)
	for _, p := range points {
		best = min(best, p.Prediction.WallS.Value)
	}
	for _, p := range points {
		if p.Prediction.WallS.Value <= best*nearBest {
			return p, true
		}
	}
	return Point{}, false
}
