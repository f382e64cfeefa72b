package config

import (
	"math"
	"slices"
	"strings"
	"time"

	"sluice/scanner/config/strict"
)

// The types of a knob's value.
const (
	TypeInt      = "int"      // a whole number
	TypeChoice   = "choice"   // one of Values
	TypeSize     = "size"     // bytes; flat: a whole number
	TypeDuration = "duration" // flat: seconds
)

// The scales on which a search steps through a knob's range.
const (
	Linear = "linear"
	Log2   = "log2"
)

// Knob describes one parameter of the configuration.
type Knob struct {
	Name     string   // "io.workers"
	Type     string   // int, choice, size or duration
	Scale    string   // linear or log2; empty for a choice
	Ordered  bool     // whether neighbouring values behave alike
	Min, Max float64  // the valid range, both inclusive, in flat units; 0, 0 for a choice
	Values   []string // of a choice, all there are; else the words that may stand for a number: auto, off, none
	Doc      string   // one line, with the unit
	Built    bool     // false while only one neutral value is accepted
}

// Knobs describes every knob, in the order of the file. The slices are the
// caller's own.
func Knobs() []Knob {
	described := make([]Knob, len(knobs))
	for i, k := range knobs {
		described[i] = k.Knob
		described[i].Values = slices.Clone(k.Values)
	}
	return described
}

// Nearest is the name among those given that a misspelt one most likely meant,
// or "" when none is near.
func Nearest(name string, among []string) string { return strict.Nearest(name, among) }

// knob is a Knob with its place in a Config. Values travel as string, int64 or
// time.Duration, after the knob's type.
type knob struct {
	Knob
	field   func(*Config) any // a pointer to the field: *string, *int, *int64 or *time.Duration
	word    string            // the word that stands for instead: "auto"
	instead any
	worded  bool              // the word alone is accepted, not the value that it stands for
	refused map[string]string // words of knobs like this one that it does not take, and why
	neutral any               // the only value accepted while the knob is not built
	example string
}

// Ranges end where a number is surely a slip, not where it is unwise.
const (
	mostWorkers = 4096 // each reader holds a file open, each analyser a parser
	mostQueued  = 65536
	mostCores   = 4096
	mostLinger  = 10 * time.Second // a file that waits longer for company is lost, not batched
	leastLimit  = 1 << 20
	mostGOGC    = 100_000
)

// knobs is every knob in the order of the file.
var knobs = slices.Concat([]knob{ //nolint:gochecknoglobals // an immutable table
	choice("source.order", "the order in which files are taken", func(c *Config) any { return &c.Source.Order },
		"walk", "largest-first", "smallest-first"),

	number("io.workers", Log2, 1, mostWorkers, "files read at once", func(c *Config) any { return &c.IO.Workers }),
	choice("io.reader", "how a file's bytes are read", func(c *Config) any { return &c.IO.Reader },
		"read", "mmap"),
}, limited[reading].knobs(), []knob{
	number("cpu.workers", Log2, 1, mostWorkers, "files analysed at once", func(c *Config) any { return &c.CPU.Workers }),
	choice("cpu.scheduler", "who analyses",
		func(c *Config) any { return &c.CPU.Scheduler }, "queue", "steal", "per-file", "threads", "inline"),
	choice("cpu.pin", "what ties workers: nothing, a thread each, or a thread on their pool's own cores",
		func(c *Config) any { return &c.CPU.Pin }, "none", "locked", "partition"),
}, limited[analysing].knobs(), []knob{
	number("clone.workers", Log2, 1, mostWorkers, "repositories cloned at once", func(c *Config) any { return &c.Clone.Workers }).
		unbuilt(int64(neutralClones)),
}, limited[cloning].knobs(), []knob{
	number("channel.buffer", Log2, 0, mostQueued, "batches that may wait between the pools; 0 is unbuffered",
		func(c *Config) any { return &c.Channel.Buffer }),
	number("channel.batch", Log2, 1, mostQueued, "files handed over together", func(c *Config) any { return &c.Channel.Batch }),
	{
		Knob: Knob{
			Name: "channel.linger", Type: TypeDuration, Scale: Log2, Ordered: true, Max: mostLinger.Seconds(),
			Doc: "longest that a file waits for its batch to fill", Built: true,
		},
		field: func(c *Config) any { return &c.Channel.Linger }, example: "2ms",
	},

	size("memory.budget", leastLimit, "estimated resident bytes in flight, parse trees included",
		func(c *Config) any { return &c.Memory.Budget }),
	number("memory.gogc", Log2, 1, mostGOGC, "heap growth between collections, in percent", func(c *Config) any { return &c.Memory.GOGC }).
		or("off", -1),
	size("memory.gomemlimit", leastLimit, "soft limit of the Go heap; parse trees are outside it",
		func(c *Config) any { return &c.Memory.GOMemLimit }),
	number("memory.arenas", Log2, 1, mostCores, "arenas of the C library that parse trees come from, instead of one of ours for each analyser",
		func(c *Config) any { return &c.Memory.Arenas }).or("auto", 0),

	number("runtime.gomaxprocs", Log2, 1, mostCores, "threads that run Go code at once", func(c *Config) any { return &c.Runtime.GOMAXPROCS }).
		or("auto", 0),
})

// neutralClones is the clone pool of every preset until cloning is built.
const neutralClones = 4

func number(name, scale string, low, high float64, doc string, field func(*Config) any) knob {
	return knob{Knob: Knob{Name: name, Type: TypeInt, Scale: scale, Ordered: true, Min: low, Max: high, Doc: doc, Built: true}, field: field}
}

func choice(name, doc string, field func(*Config) any, words ...string) knob {
	return knob{Knob: Knob{Name: name, Type: TypeChoice, Values: words, Doc: doc, Built: true}, field: field}
}

func size(name string, least float64, doc string, field func(*Config) any) knob {
	k := knob{
		Knob:  Knob{Name: name, Type: TypeSize, Scale: Log2, Ordered: true, Min: least, Max: math.MaxInt64, Doc: doc, Built: true},
		field: field, example: "512MiB",
	}
	return k.or("none", 0)
}

// knobs are those of the pool's limiter: its algorithm, and what a block holds
// beside.
func (p pool) knobs() []knob {
	algorithm := choice(p.name+".limiter", "what moves the number of "+p.work+" at once",
		func(c *Config) any { return &p.limiter(c).Algorithm }, p.algorithms...)
	algorithm.refused = p.refused
	bound := func(key, doc string, at func(*Limiter) *int) knob {
		return number(p.knob(key), Log2, 1, mostWorkers, doc, func(c *Config) any { return at(p.limiter(c)) }).auto(int64(0))
	}
	return []knob{
		algorithm,
		bound("initial", p.work+" at once to start with", func(l *Limiter) *int { return &l.Initial }),
		bound("min", "least "+p.work+" at once", func(l *Limiter) *int { return &l.Min }),
		bound("max", "most "+p.work+" at once", func(l *Limiter) *int { return &l.Max }),
		choice(p.knob("latency"), "the latency that the algorithm learns from",
			func(c *Config) any { return &p.limiter(c).Latency }, "raw", "per-byte").auto(""),
	}
}

// or lets a word stand for a number that is outside the range.
func (k knob) or(word string, instead int64) knob {
	k.word, k.instead, k.Values = word, instead, append(k.Values, word)
	return k
}

// auto lets that word, and it alone, stand for the zero value.
func (k knob) auto(zero any) knob {
	k.word, k.instead, k.worded, k.Values = "auto", zero, true, append(k.Values, "auto")
	return k
}

// unbuilt accepts the neutral value alone.
func (k knob) unbuilt(neutral any) knob {
	k.neutral, k.Built = neutral, false
	return k
}

// section and key are the levels of the file that a knob's name joins. A knob of a
// limiter's block has the limiter's name for a section.
func (k knob) section() string { return k.Name[:strings.LastIndex(k.Name, ".")] }
func (k knob) key() string     { return k.Name[strings.LastIndex(k.Name, ".")+1:] }

// isLimiter tells the knobs that may also be given as a block, inBlock those that
// stand in one and nowhere else.
func (k knob) isLimiter() bool { return k.key() == "limiter" }
func (k knob) inBlock() bool   { return strings.Contains(k.section(), ".") }

// block is the knobs of a section, or of a limiter's block, in the order of the file.
func block(section string) []knob {
	return slices.DeleteFunc(slices.Clone(knobs), func(k knob) bool { return k.section() != section })
}

// keys lists the keys of those knobs.
func keys(of []knob) []string {
	all := make([]string, len(of))
	for i, k := range of {
		all[i] = k.key()
	}
	return all
}

// find returns the knob of that name.
func find(name string) (knob, bool) {
	i := slices.IndexFunc(knobs, func(k knob) bool { return k.Name == name })
	if i < 0 {
		return knob{}, false
	}
	return knobs[i], true
}

// names lists the knobs' names.
func names() []string {
	all := make([]string, len(knobs))
	for i, k := range knobs {
		all[i] = k.Name
	}
	return all
}

// sections lists the file's sections in order.
func sections() []string {
	var all []string
	for _, k := range knobs {
		if !k.inBlock() {
			all = append(all, k.section())
		}
	}
	return slices.Compact(all)
}
