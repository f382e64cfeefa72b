package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/scanner/config/strict"
)

// Flat is the configuration as knob name to value, for every knob that is built:
// counts as int, sizes as int64 bytes, durations as float64 seconds, words as
// string. A word stands where a number is not chosen: "none", "off", "auto"
// (Resolve first where auto must be a number). Of a limiter it holds what the
// algorithm uses, so that configurations that do the same are the same: of none,
// its name alone.
func (c Config) Flat() map[string]any {
	flat := make(map[string]any, len(knobs))
	for _, k := range knobs {
		if k.Built && c.uses(k) {
			flat[k.Name] = k.flat(k.get(c))
		}
	}
	return flat
}

// Value is that of one knob in flat form, be it in use or not.
func (c Config) Value(name string) (value any, ok bool) {
	k, ok := find(name)
	if !ok {
		return nil, false
	}
	return k.flat(k.get(c)), true
}

// WithFlat is the configuration with the knobs that flat names changed. Numbers
// may be int, int64, float64 or text; durations are seconds or text such as "2ms".
// The error joins every fault: unknown knobs, wrong types, values out of range.
// Whether the knobs go together is Validate's to say.
func (c Config) WithFlat(flat map[string]any) (Config, error) {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		if err := c.change(name, flat[name]); err != nil {
			errs = append(errs, err)
		}
	}
	return c, errors.Join(errs...)
}

// change sets one knob from its flat value.
func (c *Config) change(name string, flat any) error {
	k, ok := find(name)
	if !ok {
		return unknown(name)
	}
	value, ok := k.unflatten(flat)
	if !ok {
		return fmt.Errorf("%s: found %v, expected %s", name, flat, k.expected())
	}
	if message := k.check(value); message != "" {
		return errors.New(message)
	}
	k.put(c, value)
	return nil
}

// Set is the configuration with one knob changed by an assignment such as
// "io.workers=8", "channel.linger=2ms" or "io.limiter=vegas": the words and units of
// the file. A block, "io.limiter={algorithm: vegas, initial: 8}", sets all of a
// limiter; what it leaves out is auto. Whether the knobs go together is Validate's
// to say, once all are set.
func (c Config) Set(assignment string) (Config, error) {
	file, err := File{Config: c}.Set(assignment)
	return file.Config, err
}

// Set is Config.Set for a file's configuration: what the assignment names counts as
// given.
func (f File) Set(assignment string) (File, error) {
	name, text, ok := strings.Cut(assignment, "=")
	if !ok {
		return f, fmt.Errorf("found %q, expected knob=value such as io.workers=8", assignment)
	}
	name = strings.TrimSpace(name)
	k, ok := find(name)
	if !ok {
		return f, unknown(name)
	}
	node, err := strict.Value(name, "knob", name, text)
	if err != nil {
		return f, messages(err)
	}
	changed := f
	r := newReader(&changed.Config)
	r.take(k, node)
	if err := node.Err(); err != nil {
		return f, messages(err)
	}
	changed.Given = slices.Concat(f.Given, r.given)
	return changed, nil
}

// messages drops the places of faults, which mean nothing on a command line.
func messages(err error) error {
	var faults Faults
	if !errors.As(err, &faults) {
		return err
	}
	errs := make([]error, len(faults))
	for i, f := range faults {
		errs[i] = errors.New(f.Message)
	}
	return errors.Join(errs...)
}

func unknown(name string) error {
	if near := Nearest(name, names()); near != "" {
		return fmt.Errorf("unknown knob %q; did you mean %q?", name, near)
	}
	return fmt.Errorf("unknown knob %q; expected %s", name, strict.OneOf(names()))
}
