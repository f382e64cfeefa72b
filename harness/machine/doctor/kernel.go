package doctor

import (
	"fmt"
	"slices"

	"sluice/harness/unit"
)

// Below so much memory, or so small a share of it, files fall out of the cache.
const (
	leastMemory      = 1 << 30
	leastMemoryShare = 0.1
)

// leastStore is room for some ten thousand trials with their series.
const leastStore = 1 << 30

func swap(f Facts) (Finding, bool) {
	total, used := f.Settings.SwapTotal, f.Settings.SwapUsed
	if total == nil || used == nil {
		return Finding{}, false
	}
	moved := more(f.Before.Conditions.SwappedBytes, f.Spin.During.Conditions.SwappedBytes)
	if *total == 0 && moved == 0 {
		return fine("swap", "none")
	}
	found := fmt.Sprintf("%s of %s used", unit.Bytes(*used), unit.Bytes(*total))
	if moved > 0 {
		return Finding{
			Warning, "swap", found + ", " + unit.Bytes(int64(moved)) + " moved meanwhile", "a trial that waits for its own memory measures the disk",
			"stop what fills the memory, then sudo swapoff -a (back: sudo swapon -a)",
		}, true
	}
	return Finding{
		Note, "swap", found + ", nothing moved meanwhile", "memory that has left must be read back when it is touched",
		"sudo swapoff -a (back: sudo swapon -a)",
	}, true
}

func memory(f Facts) (Finding, bool) {
	all, free := f.Settings.Memory, f.Settings.MemoryAvailable
	if all == nil || free == nil {
		return Finding{}, false
	}
	found := fmt.Sprintf("%s of %s can be had without swapping", unit.Bytes(*free), unit.Bytes(*all))
	if *free >= leastMemory && float64(*free) >= leastMemoryShare*float64(*all) {
		return fine("memory", found)
	}
	return Finding{
		Warning, "memory", found, "trial and cached files must fit: what does not is read from the disk in every trial, or the kernel kills something",
		"stop what fills the memory (ps aux --sort=-rss | head)",
	}, true
}

func kills(f Facts) (Finding, bool) {
	n := more(f.Before.Conditions.OOMKills, f.Spin.During.Conditions.OOMKills)
	if n == 0 {
		return Finding{}, false
	}
	return Finding{
		Warning, "out of memory", fmt.Sprintf("the kernel killed %.0f processes for want of memory meanwhile", n), "a trial may be the next",
		"dmesg | grep -i 'killed process'",
	}, true
}

func hugePages(f Facts) (Finding, bool) {
	mode := f.Settings.HugePages
	if mode == "" {
		return Finding{}, false
	}
	if mode != "always" {
		return fine("transparent huge pages", mode)
	}
	return Finding{
		Note, "transparent huge pages", mode, "whether a trial gets huge pages depends on what is free when it starts: time and peak memory jump between two values",
		"echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
	}, true
}

// layout is no fault: each trial is a fresh process, so that layouts average out.
func layout(f Facts) (Finding, bool) {
	mode := f.Settings.ASLR
	if mode == nil {
		return Finding{}, false
	}
	if *mode != 0 {
		return fine("address layout", "random, drawn anew for each trial, so that pairs average over it")
	}
	return Finding{
		Note, "address layout", "the same in every process", "one lucky layout is measured again and again, and looks like a property of the program",
		"sudo sysctl kernel.randomize_va_space=2",
	}, true
}

// clock is about the source that every reading of the time goes to.
func clock(f Facts) (Finding, bool) {
	source := f.Settings.ClockSource
	if source == "" {
		return Finding{}, false
	}
	if !slices.Contains([]string{"acpi_pm", "hpet", "jiffies", "pit"}, source) {
		return fine("clock source", source)
	}
	change := "no faster one is on offer here: time long stretches, not short ones"
	if slices.Contains(f.Settings.ClockSources, "tsc") {
		change = "echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource"
	}
	return Finding{Warning, "clock source", source, "each look at the clock is a call to slow hardware: what is timed finely gets slower by it", change}, true
}

// store is about where trials are kept.
func store(f Facts) (Finding, bool) {
	p := f.Store
	if p.FileSystem == "" || p.FreeBytes == nil {
		return Finding{}, false
	}
	found := fmt.Sprintf("%s on %s, %s free", p.Folder, p.FileSystem, unit.Bytes(*p.FreeBytes))
	switch {
	case slices.Contains([]string{"nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "fuse.sshfs"}, p.FileSystem):
		return Finding{
			Warning, "store", found, "SQLite's log in shared memory does not work over a network, and every commit of a trial waits for it",
			"sluice … --store DIR with a folder on a disk of this machine",
		}, true
	case *p.FreeBytes < leastStore:
		return Finding{Warning, "store", found, "a run that cannot commit its trials stops", "sluice … --store DIR on another disk, or sluice runs rm what is no longer needed"}, true
	case p.FileSystem == "tmpfs" || p.FileSystem == "ramfs":
		return Finding{Note, "store", found, "it stands in memory: it takes from the trials' and is gone after a restart", "sluice … --store DIR with a folder on a disk"}, true
	default:
		return fine("store", found)
	}
}
