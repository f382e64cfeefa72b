package observe

import (
	"bytes"
	"iter"
	"runtime"
	"time"
)

// A dump costs a kilobyte or so for each goroutine. Beyond this size it is cut
// off; the runtime prints older goroutines first, and workers are old.
const largestDump = 8 << 20

// A dump is what runtime.Stack says of all goroutines.
type dump struct {
	text       []byte
	goroutines int           // that there were
	took       time.Duration // every goroutine that runs Go code stood still for it
}

// takeDump stops the world and writes down all stacks.
func takeDump() dump {
	n := runtime.NumGoroutine()
	buffer := make([]byte, min(64<<10+n<<10, largestDump))
	begin := time.Now()
	buffer = buffer[:runtime.Stack(buffer, true)]
	return dump{text: buffer, goroutines: n, took: time.Since(begin)}
}

// find returns the goroutines with the given numbers.
func (d dump) find(ids map[int64]bool) map[int64]goroutine {
	found := make(map[int64]goroutine, len(ids))
	for g := range goroutinesOf(d.text) {
		if ids[g.id] {
			found[g.id] = g
		}
	}
	return found
}

// A goroutine is one of a dump.
type goroutine struct {
	id    int64
	wait  string // what it waits for, or "running", "runnable", "syscall"
	stack []byte // without the header
}

// goroutinesOf yields the goroutines of a dump in its order. What it cannot read
// it leaves out; the last stack may be cut off.
func goroutinesOf(text []byte) iter.Seq[goroutine] {
	return func(yield func(goroutine) bool) {
		for len(text) > 0 {
			var section []byte
			section, text, _ = bytes.Cut(text, []byte("\n\n"))
			id, wait, n := parseHeader(section)
			if len(wait) == 0 {
				continue
			}
			if !yield(goroutine{id: id, wait: string(wait), stack: section[n:]}) {
				return
			}
		}
	}
}

// parseHeader reads the first line of a goroutine's stack and returns its length
// with the line's end:
//
//	goroutine 12 [chan receive, 2 minutes, locked to thread]:
//
// The number comes first and may be followed by pointers, the wait is cut at the first
// comma or label, and marks of the garbage collector and of testing/synctest are cut
// off it. The id is 0 if there is none; the wait is empty if the line ends before it does.
func parseHeader(text []byte) (id int64, wait []byte, n int) {
	line, _, ended := bytes.Cut(text, []byte("\n"))
	rest, ok := bytes.CutPrefix(line, []byte("goroutine "))
	if !ok {
		return 0, nil, 0
	}
	for len(rest) > 0 && '0' <= rest[0] && rest[0] <= '9' && id < 1<<59 {
		id = id*10 + int64(rest[0]-'0')
		rest = rest[1:]
	}
	if id == 0 || len(rest) == 0 || rest[0] != ' ' {
		return 0, nil, 0
	}
	_, inside, ok := bytes.Cut(rest, []byte(" ["))
	end := bytes.IndexAny(inside, ",]")
	if !ok || end < 0 {
		return id, nil, 0
	}
	wait, _, _ = bytes.Cut(inside[:end], []byte(" labels:{"))
	for _, mark := range []string{" (durable)", " (scan)", " (leaked)"} {
		wait = bytes.TrimSuffix(wait, []byte(mark))
	}
	n = len(line)
	if ended {
		n++
	}
	return id, wait, n
}

// blocked reports whether a goroutine that waits so is off its processor for a
// reason of the program's. The names are runtime.waitReasonStrings, Go 1.26.
// "syscall" is C code as well as a system call, so it is none; the waits of the
// garbage collector and of stopping the world are the runtime's, not the worker's.
func blocked(wait string) bool {
	switch wait {
	case "chan receive", "chan receive (nil chan)", "chan send", "chan send (nil chan)",
		"select", "select (no cases)", "sleep", "IO wait", "semacquire", "coroutine",
		"sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock", "sync.Cond.Wait", "sync.WaitGroup.Wait":
		return true
	}
	return false
}
