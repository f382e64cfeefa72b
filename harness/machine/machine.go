package machine

import (
	"fmt"
	"math"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"sluice/harness/record"
)

// Read makes the fingerprint of this machine, as seen by a process that works in
// the folder workdir. What cannot be read is listed in Absent; where the number
// of usable cores is one of these, the runtime's count stands in for it. It costs
// about a millisecond.
func Read(workdir string) record.Machine { return system().read(workdir) }

// Names of the details.
const (
	cpuModel       = "cpu model"
	onlineCPUs     = "cpus online"
	cpuQuota       = "cgroup cpu quota (cores)"
	memoryLimit    = "cgroup memory limit (bytes)"
	kernelRelease  = "kernel"
	goVersion      = "go version"
	goMaxProcs     = "gomaxprocs default"
	fileSystem     = "filesystem"
	virtualisation = "virtualisation"
	clockSource    = "clocksource"
	hugePages      = "transparent huge pages"
	loadAverage    = "load average (1, 5, 15 min)"
	governor       = "cpu frequency governor"
	counters       = "hardware counters"
	pressure       = "pressure stall information"
	runDelay       = "run delay of threads"
	temperature    = "temperature"
	memorySize     = "memory size"
	coresUsable    = "usable cores"
)

// noneSeen is said where a machine shows no sign of being virtual.
const noneSeen = "none seen"

// probe finds out one detail.
type probe struct {
	name string
	find func(h host, workdir string) (string, bool)
}

// probes are all details that can be absent, in no order that matters.
func probes() []probe {
	return []probe{
		{cpuModel, func(h host, _ string) (string, bool) { return h.cpuModel() }},
		{onlineCPUs, file("sys/devices/system/cpu/online")},
		{kernelRelease, file("proc/sys/kernel/osrelease")},
		{fileSystem, host.filesystemOf},
		{clockSource, file("sys/devices/system/clocksource/clocksource0/current_clocksource")},
		{hugePages, func(h host, _ string) (string, bool) { return h.hugePages() }},
		{loadAverage, func(h host, _ string) (string, bool) { return h.load() }},
		{governor, file("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")},
		{counters, func(h host, _ string) (string, bool) { return h.counters() }},
		{pressure, there("proc/pressure/cpu")},
		{runDelay, there("proc/self/schedstat")},
		{temperature, there("sys/class/thermal/thermal_zone0/temp")},
	}
}

// file is the text of a small file.
func file(name string) func(host, string) (string, bool) {
	return func(h host, _ string) (string, bool) {
		text, err := h.text(name)
		return text, err == nil && text != ""
	}
}

// there says whether a file exists, where its content is of the moment.
func there(name string) func(host, string) (string, bool) {
	return func(h host, _ string) (string, bool) { return "available", h.exists(name) }
}

func (h host) read(workdir string) record.Machine {
	m := record.Machine{Detail: map[string]string{
		goVersion:      runtime.Version(),
		goMaxProcs:     strconv.Itoa(runtime.GOMAXPROCS(0)),
		virtualisation: h.virtualisation(),
	}}
	for _, p := range probes() {
		if value, ok := p.find(h, workdir); ok {
			m.Detail[p.name] = value
		} else {
			m.Absent = append(m.Absent, p.name)
		}
	}
	h.size(&m)
	slices.Sort(m.Absent)
	return m
}

// size fills in cores and memory, the limits of control groups counted, and the
// class made of them.
func (h host) size(m *record.Machine) {
	cores, err := h.usableCores()
	if err != nil {
		cores = runtime.NumCPU()
		m.Absent = append(m.Absent, coresUsable)
	}
	m.UsableCores = cores
	limits := h.limits()
	if quota, ok := limits.cpu(); ok {
		m.Detail[cpuQuota] = strconv.FormatFloat(quota, 'g', 4, 64)
	}
	memory, known := h.memory()
	if limit, ok := limits.memory(); ok && (!known || limit < memory) {
		m.Detail[memoryLimit] = strconv.FormatInt(limit, 10)
		memory, known = limit, true
	}
	if !known {
		m.Absent = append(m.Absent, memorySize)
	}
	m.MemoryBytes = memory
	m.Class = class(cores, memory, known)
}

// class names the kind of machine: "linux-amd64-2c-24g". Memory is rounded to
// GiB, since machines of one kind differ in what their firmware keeps.
func class(cores int, memory int64, known bool) string {
	name := fmt.Sprintf("%s-%s-%dc", runtime.GOOS, runtime.GOARCH, cores)
	if !known {
		return name
	}
	return fmt.Sprintf("%s-%.0fg", name, max(1, math.Round(float64(memory)/(1<<30))))
}

// memory is the machine's, without the limits of control groups.
func (h host) memory() (int64, bool) {
	text, err := h.text("proc/meminfo")
	if err != nil {
		return 0, false
	}
	total, ok := field(text, "MemTotal")
	if !ok {
		return 0, false
	}
	bytes, err := kilobytes(total)
	return bytes, err == nil
}

// cpuModel is the name that x86 gives, or the numbers that ARM gives.
func (h host) cpuModel() (string, bool) {
	text, err := h.text("proc/cpuinfo")
	if err != nil {
		return "", false
	}
	for _, name := range []string{"model name", "Model", "cpu"} {
		if model, ok := field(text, name); ok && model != "" {
			return model, true
		}
	}
	implementer, first := field(text, "CPU implementer")
	part, second := field(text, "CPU part")
	return "implementer " + implementer + " part " + part, first && second
}

// hugePages is the chosen one of "always [madvise] never".
func (h host) hugePages() (string, bool) {
	text, err := h.text("sys/kernel/mm/transparent_hugepage/enabled")
	if err != nil {
		return "", false
	}
	_, rest, _ := strings.Cut(text, "[")
	chosen, _, ok := strings.Cut(rest, "]")
	return chosen, ok
}

func (h host) load() (string, bool) {
	text, err := h.text("proc/loadavg")
	if err != nil {
		return "", false
	}
	columns := strings.Fields(text)
	if len(columns) < 3 {
		return "", false
	}
	return strings.Join(columns[:3], " "), true
}

// counters looks for a performance monitoring unit of the CPU: "cpu" on most
// x86, "cpu_core" on hybrids, "armv8_…" on ARM. Virtual machines often have none.
func (h host) counters() (string, bool) {
	for _, pattern := range []string{"cpu", "cpu_core", "armv*"} {
		if found := h.glob(path.Join("sys/bus/event_source/devices", pattern)); len(found) > 0 {
			return "available", true
		}
	}
	return "", false
}

// filesystemOf is the kind of file system that holds workdir.
func (h host) filesystemOf(workdir string) (string, bool) {
	absolute, err := filepath.Abs(workdir)
	if err != nil {
		return "", false
	}
	if real, err := filepath.EvalSymlinks(absolute); err == nil {
		absolute = real
	}
	return filesystem(h.mounts(), absolute)
}

// virtualisation is a hint, made of what the system says of itself: machines do
// not have to say that they are virtual.
func (h host) virtualisation() string {
	var hints []string
	cpuinfo, _ := h.text("proc/cpuinfo")
	flags, _ := field(cpuinfo, "flags")
	if slices.Contains(strings.Fields(flags), "hypervisor") || h.exists("sys/hypervisor/type") {
		hints = append(hints, "virtual machine")
	}
	for _, name := range []string{"sys/hypervisor/type", "sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/product_name"} {
		if text, err := h.text(name); err == nil && text != "" {
			hints = append(hints, text)
		}
	}
	if h.exists(".dockerenv") || h.exists("run/.containerenv") {
		hints = append(hints, "container")
	}
	if len(hints) == 0 {
		return noneSeen
	}
	return strings.Join(hints, ", ")
}
