package main

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"sluice/harness/record"
	"sluice/harness/space"
)

// The kinds of knob that peers know.
const (
	wholeKnob  = "int"
	realKnob   = "float"
	choiceKnob = "choice"
)

// knob is a parameter as a peer is offered it. What a peer answers is a number: of
// a list it is the index.
type knob struct {
	Name  string  `json:"name"`
	Kind  string  `json:"kind"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Log   bool    `json:"log"`
	Count int     `json:"count"` // of a choice

	values []any   // of a list: a choice's, or those that a whole number is the index of
	shift  float64 // of a logarithmic range from 0, which peers refuse: offered from 1
	size   bool    // whether the configuration wants an int64
}

// knobs puts a space as peers take it: numbers and ordered words as whole numbers
// (of a list, the index), words without an order and switches as choices. With
// indices set the choices are indices as well, for samplers that ignore choices.
func knobs(s space.Space, indices bool) ([]knob, error) {
	all := make([]knob, len(s))
	for i, p := range s {
		k, err := offered(p)
		if err != nil {
			return nil, err
		}
		if indices && k.Kind == choiceKnob {
			k.Kind, k.Low, k.High = wholeKnob, 0, float64(k.Count-1)
		}
		all[i] = k
	}
	return all, nil
}

func offered(p space.Param) (knob, error) {
	k := knob{Name: p.Name, Low: p.Min, High: p.Max, Log: p.Scale == space.Log2, size: p.Type == space.Size}
	switch {
	case p.Type == space.Bool || len(p.Values) > 0 || p.Levels > 0:
		return listed(p)
	case p.Type == space.Int || p.Type == space.Size:
		k.Kind = wholeKnob
		if k.Log && k.Low == 0 {
			k.Low, k.High, k.shift = 1, k.High+1, 1
		}
	default:
		k.Kind = realKnob
	}
	return k, nil
}

// listed offers a list: in order as indices, else as a choice.
func listed(p space.Param) (knob, error) {
	grid, err := space.Space{p}.Grid(0)
	if err != nil {
		return knob{}, fmt.Errorf("knob %q: %w", p.Name, err)
	}
	k := knob{Name: p.Name, Kind: choiceKnob, Count: len(grid)}
	for _, config := range grid {
		k.values = append(k.values, config[p.Name])
	}
	if p.Ordered || p.Type != space.Choice && p.Type != space.Bool {
		k.Kind, k.High = wholeKnob, float64(k.Count-1)
	}
	return k, nil
}

// decode turns a peer's answer into a whole configuration.
func decode(reference record.Flat, knobs []knob, answer []float64) (record.Flat, error) {
	if len(answer) != len(knobs) {
		return nil, fmt.Errorf("the peer answers %d numbers for %d knobs", len(answer), len(knobs))
	}
	config := maps.Clone(reference)
	for i, k := range knobs {
		value, err := k.value(answer[i])
		if err != nil {
			return nil, err
		}
		config[k.Name] = value
	}
	return config, nil
}

func (k knob) value(v float64) (any, error) {
	switch {
	case k.values != nil:
		if i := int(v); slices.Contains([]string{choiceKnob, wholeKnob}, k.Kind) && i >= 0 && i < len(k.values) {
			return k.values[i], nil
		}
		return nil, fmt.Errorf("knob %q: the peer answers %v, an index beyond %d values", k.Name, v, len(k.values))
	case !(v >= k.Low && v <= k.High):
		return nil, fmt.Errorf("knob %q: the peer answers %v, outside %v … %v", k.Name, v, k.Low, k.High)
	case k.Kind == realKnob:
		return v, nil
	case k.size:
		return int64(math.Round(v - k.shift)), nil
	default:
		return int(math.Round(v - k.shift)), nil
	}
}
