package trial

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// slim makes this process as small as it comes, and forgets how large it was:
// pages of the program that were needed once, to start, are given back to the
// page cache, where they come from again if need be. What the system does not
// allow is left undone. It takes about 2 ms.
func slim() {
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	var from, to uintptr
	fromFile := false
	for line := range bytes.Lines(maps) {
		if low, high, ok := parseMapping(line); ok {
			from, to, fromFile = low, high, isFromFile(line)
		}
		// What the dynamic linker has written into and then made read-only is not as
		// in the file: it is anonymous by now, and would be lost.
		if fromFile && isNothingAnonymous(line) {
			// By number: the mapping is not one of Go's.
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
	const peak = "5" // proc_pid_clear_refs(5): the high-water mark
	_ = os.WriteFile("/proc/self/clear_refs", []byte(peak), 0)
}

// parseMapping reads the first line of a mapping in smaps,
// "7f00-7f10 r-xp 0 08:01 12 /bin/true"; false is any other line.
func parseMapping(line []byte) (from, to uintptr, ok bool) {
	numbers, _, _ := bytes.Cut(line, []byte(" "))
	low, high, _ := bytes.Cut(numbers, []byte("-"))
	first, errFirst := strconv.ParseUint(string(low), 16, 64)
	last, errLast := strconv.ParseUint(string(high), 16, 64)
	return uintptr(first), uintptr(last), errFirst == nil && errLast == nil && first < last
}

// isFromFile tells of such a line whether it is a private mapping of a file that
// cannot be written.
func isFromFile(line []byte) bool {
	fields := bytes.Fields(line)
	return len(fields) >= 6 && fields[5][0] == '/' && (string(fields[1]) == "r-xp" || string(fields[1]) == "r--p")
}

// isNothingAnonymous tells whether the line says that all of the mapping is as
// in the file.
func isNothingAnonymous(line []byte) bool {
	size, ok := bytes.CutPrefix(line, []byte("Anonymous:"))
	return ok && string(bytes.TrimSpace(size)) == "0 kB"
}
