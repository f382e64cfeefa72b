package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"sluice/harness/machine"
	"sluice/harness/unit"
)

// Shares of time up to which a machine does as it should.
const (
	stealShare   = 0.01 // of the machine
	stallShare   = 0.05 // of the time, for CPUs and storage
	memoryStall  = 0.01 // of the time
	siblingShare = 0.05 // of the other thread of a core
	unseenShare  = 0.03 // of the machine: less is the grain of the processes' ticks
)

// others is what everybody else takes of the machine.
func others(f Facts) (Finding, bool) {
	if f.Before.OthersShare == nil {
		return Finding{}, false
	}
	found := Share(*f.Before.OthersShare) + " of the machine is used"
	if on := f.Before.CoresShare; on != nil && f.Before.part {
		found += fmt.Sprintf(", %s of the cores that we may use", Share(*on))
	}
	share := *f.Before.disturbance()
	if during := f.Spin.During.disturbance(); during != nil {
		found += fmt.Sprintf(", %s while we computed", Share(*during))
		share = max(share, *during)
	}
	found += busiest(f.Before.Top)
	if unseen := unaccounted(f.Before); unseen > unseenShare {
		found += fmt.Sprintf("; %s is nobody's that can be seen from here: interrupts, or processes outside this container", Share(unseen))
	}
	if share <= QuietShare {
		return fine("others", found)
	}
	return Finding{
		Warning, "others", found,
		"what they take, and when, differs from trial to trial: wall time then measures them as well",
		stopping(f.Before.Top),
	}, true
}

// busiest names the processes that use a thousandth of the machine or more.
func busiest(top []machine.Process) string {
	var names []string
	for _, p := range top {
		if p.Share >= 0.001 {
			names = append(names, fmt.Sprintf("%s (pid %d) %s", p.Name, p.PID, Share(p.Share)))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}

// unaccounted is what others used less what processes and the hypervisor did.
func unaccounted(o Observed) float64 {
	if len(o.Top) == topProcesses || o.OthersShare == nil {
		return 0 // there may be more processes than were named
	}
	rest := *o.OthersShare
	for _, p := range o.Top {
		rest -= p.Share
	}
	if steal := o.Conditions.StealShare; steal != nil {
		rest -= *steal
	}
	return rest
}

// stopping names the processes that take more than a quiet machine has to give.
func stopping(top []machine.Process) string {
	var pids []string
	for _, p := range top {
		if p.Share > QuietShare {
			pids = append(pids, strconv.Itoa(p.PID))
		}
	}
	if len(pids) == 0 {
		return "measure when the machine is idle, or compare CPU seconds rather than wall time"
	}
	return fmt.Sprintf("ps -fp %s shows them; stop them, or measure when they are done", strings.Join(pids, ","))
}

// placebo says whether A against A was called different.
func placebo(f Facts) (Finding, bool) {
	wall, cpu := f.Spin.Wall, f.Spin.CPU
	found := fmt.Sprintf("%d pairs: wall time %s, CPU seconds %s", wall.N, span(wall), span(cpu))
	if !wall.Different && !cpu.Different {
		return fine("A against A", found+"; no false difference")
	}
	which := map[[2]bool]string{{true, true}: "both", {true, false}: "wall time", {false, true}: "CPU seconds"}[[2]bool{wall.Different, cpu.Different}]
	return Finding{
		Note, "A against A", found + "; a false difference by " + which,
		"one such comparison in twenty is called different by chance; more than that means that something changes with the pairs",
		"run sluice doctor again; where it comes back, trust no single comparison made now",
	}, true
}

// span is the interval of a ratio as changes in percent.
func span(f Figure) string {
	text := fmt.Sprintf("%+.2f … %+.2f %%", (f.Low-1)*100, (f.High-1)*100)
	return strings.ReplaceAll(text, "-", "−")
}

func steal(f Facts) (Finding, bool) {
	if f.Before.Conditions.StealShare == nil {
		return Finding{}, false
	}
	share := more(f.Before.Conditions.StealShare, f.Spin.During.Conditions.StealShare)
	found := Share(share) + " of the CPU time was taken by the hypervisor for others"
	if share <= stealShare {
		return fine("steal", found)
	}
	return Finding{
		Warning, "steal", found, "neighbours on the host cannot be seen from here, and come and go during a trial",
		"use an instance with CPUs of its own, or measure at a quieter hour",
	}, true
}

// waiting is about CPUs, and storageWaits and memoryWaits the like. They look at
// the time before the computation, which lets tasks wait by itself.
func waiting(f Facts) (Finding, bool) {
	return pressure("waiting for CPUs", f.Before.Conditions.CPUPressure, stallShare,
		"tasks wait in line for a CPU: those of a trial will, too", "stop what runs beside, or measure on fewer cores (--cores)")
}

func storageWaits(f Facts) (Finding, bool) {
	return pressure("waiting for storage", f.Before.Conditions.IOPressure, stallShare,
		"others use the disk: reads of a trial queue behind theirs", "stop what reads and writes (pidstat -d 1 names it)")
}

func memoryWaits(f Facts) (Finding, bool) {
	return pressure("waiting for memory", f.Before.Conditions.MemoryPressure, memoryStall,
		"the kernel takes memory from some to give it to others: files leave the cache, and trials read them again", "stop what fills the memory (ps aux --sort=-rss | head)")
}

func pressure(topic string, share *float64, most float64, why, change string) (Finding, bool) {
	if share == nil {
		return Finding{}, false
	}
	found := "some task waited for " + Share(*share) + " of the time"
	if *share <= most {
		return fine(topic, found)
	}
	return Finding{Warning, topic, found, why, change}, true
}

// load looks back over a minute, where the watch sees some seconds.
func load(f Facts) (Finding, bool) {
	load, cores := f.Settings.Load, len(f.Settings.Online)
	if load == nil || cores == 0 {
		return Finding{}, false
	}
	found := fmt.Sprintf("%.2f tasks ran or waited on the average of the last minute, for %s", *load, plural(cores, "core"))
	if *load <= float64(cores)/2 {
		return fine("load", found)
	}
	return Finding{
		Note, "load", found, "the machine was busy a moment ago, whatever the seconds of this look show",
		"wait a minute and run sluice doctor again",
	}, true
}

// slept looks for a machine that was suspended meanwhile.
func slept(f Facts) (Finding, bool) {
	if f.Before.Conditions.SuspendedS == nil {
		return Finding{}, false
	}
	s := more(f.Before.Conditions.SuspendedS, f.Spin.During.Conditions.SuspendedS)
	if s == 0 {
		return Finding{}, false // what every machine that is awake would say
	}
	return Finding{
		Warning, "sleep", "the machine slept for " + unit.Time(s) + " meanwhile", "clocks of a trial stand still, and its caches are cold afterwards",
		"systemd-inhibit --what=sleep sluice …",
	}, true
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
