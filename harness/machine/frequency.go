package machine

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// rates is where the clock rates of some cores can be read: a file for each, or
// /proc/cpuinfo, or nowhere.
type rates struct {
	cores   []int
	files   bool
	cpuinfo bool
}

// The longest beginnings of /proc/cpuinfo that are read: the first CPU is in the
// one, some 40 CPUs are in the other.
const (
	firstCPU  = 4 << 10
	manyCPUs  = 64 << 10
	curFreq   = "sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq"
	kilohertz = 1e3
	megahertz = 1e6
)

// ratesInCPUInfo tells whether /proc/cpuinfo has the present clock rates: it does
// where the CPU has counters for it (aperfmperf), elsewhere its figure is a constant.
func (h host) ratesInCPUInfo() bool {
	text, err := h.head("proc/cpuinfo", firstCPU)
	flags, _ := field(text, "flags")
	return err == nil && slices.Contains(strings.Fields(flags), "aperfmperf")
}

// read is the rate of each core in hertz, NaN where one is not told.
func (r rates) read(h host) []float64 {
	switch {
	case r.files:
		return r.fromFiles(h)
	case r.cpuinfo:
		text, err := h.head("proc/cpuinfo", manyCPUs)
		if err != nil {
			return nil
		}
		return r.fromCPUInfo(text)
	default:
		return nil
	}
}

func (r rates) fromFiles(h host) []float64 {
	hertz := make([]float64, len(r.cores))
	for i, core := range r.cores {
		hertz[i] = math.NaN()
		if text, err := h.text(fmt.Sprintf(curFreq, core)); err == nil {
			hertz[i] = number(text) * kilohertz
		}
	}
	return hertz
}

// fromCPUInfo reads the pairs "processor : 3" and "cpu MHz : 2596.098".
func (r rates) fromCPUInfo(text string) []float64 {
	told := map[int]float64{}
	core := -1
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(name) {
		case "processor":
			if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
				core = n
			}
		case "cpu MHz":
			if mhz, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
				told[core] = mhz * megahertz
			}
		}
	}
	hertz := make([]float64, len(r.cores))
	for i, core := range r.cores {
		hz, ok := told[core]
		if !ok {
			hz = math.NaN()
		}
		hertz[i] = hz
	}
	return hertz
}

// span is the lowest and the highest rate of the cores at the end. A hypervisor
// may show one constant for all in /proc/cpuinfo: what neither differs from core
// to core nor from start to end is not taken for a measurement there.
func (r rates) span(start, end []float64) (low, high *float64) {
	varies := r.files
	for i, hz := range end {
		if math.IsNaN(hz) || hz <= 0 {
			continue
		}
		if low == nil || hz < *low {
			low = new(hz)
		}
		if high == nil || hz > *high {
			high = new(hz)
		}
		varies = varies || (i < len(start) && start[i] != hz)
	}
	if low == nil || (!varies && *low == *high) {
		return nil, nil
	}
	return low, high
}
