package config

import (
	"fmt"
	"slices"
	"strings"
)

// MostThreads is the most files at once that the scheduler threads gives a thread
// each, as in Tokio's blocking pool: Go ends a program that has 10,000.
const MostThreads = 512

// Warnings names the knobs that somebody changed and that have no effect beside
// the others, one sentence a reason. A configuration alone cannot tell what was
// asked for: what naive, Default or adaptive say too passes for unasked. File knows
// better.
func (c Config) Warnings() []string {
	var changed []string
	grounds := []Config{naive(1), Default(1), adaptive(1)}
	for _, k := range knobs {
		if value := k.get(c); !slices.ContainsFunc(grounds, func(ground Config) bool { return k.get(ground) == value }) {
			changed = append(changed, k.Name)
		}
	}
	return c.idle(changed)
}

// Warnings names the knobs that the file gives and that have no effect beside the
// others, one sentence a reason. What Resolve puts for auto passes for given, so ask
// before.
func (f File) Warnings() []string { return f.Config.idle(f.Given) }

// idle words the warnings for those of the names that have no effect.
func (c Config) idle(names []string) []string {
	var warnings []string
	warn := func(why string, idle ...string) {
		idle = slices.DeleteFunc(idle, func(name string) bool { return !slices.Contains(names, name) })
		if len(idle) > 0 {
			warnings = append(warnings, fmt.Sprintf("%s: without effect %s", strings.Join(idle, ", "), why))
		}
	}
	switch scheduler := c.CPU.Scheduler; {
	case scheduler == "inline" && c.CPU.Limiter.Algorithm != "none":
		warn("under cpu.scheduler inline, where the readers analyse", "channel.buffer", "channel.batch", "channel.linger")
	case scheduler == "inline":
		warn("under cpu.scheduler inline, where the readers analyse", "cpu.workers", "channel.buffer", "channel.batch", "channel.linger")
	case scheduler == "per-file" || scheduler == "threads":
		warn("under cpu.scheduler "+scheduler+", where nothing is handed over", "channel.buffer", "channel.batch", "channel.linger")
	case c.Channel.Batch == 1:
		warn("while channel.batch is 1", "channel.linger")
	case c.Channel.Linger == 0:
		warn("while channel.linger is 0, which sends each file at once", "channel.batch")
	}
	if c.CPU.Scheduler == "steal" && (c.Channel.Batch == 1 || c.Channel.Linger == 0) {
		warn("beyond queue while files are handed over one by one, which leaves nothing to steal", "cpu.scheduler")
	}
	if c.CPU.Scheduler == "threads" && c.CPU.Pin == "locked" {
		warn("under cpu.scheduler threads, where each file has a thread in any case", "cpu.pin")
	}
	if c.CPU.Scheduler == "threads" && max(c.IO.Workers, c.CPU.Workers) > MostThreads {
		warn(fmt.Sprintf("above %d, the most threads that cpu.scheduler threads starts", MostThreads), "io.workers", "cpu.workers")
	}
	if c.CPU.Scheduler == "threads" && c.IO.Limiter.Max > MostThreads {
		warn(fmt.Sprintf("above %d, the most threads that cpu.scheduler threads starts", MostThreads), "io.limiter.max")
	}
	if c.CPU.Pin == "partition" && slices.Contains([]string{"per-file", "threads", "inline"}, c.CPU.Scheduler) {
		warn("beyond locked under cpu.scheduler "+c.CPU.Scheduler+", which has one pool and nothing to part", "cpu.pin")
	}
	c.idleLimiters(warn)
	return warnings
}

// idleLimiters warns of what limiters' algorithms do not look at, of workers whose
// number is a limiter's, and of the limiter that has nothing to limit.
func (c Config) idleLimiters(warn func(why string, idle ...string)) {
	for _, p := range limited {
		l, name := *p.limiter(&c), p.name+".limiter"
		var idle []string
		for _, k := range block(name) {
			if !c.uses(k) {
				idle = append(idle, k.Name)
			}
		}
		warn("while "+name+" is "+l.Algorithm, idle...)
	}
	if l := c.IO.Limiter; l.uses("initial") && l.Initial > 0 && (!l.uses("max") || l.Max > 0 || c.IO.Workers <= mostReads) {
		warn("while io.limiter.initial says how many readers start", "io.workers")
	}
	if c.Clone.Limiter.Algorithm != "none" {
		warn("until the scanner clones", "clone.limiter")
	}
}
