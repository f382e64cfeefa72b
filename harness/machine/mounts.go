package machine

import (
	"strconv"
	"strings"
)

// mount is one line of /proc/self/mountinfo, proc(5).
type mount struct {
	root         string // the folder of the file system that is mounted
	point        string // where
	kind         string // "ext4", "overlay", "cgroup2" …
	superOptions string
}

// mounts lists what is mounted, earliest first; nothing if that is not known.
func (h host) mounts() []mount {
	text, err := h.text("proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var all []mount
	for line := range strings.Lines(text) {
		if m, ok := parseMount(line); ok {
			all = append(all, m)
		}
	}
	return all
}

// parseMount reads "36 35 98:0 /root /point options [tags…] - kind source superoptions".
func parseMount(line string) (mount, bool) {
	left, right, ok := strings.Cut(line, " - ")
	if !ok {
		return mount{}, false
	}
	fields, super := strings.Fields(left), strings.Fields(right)
	if len(fields) < 6 || len(super) < 1 {
		return mount{}, false
	}
	m := mount{root: unescape(fields[3]), point: unescape(fields[4]), kind: super[0]}
	if len(super) > 2 {
		m.superOptions = super[2]
	}
	if !strings.HasPrefix(m.point, "/") || !strings.HasPrefix(m.root, "/") {
		return mount{}, false
	}
	return m, true
}

// filesystem is the kind of file system that holds an absolute path without
// symbolic links. Of mounts on one point the last hides the others.
func filesystem(mounts []mount, path string) (string, bool) {
	kind, longest := "", -1
	for _, m := range mounts {
		if covers(m.point, path) && len(m.point) >= longest {
			kind, longest = m.kind, len(m.point)
		}
	}
	return kind, longest >= 0
}

func covers(point, path string) bool {
	rest, ok := strings.CutPrefix(path, point)
	return ok && (rest == "" || rest[0] == '/' || point == "/")
}

// unescape undoes the octal escapes of white space and backslash: "\040".
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
