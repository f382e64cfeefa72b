package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/harness/unit"
)

// throttling is a quota at work; quota is one that stands ready.
func throttling(f Facts) (Finding, bool) {
	if f.Before.Conditions.ThrottledS == nil {
		return Finding{}, false
	}
	s := more(f.Before.Conditions.ThrottledS, f.Spin.During.Conditions.ThrottledS)
	if s == 0 {
		return fine("throttling", "no CPU quota stopped us")
	}
	return Finding{
		Warning, "throttling", "the control group's CPU quota stopped us for " + unit.Time(s) + ", over all CPUs",
		"a trial stands still for the rest of each period once its share is used up: latencies show the period",
		"raise the quota (cpu.max, docker run --cpus), or measure on fewer cores (--cores)",
	}, true
}

func quota(f Facts) (Finding, bool) {
	q, cores := f.Settings.QuotaCores, len(f.Settings.Cores)
	if q == nil || cores == 0 {
		return Finding{}, false
	}
	found := fmt.Sprintf("the control group may use the time of %.3g cores, on %s", *q, plural(cores, "core"))
	if *q >= float64(cores) {
		return fine("CPU quota", found)
	}
	change := "raise the quota to whole cores (cpu.max, docker run --cpus)"
	if whole := int(*q); whole >= 1 {
		change = fmt.Sprintf("measure on fewer cores (--cores %d), or raise the quota (cpu.max, docker run --cpus)", whole)
	}
	return Finding{Note, "CPU quota", found, "more threads than the quota has cores use it up early, and then all stop", change}, true
}

// siblings are hardware threads that share one core's units with a usable one.
func siblings(f Facts) (Finding, bool) {
	if f.Settings.Siblings == nil {
		return Finding{}, false
	}
	var busy, within []string
	for _, core := range slices.Sorted(maps.Keys(f.Settings.Siblings)) {
		for _, other := range f.Settings.Siblings[core] {
			share, known := f.Before.busy[other]
			switch {
			case slices.Contains(f.Settings.Cores, other):
				if core < other {
					within = append(within, fmt.Sprintf("%d and %d", core, other))
				}
			case !known:
				return Finding{}, false
			case share > siblingShare:
				busy = append(busy, fmt.Sprintf("core %d with thread %d, %s busy", core, other, Share(share)))
			}
		}
	}
	switch {
	case len(busy) > 0:
		return Finding{
			Warning, "hardware threads", "cores are shared with others: " + strings.Join(busy, "; "),
			"two threads of one core share its units: the same work takes up to twice as long beside a busy one",
			"give both threads of a core to the measurement, or leave the others' empty (taskset)",
		}, true
	case len(within) > 0:
		return Finding{
			Note, "hardware threads", "threads of one core: " + strings.Join(within, ", "),
			"as many busy threads as these do not get as much done as so many cores: a knob that counts workers meets that edge",
			"to measure on whole cores: taskset -c " + firsts(f.Settings.Cores, f.Settings.Siblings) + " sluice …",
		}, true
	default:
		return fine("hardware threads", "no usable core shared its units with a busy thread")
	}
}

// firsts is the lowest thread of each core, as taskset wants it.
func firsts(cores []int, siblings map[int][]int) string {
	var list []string
	for _, core := range cores {
		if len(siblings[core]) == 0 || core < slices.Min(siblings[core]) {
			list = append(list, fmt.Sprint(core))
		}
	}
	return strings.Join(list, ",")
}

func clockRate(f Facts) (Finding, bool) {
	low, high := f.Spin.During.Conditions.FrequencyLowHz, f.Spin.During.Conditions.FrequencyHighHz
	if low == nil || high == nil {
		return Finding{}, false
	}
	found := fmt.Sprintf("%.2f to %.2f GHz at the end of the computation", *low/1e9, *high/1e9)
	const even = 1.1
	if *high <= *low*even {
		return fine("clock rate", found)
	}
	return Finding{
		Note, "clock rate", found, "cores that differ in speed make a trial depend on where it runs",
		"sudo cpupower frequency-set -g performance",
	}, true
}

func governor(f Facts) (Finding, bool) {
	names := f.Settings.Governors
	if len(names) == 0 {
		return Finding{}, false
	}
	found := strings.Join(names, ", ")
	if found == "performance" {
		return fine("frequency governor", found)
	}
	return Finding{
		Note, "frequency governor", found, "the clock rate follows the load with a delay: short trials run slower than long ones",
		"sudo cpupower frequency-set -g performance (back: -g " + names[len(names)-1] + ")",
	}, true
}

func turbo(f Facts) (Finding, bool) {
	on := f.Settings.Turbo
	if on == nil {
		return Finding{}, false
	}
	if !*on {
		return fine("turbo", "off")
	}
	return Finding{
		Note, "turbo", "on", "the highest rate holds while few cores are busy and cool: a configuration with more threads runs at a lower one",
		"echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo, or echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost",
	}, true
}

func thermal(f Facts) (Finding, bool) {
	if f.Before.Conditions.ThermalThrottles == nil {
		return Finding{}, false
	}
	n := more(f.Before.Conditions.ThermalThrottles, f.Spin.During.Conditions.ThermalThrottles)
	if n == 0 {
		return fine("heat", "no core was slowed down for heat")
	}
	return Finding{
		Warning, "heat", fmt.Sprintf("cores were slowed down for heat %.0f times", n), "a trial runs slower the longer the run lasts",
		"cool the machine, or lower its clock rate (sudo cpupower frequency-set -u RATE)",
	}, true
}

// virtual says so where the machine does.
func virtual(f Facts) (Finding, bool) {
	if f.Settings.Virtual == "" {
		return Finding{}, false
	}
	return Finding{
		Note, "virtual", f.Settings.Virtual, "neighbours on the host share caches and memory, which no figure here shows; of their CPU use only steal does",
		"repeat what matters on another day, or on a machine of its own",
	}, true
}

// hardware is about the CPU's counters; machines without list them as absent.
func hardware(f Facts) (Finding, bool) {
	if !f.Settings.Counters {
		return Finding{}, false
	}
	return fine("hardware counters", "available")
}
