package trial

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// family is what trials of this process must know of each other: the kernel
// keeps one set of children for each process, and one CPU account for all.
type family struct {
	mu      sync.Mutex
	running int           // trials, guarded by mu
	leaders map[int]bool  // children whose clocks can be read, guarded by mu
	past    time.Duration // CPU of leaders that have ended, guarded by mu
	spared  map[int]bool  // children that lead a session of their own and are no trial, guarded by mu
	adopts  bool          // guarded by mu
}

var kin = family{leaders: map[int]bool{}, spared: map[int]bool{}} //nolint:gochecknoglobals // as the kernel has it: once for each process

// AdoptOrphans makes the kernel give processes that outlive their parents, and
// were started by this process's trials, to this process, which kills them as
// the trial ends: also those that have left its group and session. It is meant
// for the command, once, before its first trial. Whatever else this process
// starts must not call setsid(2) and go on in the background, since that would
// be taken for such an orphan.
func AdoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt what trials leave behind: %w (Linux 3.4 or newer is needed)", err)
	}
	kin.mu.Lock()
	defer kin.mu.Unlock()
	kin.adopts = true
	return nil
}

// enter counts a trial that begins. It waits for a search for strays to end.
func (f *family) enter() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running++
}

// leave counts a trial that has ended. The last one that runs kills the strays,
// and learns how many: while others run nobody could say whose they are.
func (f *family) leave() (strays int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	if f.running > 0 || !f.adopts {
		return 0
	}
	return f.sweep()
}

// lead begins to count the CPU of a trial's child. bury ends that, and must come
// before the child is reaped.
func (f *family) lead(pid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaders[pid] = true
}

func (f *family) bury(pid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.leaders[pid] {
		if used, err := treeCPU(pid); err == nil {
			f.past += used
		}
	}
	delete(f.leaders, pid)
}

// cpu is what the children of all trials but pid's have used so far, and the
// processes that these waited for. It costs about 10 µs for each trial.
func (f *family) cpu(pid int) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	total := f.past
	for leader := range f.leaders {
		if leader == pid {
			continue
		}
		if used, err := treeCPU(leader); err == nil {
			total += used
		}
	}
	return total
}

func (f *family) spare(pid int, spared bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if spared {
		f.spared[pid] = true
	} else {
		delete(f.spared, pid)
	}
}

// sweepLimit bounds a search for strays: a process that waits for a dead disk
// does not die, and one that forks without end may be faster than we are.
const sweepLimit = 2 * time.Second

// sweep kills and reaps the children that came from trials, and then those that
// this made ours, until there are none. Every trial has a session of its own and
// the kernel never lets a process back into another's, so they are those that
// are not in our session. A child stays ours until we reap it, so no number can
// be a stranger's.
func (f *family) sweep() (killed int) {
	own, err := unix.Getsid(0)
	if err != nil {
		return 0
	}
	seen := map[int]bool{}
	for deadline := time.Now().Add(sweepLimit); time.Now().Before(deadline); {
		strays := f.strays(own)
		if len(strays) == 0 {
			break
		}
		for _, pid := range strays {
			seen[pid] = true
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		for _, pid := range strays {
			reapBy(pid, deadline)
		}
	}
	return len(seen)
}

// strays lists the children of this process that are neither in its session nor
// spared.
func (f *family) strays(session int) []int {
	self := os.Getpid()
	var found []int
	for pid, p := range processes() {
		if p.parent == self && p.session != session && !f.spared[pid] {
			found = append(found, pid)
		}
	}
	return slices.Sorted(slices.Values(found))
}

// reapBy waits for a child that was killed, at most until deadline.
func reapBy(pid int, deadline time.Time) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	rest := max(0, time.Until(deadline).Milliseconds())
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(rest)); n > 0 && err == nil {
		_, _ = unix.Wait4(pid, nil, unix.WNOHANG|unix.WALL, nil)
	}
}

// process is what /proc/PID/stat says of who somebody is.
type process struct {
	parent, session int
	started         uint64        // ticks since the machine started
	heirs           time.Duration // CPU of the processes that it waited for, in steps of 10 ms
}

// processes lists all processes that can be seen. It costs about 10 µs each.
func processes() map[int]process {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return nil
	}
	all := map[int]process{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, err := identify(pid); err == nil {
			all[pid] = p
		}
	}
	return all
}

func identify(pid int) (process, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, err
	}
	return parseStat(string(data))
}

// parseStat reads "12 (any name) S 1 12 12 …"; the name may hold blanks and
// brackets.
func parseStat(text string) (process, error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	// As proc(5) numbers them, the state being 3.
	const parent, session, heirsUser, heirsSystem, started = 4 - 3, 6 - 3, 16 - 3, 17 - 3, 22 - 3
	if len(fields) <= started {
		return process{}, fmt.Errorf("stat of a process is %q; want %d fields after the name", text, started+1)
	}
	var p process
	var err error
	if p.parent, err = strconv.Atoi(fields[parent]); err != nil {
		return process{}, fmt.Errorf("parent of a process: %w", err)
	}
	if p.session, err = strconv.Atoi(fields[session]); err != nil {
		return process{}, fmt.Errorf("session of a process: %w", err)
	}
	if p.started, err = strconv.ParseUint(fields[started], 10, 64); err != nil {
		return process{}, fmt.Errorf("start of a process: %w", err)
	}
	for _, field := range []int{heirsUser, heirsSystem} {
		ticks, err := strconv.ParseInt(fields[field], 10, 64)
		if err != nil {
			return process{}, fmt.Errorf("CPU of a process's children: %w", err)
		}
		p.heirs += time.Duration(ticks) * tick
	}
	return p, nil
}

// tick is what the kernel counts in towards processes, on every architecture
// that Go knows.
const tick = 10 * time.Millisecond

// treeCPU is what a process and those that it waited for have used.
func treeCPU(pid int) (time.Duration, error) {
	own, err := cpuClock(pid)
	if err != nil {
		return 0, err
	}
	p, err := identify(pid)
	return own + p.heirs, err
}
