package config

import (
	"sluice/scanner/config/strict"
)

// Version is the only version of sluice.yaml that Parse reads and Marshal writes.
const Version = 1

// Fault is one thing wrong at one place of a file.
type Fault = strict.Fault

// Faults is every fault of one file, in its order; see Parse.
type Faults = strict.Faults

// File is a sluice.yaml: a configuration, and where it came from.
type File struct {
	Path       string // what faults call the file
	Config     Config
	Provenance *Provenance // nil for a file written by hand
	Given      []string    // the knobs that the file itself names, in its sections' order; Marshal ignores it
}

// Parse reads a sluice.yaml, or JSON of the same shape. Knobs that the file does
// not give take Default's values on this many usable cores. The error is Faults:
// each thing wrong with its line and column, what was found and
// expected, and the nearest name, all at once.
func Parse(name string, data []byte, cores int) (File, error) {
	root, err := strict.Decode(name, data)
	if err != nil {
		return File{}, err
	}
	file := File{Path: name, Config: Default(cores)}
	if root.Len() == 0 {
		root.Fault("the file is empty; start it with \"version: %d\" and \"scanner:\"", Version)
		return File{}, root.Err()
	}
	var nested []string
	for _, section := range sections() {
		nested = append(nested, "scanner."+section)
	}
	fields := root.Named("key", "", nested...).Fields("version", "scanner", "provenance")
	readVersion(root, fields["version"])
	file.readKnobs(fields["scanner"].Named("knob", "", names()...))
	file.Provenance = readProvenance(fields["provenance"].Named("key", "provenance"))
	if err := root.Err(); err != nil {
		return File{}, err
	}
	return file, nil
}

func readVersion(root, version *strict.Node) {
	if version == nil {
		root.Fault("version is missing; add \"version: %d\"", Version)
		return
	}
	scalar, _ := version.Scalar()
	number, ok := scalar.(int64)
	switch {
	case !ok:
		version.Mismatch("the whole number 1")
	case number > Version:
		version.Fault("found version %d, expected %d; a newer sluice wrote this file: use that one, or run sluice tune again", number, Version)
	case number < Version:
		version.Fault("found version %d, expected %d", number, Version)
	}
}

// readKnobs walks the sections and takes each knob's value.
func (f *File) readKnobs(scanner *strict.Node) {
	if scanner == nil {
		return
	}
	r := newReader(&f.Config)
	given := scanner.Fields(sections()...)
	for _, section := range sections() {
		if given[section] == nil {
			continue
		}
		knobs := block(section)
		values := given[section].Fields(keys(knobs)...)
		for _, k := range knobs {
			r.take(k, values[k.key()])
		}
	}
	r.contradictions()
	f.Given = r.given
}
