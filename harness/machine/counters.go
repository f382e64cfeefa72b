package machine

import (
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// places are where this machine keeps what [Watch] and [Meter] read and not every
// machine has.
type places struct {
	host     host
	usage    string // exact CPU times
	throttle []throttleFile
	cpuinfo  bool // tells present clock rates
}

func (h host) places() places {
	l := h.limits()
	return places{host: h, usage: l.exactUsage(), throttle: l.throttles(), cpuinfo: h.ratesInCPUInfo()}
}

// systemPlaces looks once for each process, which halves the cost of a watch. A
// control group that this process is moved to later is not noticed.
var systemPlaces = sync.OnceValue(func() places { return system().places() }) //nolint:gochecknoglobals // what is found never changes

// sources are the files to read for a trial on some cores.
type sources struct {
	places
	cores   []int
	thermal bool
	rates   rates
}

// on looks for what is kept for each core.
func (p places) on(cores []int) sources {
	s := sources{places: p, cores: cores}
	if len(cores) > 0 {
		s.thermal = p.host.exists(thermalFile(cores[0], "core"))
		s.rates = rates{cores: cores, cpuinfo: p.cpuinfo, files: p.host.exists(fmt.Sprintf(curFreq, cores[0]))}
	}
	return s
}

// read takes all counters now, but not the clock rates.
func (s sources) read() tally {
	c := unread()
	c.monotonic, c.boot = clocks()
	if text, err := s.host.text("proc/stat"); err == nil {
		if st, err := parseStat(text); err == nil {
			c.cpus, c.total[stealS] = len(st.cores), st.all.steal.Seconds()
		}
	}
	for q, file := range map[quantity]string{cpuStallS: "cpu", ioStallS: "io", memoryStallS: "memory"} {
		if text, err := s.host.text("proc/pressure/" + file); err == nil {
			c.total[q] = parsePressure(text)
		}
	}
	if text, err := s.host.text("proc/vmstat"); err == nil {
		c.total[swappedBytes], c.total[oomKills] = parseVMStat(text, os.Getpagesize())
	}
	c.total[throttledS] = s.throttledS()
	c.total[thermal] = s.thermalEvents()
	return c
}

// clocks are the time since boot without and with the time asleep; 0 where the
// kernel has no such clock.
func clocks() (monotonic, boot time.Duration) {
	var m, b unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &m) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &b) != nil {
		return 0, 0
	}
	return time.Duration(m.Nano()), time.Duration(b.Nano())
}

// parsePressure is the total of the line "some avg10=0.07 … total=2277134392", in
// seconds; the kernel counts microseconds. NaN where there is none.
func parsePressure(text string) float64 {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "some ") {
			continue
		}
		_, total, _ := strings.Cut(line, " total=")
		if us, err := strconv.ParseUint(strings.TrimSpace(total), 10, 64); err == nil {
			return float64(us) / 1e6
		}
	}
	return math.NaN()
}

// parseVMStat reads "name value" lines: bytes swapped in and out, and processes
// killed for want of memory (counted since Linux 4.13).
func parseVMStat(text string, pageBytes int) (swapped, kills float64) {
	in, out, kills := math.NaN(), math.NaN(), math.NaN()
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch name {
		case "pswpin":
			in = number(value)
		case "pswpout":
			out = number(value)
		case "oom_kill":
			kills = number(value)
		}
	}
	return (in + out) * float64(pageBytes), kills
}

// number is a counter, NaN where it is none.
func number(text string) float64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return math.NaN()
	}
	return float64(n)
}

// throttleFile counts for how long a group was stopped by its CPU quota.
type throttleFile struct {
	path, name string
	perSecond  float64
}

// throttles lists the counters of this process's group and of all above it, in
// both versions. The root group of version 2 has none.
func (l limits) throttles() []throttleFile {
	var files []throttleFile
	add := func(dir, name string, perSecond float64) {
		f := throttleFile{path.Join(dir, "cpu.stat"), name, perSecond}
		if text, err := l.host.text(f.path); err == nil && !math.IsNaN(f.seconds(text)) {
			files = append(files, f)
		}
	}
	for _, dir := range l.ancestry("cpu") {
		add(dir, "throttled_time", 1e9)
	}
	for _, dir := range l.ancestry("") {
		add(dir, "throttled_usec", 1e6)
	}
	return files
}

func (f throttleFile) seconds(text string) float64 {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == f.name {
			return number(value) / f.perSecond
		}
	}
	return math.NaN()
}

// throttledS is the most that any of the groups was stopped for: a process in
// nested groups is stopped by each of them at once, so they are not added up.
func (s sources) throttledS() float64 {
	most := math.NaN()
	for _, f := range s.throttle {
		text, err := s.host.text(f.path)
		if err != nil {
			continue
		}
		if seconds := f.seconds(text); math.IsNaN(most) || seconds > most {
			most = seconds
		}
	}
	return most
}

func thermalFile(core int, what string) string {
	return fmt.Sprintf("sys/devices/system/cpu/cpu%d/thermal_throttle/%s_throttle_count", core, what)
}

// thermalEvents adds up the events of the cores, and the largest count of a whole
// package, which each of its cores repeats.
func (s sources) thermalEvents() float64 {
	if !s.thermal {
		return math.NaN()
	}
	events, packages := 0.0, 0.0
	for _, core := range s.cores {
		text, err := s.host.text(thermalFile(core, "core"))
		if err != nil {
			return math.NaN()
		}
		events += number(text)
		if text, err := s.host.text(thermalFile(core, "package")); err == nil {
			packages = max(packages, number(text))
		}
	}
	return events + packages
}

// head reads the beginning of a file that may be long.
func (h host) head(name string, most int64) (string, error) {
	file, err := h.root.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most))
	return string(data), err
}
