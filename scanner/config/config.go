// Package config holds every concurrency decision of the scanner as a knob of
// one plain struct: its type, range, default, presets, and the strict reading and
// writing of sluice.yaml.
//
// A Config is a value: it is made by Default, FromPreset or Parse, changed by Set
// or WithFlat, checked by Validate, and handed to the scanner. One table
// (knobs.go) says what each knob is; parsing, validation, writing, flat form and
// schema all read that table, so a new knob is a field and a row. Package
// config reads no files and no environment and knows nothing of what the
// knobs do; see package pipeline for that, and package strict for the walk over YAML.
package config

import (
	"errors"
	"time"
)

// Config is one configuration of the scanner. Its zero value is not valid; start
// from Default. It is comparable: equal configurations are ==.
type Config struct {
	Source  Source
	IO      IO
	CPU     CPU
	Clone   Clone
	Channel Channel
	Memory  Memory
	Runtime Runtime
}

// Source says in which order files are taken.
type Source struct {
	Order string // walk, largest-first or smallest-first; all but walk list the whole tree first
}

// IO is the pool that reads files.
type IO struct {
	Workers int     // files read at once, ≥ 1; with a limiter, at first
	Reader  string  // how bytes are read: read, or mmap: copied out of a mapping
	Limiter Limiter // what moves the number of reads, beyond Workers too
}

// CPU is the pool that parses and matches. Its Workers truly bound analysis:
// GOMAXPROCS does not bound the parsers, which are C.
type CPU struct {
	Workers   int     // files analysed at once, ≥ 1
	Scheduler string  // queue, steal, per-file, threads or inline; see package pool
	Pin       string  // what ties workers of both pools: none, locked (to a thread) or partition (and to their pool's cores)
	Limiter   Limiter // what moves the number of analyses within Workers
}

// Clone is the pool that clones repositories.
type Clone struct {
	Workers int     // clones at once, ≥ 1
	Limiter Limiter // what moves the number of clones, beyond Workers too
}

// Channel is the hand-over from readers to analysers.
type Channel struct {
	Buffer int           // batches that may wait between the pools; 0 hands over unbuffered
	Batch  int           // files handed over together, ≥ 1
	Linger time.Duration // longest that a file waits for its batch to fill
}

// Memory bounds what the scanner may hold.
type Memory struct {
	Budget     int64 // estimated resident bytes in flight; 0 is none
	GOGC       int   // heap growth in percent between collections; −1 is off
	GOMemLimit int64 // soft limit of the Go heap in bytes, which parse trees are not in; 0 is none
	Arenas     int   // arenas of the C library that parse trees come from; 0 is auto: one of our own for each analyser
}

// Runtime is the Go scheduler's share.
type Runtime struct {
	GOMAXPROCS int // 0 is auto: the usable cores
}

// Validate reports every knob out of its range or not yet built, and knobs that
// contradict each other, at once, each with its value and what to use instead.
func (c Config) Validate() error {
	var errs []error
	wrong := make(map[string]bool)
	for _, k := range knobs {
		if message := k.check(k.get(c)); message != "" {
			errs = append(errs, errors.New(message))
			wrong[k.Name] = true
		}
	}
	for _, x := range c.contradictions() {
		if !x.of(wrong) {
			errs = append(errs, errors.New(x.text))
		}
	}
	return errors.Join(errs...)
}

// Resolve puts numbers and words where the configuration says auto, on this many
// usable cores. The C allocator's arenas stay auto: the C library alone knows them.
// So does what a limiter's algorithm does not look at; see also Limits.
func (c Config) Resolve(cores int) Config {
	if c.Runtime.GOMAXPROCS == 0 {
		c.Runtime.GOMAXPROCS = max(cores, 1)
	}
	for _, p := range limited {
		*p.limiter(&c) = p.resolve(c)
	}
	return c
}
