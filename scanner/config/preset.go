package config

import (
	"fmt"
	"slices"
	"time"

	"sluice/scanner/config/strict"
)

// Preset is a named configuration. What it holds depends on the usable cores.
type Preset struct {
	Name string
	Doc  string // one line
}

// The numbers of Default, in one place so that an answer changes one line.
const (
	defaultReaders        = 64 // see Default
	defaultReadersPerCore = 16
	defaultBuffer         = 16
	defaultBatch          = 1
	defaultLinger         = 2 * time.Millisecond
	defaultGOGC           = 100
)

// Default is the configuration of a scan without a file, on this many usable
// cores: the best we know without measuring, and so without knowing the storage.
// Each number names the experiment that chose it; experiments/answers keeps what
// they said.
//
//   - cpu.workers = cores (pool-split): analysis is nearly all of the work; more
//     analysers than cores brought no throughput that is shown, one on two cores cost
//     38 to 48 %.
//   - io.workers = max(64, 16 × cores) (buffer-depth): on a warm cache the number of
//     readers was not shown to matter; under 5 ms a file 64 readers gave 6.3 times
//     naive's throughput, 16 gave 4.7.
//   - channel.buffer = 16, channel.batch = 1 (buffer-depth): under 5 ms a file a
//     buffer of 16 was first, since readers run ahead while the analysers are busy;
//     that it is ahead of 0 and of 1000 is not shown, but 1000 had 3.5 times the p99. Linger has no effect at
//     batch 1, and is there for those who raise the batch.
//   - memory.gogc = 100, no gomemlimit: parse trees live in the C heap, so that
//     neither moved throughput or peak memory by more than the noise.
//   - source.order = walk: largest-first helps where a few files dominate, and holds
//     back the first result.
//
// Where storage is known to be local, one permit a core (scheduler per-file) lets
// nothing queue and has a far lower p99: sluice tune finds that.
func Default(cores int) Config {
	cores = max(cores, 1)
	c := naive(cores)
	c.IO.Workers = min(max(defaultReaders, defaultReadersPerCore*cores), mostWorkers)
	c.Channel = Channel{Buffer: defaultBuffer, Batch: defaultBatch, Linger: defaultLinger}
	return c
}

// naive is the source documents' default, and the ground of the other presets.
func naive(cores int) Config {
	cores = min(max(cores, 1), mostWorkers)
	return Config{
		Source:  Source{Order: "walk"},
		IO:      IO{Workers: cores, Reader: "read", Limiter: Limiter{Algorithm: "none"}},
		CPU:     CPU{Workers: cores, Scheduler: "queue", Pin: "none", Limiter: Limiter{Algorithm: "none"}},
		Clone:   Clone{Workers: neutralClones, Limiter: Limiter{Algorithm: "none"}},
		Channel: Channel{Buffer: 100, Batch: 1, Linger: defaultLinger},
		Memory:  Memory{GOGC: defaultGOGC},
	}
}

// goIdiom is one semaphore of 64 around a goroutine for each file.
func goIdiom(cores int) Config {
	c := naive(cores)
	c.CPU.Scheduler = "per-file"
	c.IO.Workers, c.CPU.Workers = 64, 64
	return c
}

func partition20(cores int) Config {
	c := naive(cores)
	c.IO.Workers = max(2, c.CPU.Workers/5)
	c.CPU.Workers = max(1, c.CPU.Workers-c.IO.Workers)
	return c
}

func partition25(cores int) Config {
	c := naive(cores)
	if cores <= 4 {
		c.IO.Workers, c.CPU.Workers = 2, 2
		return c
	}
	c.IO.Workers = max(2, c.CPU.Workers/4)
	c.CPU.Workers -= c.IO.Workers
	return c
}

func batched(cores int) Config {
	c := naive(cores)
	c.Channel.Batch = 50
	return c
}

func pinned(cores int) Config {
	c := partition20(cores)
	c.CPU.Pin = "partition"
	return c
}

func bounded(cores int) Config {
	c := naive(cores)
	c.Memory.Budget = 256 << 20
	return c
}

func adaptive(cores int) Config {
	c := naive(cores)
	c.IO.Limiter.Algorithm = "occupancy"
	c.CPU.Limiter.Algorithm = "vegas"
	c.Clone.Limiter.Algorithm = "aimd"
	return c
}

// recipe is a preset with what makes it.
type recipe struct {
	Preset
	make func(cores int) Config
}

// recipes is every preset in the order in which they are shown.
var recipes = []recipe{ //nolint:gochecknoglobals // an immutable table
	{Preset: Preset{"default", "the best we know without measuring; what a scan without a file uses"}, make: Default},
	{Preset: Preset{"naive", "as many readers and analysers as cores, a buffer of 100"}, make: naive},
	{Preset: Preset{"go-idiom", "a goroutine for each file behind one semaphore of 64"}, make: goIdiom},
	{Preset: Preset{"partition-20", "a fifth of the cores reads (at least two), the rest analyse"}, make: partition20},
	{Preset: Preset{"partition-25", "a quarter of the cores reads (at least two), the rest analyse; two and two up to four cores"}, make: partition25},
	{Preset: Preset{"batched", "naive, with 50 files handed over together"}, make: batched},
	{Preset: Preset{"pinned", "partition-20 with each pool on cores of its own"}, make: pinned},
	{Preset: Preset{"bounded", "naive, with at most 256 MiB of sources and parse trees in flight"}, make: bounded},
	{Preset: Preset{"adaptive", "naive, with as many readers as keep the analysers busy, and as many analysers as do not slow each other"}, make: adaptive},
}

// Presets lists the presets in the order in which they are shown.
func Presets() []Preset {
	all := make([]Preset, len(recipes))
	for i, r := range recipes {
		all[i] = r.Preset
	}
	return all
}

// FromPreset is the preset of that name on this many usable cores. The error of
// an unknown name holds the nearest.
func FromPreset(name string, cores int) (Config, error) {
	i := slices.IndexFunc(recipes, func(r recipe) bool { return r.Name == name })
	if i >= 0 {
		return recipes[i].make(max(cores, 1)), nil
	}
	names := presetNames()
	if near := Nearest(name, names); near != "" {
		return Config{}, fmt.Errorf("unknown preset %q; did you mean %q?", name, near)
	}
	return Config{}, fmt.Errorf("unknown preset %q; expected %s", name, strict.OneOf(names))
}

func presetNames() []string {
	names := make([]string, len(recipes))
	for i, r := range recipes {
		names[i] = r.Name
	}
	return names
}

// Same groups the presets that are one configuration on this many usable cores.
// Presets that stand alone are left out.
func Same(cores int) [][]string {
	groups := make(map[Config][]string)
	var order []Config
	for _, r := range recipes {
		c := r.make(max(cores, 1))
		if len(groups[c]) == 0 {
			order = append(order, c)
		}
		groups[c] = append(groups[c], r.Name)
	}
	var same [][]string
	for _, c := range order {
		if len(groups[c]) > 1 {
			same = append(same, groups[c])
		}
	}
	return same
}
