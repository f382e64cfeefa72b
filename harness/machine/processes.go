package machine

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Process is one process with what it used of the machine.
type Process struct {
	PID   int     `json:"pid"`
	Name  string  `json:"name"`      // as the kernel keeps it, at most 15 bytes
	Share float64 `json:"cpu_share"` // of the whole machine, 0 … 1, with the children that it outlived
}

// Processes remembers what every process had used at one instant. It is a value
// and may be asked more than once.
type Processes struct {
	host  host
	self  int
	start census
}

// StartProcesses notes what every process that can be seen has used until now. It
// reads a file for each, some 15 µs.
func StartProcesses() (Processes, error) {
	p := Processes{host: system(), self: os.Getpid()}
	start, err := p.host.census()
	if err != nil {
		return Processes{}, err
	}
	p.start = start
	return p, nil
}

// Top are the processes that used most since the start, at most so many, without
// this one and its descendants. What a process has reaped counts as its own, so
// that a compiler's many short children are not lost. The kernel shows times in
// ticks of 10 ms. In a container the processes outside cannot be seen.
func (p Processes) Top(most int) ([]Process, error) {
	end, err := p.host.census()
	if err != nil {
		return nil, err
	}
	used := usedBy(p.start, end, p.self)
	return used[:min(most, len(used))], nil
}

// TopOthers watches for window and returns the five processes that used most of
// the machine meanwhile, busiest first, without this one and its descendants.
func TopOthers(ctx context.Context, window time.Duration) ([]Process, error) {
	const five = 5
	p, err := StartProcesses()
	if err != nil {
		return nil, err
	}
	if err := sleep(ctx, window); err != nil {
		return nil, err
	}
	return p.Top(five)
}

// census is every process at one instant.
type census struct {
	at        time.Time
	cpus      int
	processes map[int]process
}

// process is one line of /proc/PID/stat, proc(5).
type process struct {
	name   string
	parent int
	own    time.Duration // CPU time of its threads
	reaped time.Duration // CPU time of the children that it waited for
	start  string        // when it began: with the number it names one process
}

func (h host) census() (census, error) {
	text, err := h.text("proc/stat")
	if err != nil {
		return census{}, fmt.Errorf("read which processes run: %w", err)
	}
	st, err := parseStat(text)
	if err != nil {
		return census{}, err
	}
	entries, err := fs.ReadDir(h.root, "proc")
	if err != nil {
		return census{}, fmt.Errorf("read which processes run: %w", err)
	}
	c := census{at: time.Now(), cpus: len(st.cores), processes: map[int]process{}}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		line, err := h.text("proc/" + entry.Name() + "/stat")
		if err != nil {
			continue // it ended meanwhile
		}
		if p, ok := parseProcess(line); ok {
			c.processes[pid] = p
		}
	}
	return c, nil
}

// Columns of /proc/PID/stat behind the name, from 0.
const (
	parentField     = 1
	userField       = 11
	systemField     = 12
	childUserField  = 13
	childSysField   = 14
	startField      = 19
	processFieldsIn = 20
)

// parseProcess reads "12 (a name) S 1 …"; the name may hold anything.
func parseProcess(line string) (process, bool) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return process{}, false
	}
	columns := strings.Fields(line[end+1:])
	if len(columns) < processFieldsIn {
		return process{}, false
	}
	var numbers [processFieldsIn]int64
	for _, i := range [...]int{parentField, userField, systemField, childUserField, childSysField} {
		n, err := strconv.ParseInt(columns[i], 10, 64)
		if err != nil {
			return process{}, false
		}
		numbers[i] = n
	}
	return process{
		name: line[open+1 : end], parent: int(numbers[parentField]), start: columns[startField],
		own:    time.Duration(numbers[userField]+numbers[systemField]) * tick,
		reaped: time.Duration(numbers[childUserField]+numbers[childSysField]) * tick,
	}, true
}

// usedBy is what each process used between two instants, busiest first, idle ones
// left out, and self with its descendants.
func usedBy(start, end census, self int) []Process {
	capacity := float64(end.at.Sub(start.at)) * float64(end.cpus)
	if capacity <= 0 {
		return nil
	}
	before := start.reapedSince(end)
	var all []Process
	for pid, p := range end.processes {
		if end.descends(pid, self) {
			continue
		}
		used := p.own
		if was, ok := start.processes[pid]; ok && was.start == p.start {
			used = p.own - was.own + max(p.reaped-was.reaped-before[pid], 0)
		} else {
			used += p.reaped
		}
		if used > 0 {
			all = append(all, Process{PID: pid, Name: p.name, Share: min(float64(used)/capacity, 1)})
		}
	}
	slices.SortFunc(all, func(a, b Process) int { return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.PID, b.PID)) })
	return all
}

// reapedSince is what those that ended meanwhile had used before, by the process
// that has it now among its children's time: the nearest above that lives on.
func (c census) reapedSince(end census) map[int]time.Duration {
	lives := func(pid int) bool {
		now, there := end.processes[pid]
		return there && now.start == c.processes[pid].start
	}
	before := map[int]time.Duration{}
	for pid, p := range c.processes {
		if lives(pid) {
			continue
		}
		heir := p.parent
		for steps := 0; !lives(heir) && heir != 0 && steps < len(c.processes); steps++ {
			heir = c.processes[heir].parent
		}
		before[heir] += p.own + p.reaped
	}
	return before
}

// descends tells whether pid is ancestor, or stands below it.
func (c census) descends(pid, ancestor int) bool {
	for range len(c.processes) + 1 { // a reading that is not of one instant might go in circles
		if pid == ancestor {
			return true
		}
		p, ok := c.processes[pid]
		if !ok || p.parent == 0 {
			return false
		}
		pid = p.parent
	}
	return false
}
