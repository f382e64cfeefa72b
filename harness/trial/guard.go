package trial

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// GuardEnv is the variable by which a guard knows what a guarded trial started,
// wherever that went. Its value differs from harness to harness and is always of
// the same length, so that it disturbs all trials alike.
const GuardEnv = "SLUICE_GUARD"

// Guard is a process that outlives this one if this one is killed, and then
// kills what its trials have started. It sleeps otherwise: it wakes twice for
// each trial, for some tens of microseconds, before and after what is timed
// (for a foreign command as it starts). It is safe for concurrent use.
type Guard struct {
	cmd  *exec.Cmd
	mark string

	mu   sync.Mutex
	pipe io.WriteCloser // guarded by mu
}

// NewGuard starts a guard: argv is a command that calls [KeepGuard] with its
// standard input, such as {"/usr/bin/sluice", "guard"}.
func NewGuard(argv ...string) (*Guard, error) {
	if len(argv) == 0 {
		return nil, errors.New("a guard without a command; give at least a program")
	}
	g := &Guard{mark: rand.Text()}
	// No context: the guard must outlive whatever ends us.
	g.cmd = exec.Command(argv[0], argv[1:]...)             //nolint:noctx // Close ends it
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // beyond the terminal's Ctrl-C
	var err error
	if g.pipe, err = g.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start the guard: %w", err)
	}
	answer, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the guard: %w", err)
	}
	if err := g.start(); err != nil {
		return nil, fmt.Errorf("start the guard %q: %w", argv[0], err)
	}
	err = g.tell(g.mark)
	if line, _ := bufio.NewReader(answer).ReadString('\n'); err != nil || line != readyMark+"\n" {
		return nil, errors.Join(fmt.Errorf("start the guard %q: it answers %q and not %q", argv[0], line, readyMark), err, g.Close())
	}
	return g, nil
}

// start starts the process and spares it in one go: a trial that ends between
// the two would take it for a stray.
func (g *Guard) start() error {
	kin.mu.Lock()
	defer kin.mu.Unlock()
	if err := g.cmd.Start(); err != nil {
		return err
	}
	kin.spared[g.cmd.Process.Pid] = true
	return nil
}

// RSSPeakBytes is the guard's largest resident size so far.
func (g *Guard) RSSPeakBytes() (int64, error) {
	m, err := readMemory(g.cmd.Process.Pid)
	return m.peak, err
}

// Close ends the guard. No guarded trial may run.
func (g *Guard) Close() error {
	g.mu.Lock()
	err := g.pipe.Close()
	g.mu.Unlock()
	err = errors.Join(err, g.cmd.Wait())
	kin.spare(g.cmd.Process.Pid, false)
	if err != nil {
		return fmt.Errorf("end the guard: %w", err)
	}
	return nil
}

// begin tells of a trial's group, end that nothing is left of it. A nil guard
// hears nothing.
func (g *Guard) begin(pid int) error { return g.tell(strconv.Itoa(pid)) }
func (g *Guard) end(pid int) error   { return g.tell(strconv.Itoa(-pid)) }

func (g *Guard) tell(line string) error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, err := io.WriteString(g.pipe, line+"\n"); err != nil {
		return fmt.Errorf("tell the guard: %w (it has ended; nothing would be cleaned up if this process were killed)", err)
	}
	return nil
}

// environ is what a guarded child's environment has besides.
func (g *Guard) environ() []string {
	if g == nil {
		return nil
	}
	return []string{GuardEnv + "=" + g.mark}
}

// KeepGuard is the guard's side: the whole work of its process. It reads from
// in what the harness tells, answers on out once it listens, and when the
// harness is gone kills what is left of the trials. No signal but SIGKILL ends
// it before.
func KeepGuard(in io.Reader, out io.Writer) error {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	lines := bufio.NewScanner(in)
	if !lines.Scan() {
		return fmt.Errorf("guard: nobody says what to watch (it is started by the commands that measure): %w", errors.Join(lines.Err(), io.ErrUnexpectedEOF))
	}
	watched := ward{mark: lines.Text(), groups: map[int]uint64{}}
	if _, err := io.WriteString(out, readyMark+"\n"); err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	slim()
	for lines.Scan() {
		if err := watched.hear(lines.Text()); err != nil {
			return err
		}
	}
	watched.kill()
	return nil
}

// ward is what a guard watches over: groups by their leader's number, each with
// the moment when that began.
type ward struct {
	mark   string
	groups map[int]uint64
}

func (w ward) hear(line string) error {
	pid, err := strconv.Atoi(line)
	switch {
	case err != nil || pid == 0:
		return fmt.Errorf("guard: heard %q; want the number of a group, with a minus when it has ended", line)
	case pid < 0:
		delete(w.groups, -pid)
	default:
		// The harness has not reaped it, so this is the one that is meant.
		if p, err := identify(pid); err == nil {
			w.groups[pid] = p.started
		}
	}
	return nil
}

// kill ends the groups, and whoever carries the mark. A number that its leader
// has left is not given away while the group has members; one that somebody has
// who began later is a stranger's.
func (w ward) kill() {
	for pid, started := range w.groups {
		if p, err := identify(pid); err != nil || p.started == started {
			killGroup(pid)
		}
	}
	for range 100 { // those that are killed may just have started others
		if w.killMarked() == 0 {
			return
		}
	}
}

// killMarked kills every process that was started with the mark in its
// environment, and tells how many lived.
func (w ward) killMarked() (killed int) {
	self := os.Getpid()
	for pid, p := range processes() {
		if pid == self || !w.marked(pid) {
			continue
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue
		}
		if now, err := identify(pid); err == nil && now.started == p.started {
			_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
			killed++
		}
		unix.Close(fd)
	}
	return killed
}

// marked reads what a process was started with. A zombie has nothing left.
func (w ward) marked(pid int) bool {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for entry := range bytes.SplitSeq(data, []byte{0}) {
		if value, ok := strings.CutPrefix(string(entry), GuardEnv+"="); ok && value == w.mark {
			return true
		}
	}
	return false
}
