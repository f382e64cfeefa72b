package machine

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Settings are what can be set on a machine, or is given, and changes what a
// measurement shows. What cannot be read is nil or empty, and listed in Absent.
type Settings struct {
	Cores           []int         // that this process may run on
	Online          []int         // all that the machine runs on
	QuotaCores      *float64      // of the control groups; nil where none is set
	Siblings        map[int][]int // other threads of the same physical core, by usable core
	Governors       []string      // of the usable cores' clock rates, each once
	Turbo           *bool         // clock rates above the nominal one
	HugePages       string        // "always", "madvise", "never"
	ASLR            *int64        // kernel.randomize_va_space: 0 none, 2 all
	ClockSource     string
	ClockSources    []string // to choose from
	SwapTotal       *int64   // bytes
	SwapUsed        *int64   // bytes
	Memory          *int64   // bytes
	MemoryAvailable *int64   // bytes, without swapping
	Load            *float64 // mean number of tasks that ran or waited in the last minute
	Counters        bool     // the CPU's hardware counters are there
	Virtual         string   // what the machine says of being virtual; empty where nothing
	Absent          []string
}

// ReadSettings reads the settings of this machine, which takes about a
// millisecond.
func ReadSettings() Settings { return system().settings() }

func (h host) settings() Settings {
	var s Settings
	found := func(name string, ok bool) {
		if !ok {
			s.Absent = append(s.Absent, name)
		}
	}
	var err error
	s.Cores, err = h.affinity()
	found(coresUsable, err == nil)
	s.Online = h.online()
	found(onlineCPUs, s.Online != nil)
	if quota, ok := h.limits().cpu(); ok {
		s.QuotaCores = &quota
	}
	s.Siblings = h.siblings(s.Cores)
	found("threads of one core", s.Siblings != nil)
	s.Governors = h.governors(s.Cores)
	found(governor, len(s.Governors) > 0)
	s.Turbo = h.turbo()
	found("turbo", s.Turbo != nil)
	s.HugePages, _ = h.hugePages()
	found(hugePages, s.HugePages != "")
	s.ASLR = h.integer("proc/sys/kernel/randomize_va_space")
	found("address space randomisation", s.ASLR != nil)
	s.ClockSource, _ = h.text(clockSources + "current_clocksource")
	found(clockSource, s.ClockSource != "")
	if all, err := h.text(clockSources + "available_clocksource"); err == nil {
		s.ClockSources = strings.Fields(all)
	}
	h.memories(&s)
	found("swap", s.SwapTotal != nil && s.SwapUsed != nil)
	found("memory available", s.Memory != nil && s.MemoryAvailable != nil)
	s.Load = h.loadOfMinute()
	found(loadAverage, s.Load != nil)
	_, s.Counters = h.counters()
	found(counters, s.Counters)
	if s.Virtual = h.virtualisation(); s.Virtual == noneSeen {
		s.Virtual = ""
	}
	slices.Sort(s.Absent)
	return s
}

const clockSources = "sys/devices/system/clocksource/clocksource0/"

func (h host) online() []int {
	text, err := h.text("sys/devices/system/cpu/online")
	if err != nil {
		return nil
	}
	cores, err := parseCoreList(text)
	if err != nil {
		return nil
	}
	return cores
}

// siblings are the other hardware threads of each core; nil where the kernel does
// not tell them of all.
func (h host) siblings(cores []int) map[int][]int {
	if len(cores) == 0 {
		return nil
	}
	all := map[int][]int{}
	for _, core := range cores {
		text, err := h.text(fmt.Sprintf("sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", core))
		if err != nil {
			return nil
		}
		threads, err := parseCoreList(text)
		if err != nil {
			return nil
		}
		all[core] = slices.DeleteFunc(threads, func(other int) bool { return other == core })
	}
	return all
}

func (h host) governors(cores []int) []string {
	var names []string
	for _, core := range cores {
		name, err := h.text(fmt.Sprintf("sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", core))
		if err == nil && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// turbo is told by one of two drivers, in opposite senses.
func (h host) turbo() *bool {
	if off := h.integer("sys/devices/system/cpu/intel_pstate/no_turbo"); off != nil {
		return new(*off == 0)
	}
	if on := h.integer("sys/devices/system/cpu/cpufreq/boost"); on != nil {
		return new(*on != 0)
	}
	return nil
}

func (h host) memories(s *Settings) {
	text, err := h.text("proc/meminfo")
	if err != nil {
		return
	}
	size := func(name string) *int64 {
		value, _ := field(text, name)
		bytes, err := kilobytes(value)
		if err != nil {
			return nil
		}
		return &bytes
	}
	s.Memory, s.MemoryAvailable, s.SwapTotal = size("MemTotal"), size("MemAvailable"), size("SwapTotal")
	if free := size("SwapFree"); free != nil && s.SwapTotal != nil {
		s.SwapUsed = new(*s.SwapTotal - *free)
	}
}

func (h host) loadOfMinute() *float64 {
	text, ok := h.load()
	if !ok {
		return nil
	}
	minute, _, _ := strings.Cut(text, " ")
	load, err := strconv.ParseFloat(minute, 64)
	if err != nil {
		return nil
	}
	return &load
}

func (h host) integer(name string) *int64 {
	text, err := h.text(name)
	if err != nil {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// Place is the folder where something is going to be kept.
type Place struct {
	Folder     string `json:"folder"`                // or the nearest one above it that exists
	FileSystem string `json:"filesystem,omitempty"`  // "ext4", "tmpfs"; empty where not known
	FreeBytes  *int64 `json:"free_bytes,omitempty"`  // for a user without privileges
	TotalBytes *int64 `json:"total_bytes,omitempty"` // of the file system
}

// Look finds out what folder stands on, which need not exist yet.
func Look(folder string) Place {
	p := Place{Folder: folder}
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return p
	}
	var st unix.Statfs_t
	for unix.Statfs(absolute, &st) != nil {
		if absolute == "/" {
			return p
		}
		absolute = path.Dir(absolute)
	}
	p.Folder = absolute
	p.FileSystem, _ = system().filesystemOf(absolute)
	p.FreeBytes = new(int64(st.Bavail) * st.Bsize)
	p.TotalBytes = new(int64(st.Blocks) * st.Bsize)
	return p
}
