package load

import (
	"io/fs"
	"path"
	"strings"
	"time"
)

// mounts are where control groups of version 2 hang: alone, or beside version 1.
func mounts() []string { return []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"} }

// groupsOf lists the folders of the groups that this process is in, from its own
// up; none where there is no version 2.
func groupsOf(root fs.FS) []string {
	data, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	own, found := "", false
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			own, found = rest, true
		}
	}
	if !found {
		return nil
	}
	for _, mount := range mounts() {
		if _, err := fs.Stat(root, path.Join(mount, "cgroup.controllers")); err == nil {
			return upwards(mount, own)
		}
	}
	return nil
}

// upwards lists a group's folder and those above it, down to the mount. In a
// container the path may be that of the host, which is not there: what is there are
// the folders above.
func upwards(mount, own string) []string {
	var groups []string
	for p := path.Clean("/" + own); ; p = path.Dir(p) {
		groups = append(groups, path.Join(mount, p))
		if p == "/" {
			return groups
		}
	}
}

// quotaOf reads what processor time a group has used and may use; false if it has
// no bound.
func quotaOf(root fs.FS, group string) (quota, bool) {
	bound, err := fs.ReadFile(root, path.Join(group, "cpu.max"))
	if err != nil {
		return quota{}, false
	}
	fields := strings.Fields(string(bound)) // microseconds in each period, or "max"
	if len(fields) != 2 {
		return quota{}, false
	}
	may, ok1 := count(fields[0])
	period, ok2 := count(fields[1])
	if !ok1 || !ok2 || may <= 0 || period <= 0 {
		return quota{}, false
	}
	stat, err := fs.ReadFile(root, path.Join(group, "cpu.stat"))
	if err != nil {
		return quota{}, false
	}
	used, ok := entry(stat, "usage_usec")
	return quota{group: group, used: time.Duration(used) * time.Microsecond, shares: may / period}, ok
}

// memoryOf reads which share of a group's memory is in use; false if it has no
// bound. Pages of files that nobody used lately are left out, as they are given back
// when memory is short: a scanner that reads much fills any group with them.
func memoryOf(root fs.FS, group string) (float64, bool) {
	bound, ok := number(root, path.Join(group, "memory.max"))
	if !ok || bound <= 0 {
		return 0, false
	}
	used, ok := number(root, path.Join(group, "memory.current"))
	if !ok {
		return 0, false
	}
	if stat, err := fs.ReadFile(root, path.Join(group, "memory.stat")); err == nil {
		pages, _ := entry(stat, "inactive_file")
		used -= pages
	}
	return min(max(used/bound, 0), 1), true
}

// number reads a file that holds one.
func number(root fs.FS, file string) (float64, bool) {
	data, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	return count(string(data))
}
