package machine

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// host reads facts below one root: the real one, or a fixture in a test.
type host struct {
	root fs.FS
}

func system() host { return host{root: os.DirFS("/")} }

// text reads a small file, its surrounding white space removed.
func (h host) text(path string) (string, error) {
	data, err := fs.ReadFile(h.root, path)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(data)), nil
}

// exists tells whether anything is at path.
func (h host) exists(path string) bool {
	_, err := fs.Stat(h.root, path)
	return err == nil
}

// glob lists what matches pattern, without complaint.
func (h host) glob(pattern string) []string {
	found, err := fs.Glob(h.root, pattern)
	if err != nil {
		return nil
	}
	return found
}

// field finds the first "name: value" line, as in /proc/cpuinfo, /proc/meminfo
// and /proc/PID/status.
func field(text, name string) (string, bool) {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// kilobytes reads "24668184 kB" as bytes.
func kilobytes(text string) (int64, error) {
	number, ok := strings.CutSuffix(text, " kB")
	if !ok {
		return 0, fmt.Errorf("%q is not a number of kB", text)
	}
	kb, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of kB: %w", text, err)
	}
	return kb << 10, nil
}
