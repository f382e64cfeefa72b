package machine

import (
	"math"
	"path"
	"strconv"
	"strings"
)

// limits are what the control groups of this process allow, in both versions of
// the interface. A process may stand in a v1 hierarchy for one resource and in
// the v2 hierarchy for another.
type limits struct {
	host   host
	mounts []mount
	groups string // text of proc/self/cgroup
}

func (h host) limits() limits {
	groups, _ := h.text("proc/self/cgroup") // without control groups there are no limits
	return limits{host: h, mounts: h.mounts(), groups: groups}
}

// cpu is the tightest CPU quota, in cores.
func (l limits) cpu() (float64, bool) {
	tightest := math.Inf(1)
	for _, dir := range l.ancestry("cpu") {
		tightest = min(tightest, l.quotaV1(dir))
	}
	for _, dir := range l.ancestry("") {
		text, err := l.host.text(path.Join(dir, "cpu.max"))
		if err == nil {
			tightest = min(tightest, parseCPUMax(text))
		}
	}
	return tightest, !math.IsInf(tightest, 1)
}

// memory is the tightest memory limit, in bytes.
func (l limits) memory() (int64, bool) {
	tightest := int64(math.MaxInt64)
	for _, dir := range l.ancestry("memory") {
		tightest = min(tightest, l.bytes(path.Join(dir, "memory.limit_in_bytes")))
	}
	for _, dir := range l.ancestry("") {
		tightest = min(tightest, l.bytes(path.Join(dir, "memory.max")))
	}
	// Version 1 writes "none" as the largest multiple of the page size.
	const none = math.MaxInt64 >> 1
	return tightest, tightest < none
}

func (l limits) quotaV1(dir string) float64 {
	quota, err := l.number(path.Join(dir, "cpu.cfs_quota_us"))
	if err != nil || quota <= 0 {
		return math.Inf(1)
	}
	period, err := l.number(path.Join(dir, "cpu.cfs_period_us"))
	if err != nil || period <= 0 {
		return math.Inf(1)
	}
	return float64(quota) / float64(period)
}

// bytes reads a limit; "max" and what cannot be read are no limit.
func (l limits) bytes(file string) int64 {
	n, err := l.number(file)
	if err != nil || n <= 0 {
		return math.MaxInt64
	}
	return n
}

func (l limits) number(file string) (int64, error) {
	text, err := l.host.text(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// parseCPUMax reads "max 100000" or "50000 100000" as a number of cores.
func parseCPUMax(text string) float64 {
	columns := strings.Fields(text)
	if len(columns) != 2 {
		return math.Inf(1)
	}
	quota, err := strconv.ParseFloat(columns[0], 64)
	if err != nil || quota <= 0 {
		return math.Inf(1) // "max"
	}
	period, err := strconv.ParseFloat(columns[1], 64)
	if err != nil || period <= 0 {
		return math.Inf(1)
	}
	return quota / period
}

// ancestry lists the folders of this process's group and of all groups above it
// in the hierarchy of controller, "" meaning version 2: a limit holds for
// everything below it.
func (l limits) ancestry(controller string) []string {
	group, ok := findGroup(l.groups, controller)
	if !ok {
		return nil
	}
	for _, m := range l.mounts {
		if !m.carries(controller) {
			continue
		}
		var dirs []string
		for below := within(group, m.root); ; below = path.Dir(below) {
			dirs = append(dirs, path.Join(m.point, below)[1:])
			if below == "/" {
				return dirs
			}
		}
	}
	return nil
}

// carries tells whether the mount is the hierarchy of controller.
func (m mount) carries(controller string) bool {
	if controller == "" {
		return m.kind == "cgroup2"
	}
	if m.kind != "cgroup" {
		return false
	}
	for option := range strings.SplitSeq(m.superOptions, ",") {
		if option == controller {
			return true
		}
	}
	return false
}

// findGroup reads lines such as "3:cpu,cpuacct:/user" and, for version 2,
// "0::/user".
func findGroup(text, controller string) (string, bool) {
	for line := range strings.Lines(text) {
		columns := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(columns) != 3 {
			continue
		}
		for name := range strings.SplitSeq(columns[1], ",") {
			if name == controller && (controller != "" || columns[0] == "0") {
				return path.Clean("/" + columns[2]), true
			}
		}
	}
	return "", false
}

// within makes a group's path relative to the part of the hierarchy that is
// mounted here. In a container the mount may begin at the container's own group,
// while /proc/self/cgroup still tells the path seen from outside.
func within(group, root string) string {
	if root == "/" {
		return group
	}
	if rest, ok := strings.CutPrefix(group, root); ok && (rest == "" || rest[0] == '/') {
		return path.Clean("/" + rest)
	}
	return "/"
}
