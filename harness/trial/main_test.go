package trial

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// role is the variable that makes this test binary play a child.
const role = "SLUICE_TRIAL_TEST_ROLE"

func TestMain(m *testing.M) {
	if name := os.Getenv(role); name != "" {
		os.Exit(play(name))
	}
	goleak.VerifyTestMain(m)
}

// play is the child's side of the tests. What a child has to say about itself
// goes to standard output, as "name value" lines.
func play(name string) int {
	word, rest, _ := strings.Cut(name, " ")
	switch word {
	case "harness":
		return measure(rest)
	case "guarded-harness":
		return measureGuarded(rest)
	case "oom-harness":
		return measureInGroup(rest)
	case "guard":
		return report(KeepGuard(os.Stdin, os.Stdout))
	case "launch":
		return report(Launch(os.Args[1:]))
	case "big":
		return playBig(rest)
	case "strays":
		return playStrays(rest)
	}
	child, err := Attach()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	switch name {
	case "works":
		ready(child)
		before, start := ownCPU(), time.Now()
		spin(before + 120*time.Millisecond)
		fmt.Println("wall", time.Since(start).Seconds())
		fmt.Println("cpu", (ownCPU() - before).Seconds())
		done(child)
		spin(ownCPU() + 30*time.Millisecond) // after the mark: must not be counted
	case "64-more":
		ready(child)
		touch(64 << 20)
		done(child)
	case "grows":
		ready(child)
		for range 8 {
			touch(8 << 20)
			spin(ownCPU() + 20*time.Millisecond)
			fmt.Fprintln(os.Stderr, "one step more")
		}
		done(child)
	case "stops":
		ready(child)
		fmt.Fprintln(os.Stderr, "about to stop")
		_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
		hang()
	case "floods":
		line := strings.Repeat("x", 99) + "\n"
		for i := range 1 << 20 {
			fmt.Fprint(os.Stdout, line)
			if i%8 == 0 {
				fmt.Fprint(os.Stderr, line)
			}
		}
		fmt.Print("the end")
	case "forks":
		ready(child)
		sleeper := exec.Command("/proc/self/exe")
		sleeper.Env = []string{role + "=sleeps"}
		if err := sleeper.Start(); err != nil {
			return 9
		}
		fmt.Println("grandchild", sleeper.Process.Pid)
		hang()
	case "leaves-one-behind":
		ready(child)
		sleeper := exec.Command("/proc/self/exe")
		sleeper.Env = []string{role + "=sleeps"}
		if err := sleeper.Start(); err != nil {
			return 9
		}
		fmt.Println("grandchild", sleeper.Process.Pid)
		done(child)
	case "sleeps", "never-ready":
		hang()
	case "dies-between":
		ready(child)
		return 0
	case "dies-of":
		ready(child)
		signal.Reset()
		_ = unix.Kill(os.Getpid(), unix.SIGTERM)
		hang()
	case "fails":
		ready(child)
		fmt.Fprintln(os.Stderr, "reading the corpus")
		fmt.Fprintln(os.Stderr, "no such corpus: \xff linux")
		return 3
	case "babbles":
		fmt.Fprintln(child.marks, "hello there")
		hang()
	case "endless-mark":
		for {
			if _, err := io.WriteString(child.marks, strings.Repeat("x", 100)); err != nil {
				hang()
			}
		}
	case "closes-marks":
		child.marks.Close()
		_, _ = io.Copy(io.Discard, child.hold)
		return 0
	case "cores":
		ready(child)
		var set unix.CPUSet
		_ = unix.SchedGetaffinity(0, &set)
		for core := range 1024 {
			if set.IsSet(core) {
				fmt.Println("core", core)
			}
		}
		done(child)
	case "waits-for-input":
		ready(child)
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		done(child)
	case "stderr-flood":
		ready(child)
		for i := range 20000 {
			fmt.Fprintf(os.Stderr, "line %05d\n", i)
		}
		done(child)
	case "heir":
		ready(child)
		heir := exec.Command("/proc/self/exe")
		heir.Env = append(os.Environ(), role+"=tells-descriptors")
		heir.Stdout = os.Stdout
		if err := heir.Run(); err != nil {
			return 9
		}
		done(child)
	case "tells-descriptors":
		fmt.Println("variable", len(os.Getenv(Env)))
		fmt.Println("attached", child != nil)
		for _, fd := range []int{markFD, holdFD} {
			target, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
			fmt.Println("pipe", strings.HasPrefix(target, "pipe:"))
		}
	case "foreign-big":
		touch(64 << 20)
	case "foreign-parent":
		big := exec.Command("/proc/self/exe")
		big.Env = []string{role + "=foreign-huge"}
		if err := big.Run(); err != nil {
			return 9
		}
	case "foreign-huge":
		touch(512 << 20)
	case "foreign-signals":
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGUSR1)
		_ = unix.Kill(os.Getpid(), unix.SIGUSR1)
		fmt.Println("got", <-signals)
	default:
		fmt.Fprintf(os.Stderr, "no role %q\n", name)
		return 9
	}
	return 0
}

// measure plays a harness whose trials, one of each sort, announce themselves at
// path and then hang.
func measure(path string) int {
	specs := []Spec{announcing(path+"-false", false), announcing(path+"-true", true), announcing(path+"-launched", true)}
	specs[2].Launcher = as("launch")
	for _, s := range specs {
		go func() {
			_, err := Run(context.Background(), s)
			fmt.Fprintln(os.Stderr, err)
		}()
	}
	hang()
	return 0
}

// announcing is one process that writes its number to a file and then hangs.
func announcing(path string, isForeign bool) Spec {
	script := fmt.Sprintf("echo $$ > %[1]s.new; mv %[1]s.new %[1]s; exec sleep 600", path)
	return Spec{Argv: []string{"/bin/sh", "-c", script}, Foreign: isForeign}
}

func ready(c *Child) {
	if err := c.Ready(); err != nil {
		panic(err)
	}
}

func done(c *Child) {
	if err := c.DoneAndHold(); err != nil {
		panic(err)
	}
}

// hang waits to be killed; a select without cases would be taken for a deadlock.
func hang() {
	for {
		_ = unix.Pause()
	}
}

// spin burns CPU until this process has used as much as until says.
func spin(until time.Duration) {
	for ownCPU() < until {
	}
}

// ownCPU is what getrusage says of this process.
func ownCPU() time.Duration {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// touch makes size bytes resident and lets nobody optimise them away.
func touch(size int) []byte {
	block, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for i := 0; i < size; i += os.Getpagesize() {
		block[i] = 1
	}
	return block
}
