package trial

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// as is the command that plays a role whatever the environment says.
func as(name string) []string {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return []string{"/usr/bin/env", role + "=" + name, self}
}

func report(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	return 0
}

// playBig touches so many bytes and says how large it is then, as the kernel
// finds when it counts page by page.
func playBig(size string) int {
	bytes, err := strconv.Atoi(size)
	if err != nil {
		return report(err)
	}
	child, err := Attach()
	if err != nil {
		return report(err)
	}
	ready(child)
	if bytes > 0 {
		touch(bytes)
	}
	rollup, err := os.Open("/proc/self/smaps_rollup")
	if err != nil {
		return report(err)
	}
	for lines := bufio.NewScanner(rollup); lines.Scan(); {
		if kb, ok := strings.CutPrefix(lines.Text(), "Rss:"); ok {
			fmt.Println("rss", strings.TrimSuffix(strings.TrimSpace(kb), " kB"))
		}
	}
	done(child)
	return 0
}

// playStrays starts so many processes, each of which leaves the session before
// it starts one that hangs, and says their numbers at path.
func playStrays(rest string) int {
	count, path, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return report(err)
	}
	var pids []string
	for range n {
		argv := as("sleeps")
		stray := exec.Command(argv[0], argv[1:]...)
		stray.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := stray.Start(); err != nil {
			return report(err)
		}
		pids = append(pids, strconv.Itoa(stray.Process.Pid))
	}
	if err := errors.Join(os.WriteFile(path+".new", []byte(strings.Join(pids, " ")), 0o600), os.Rename(path+".new", path)); err != nil {
		return report(err)
	}
	if strings.HasSuffix(path, "-stays") {
		hang()
	}
	return 0
}

// measureGuarded plays a harness with a guard whose trial leaves strays.
func measureGuarded(path string) int {
	argv := as("guard")
	guard, err := NewGuard(argv...)
	if err != nil {
		return report(err)
	}
	_, err = Run(context.Background(), Spec{Argv: as("strays 3 " + path), Foreign: true, Guard: guard})
	return report(err)
}

// measureInGroup plays a harness within a control group of limited memory, whose
// child wants more, and prints what it found.
func measureInGroup(procs string) int {
	if err := os.WriteFile(procs, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return report(err)
	}
	for _, isForeign := range []bool{false, true} {
		result, err := Run(context.Background(), Spec{Argv: as("big 209715200"), Foreign: isForeign})
		if err != nil {
			return report(err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
			return report(err)
		}
	}
	return 0
}

// memoryGroup makes a control group that may use so many bytes, or skips.
func memoryGroup(t *testing.T, limit int) (procs string) {
	t.Helper()
	for _, way := range []struct{ parent, file string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
		{"/sys/fs/cgroup", "memory.max"},
	} {
		dir := filepath.Join(way.parent, fmt.Sprintf("sluice-test-%d", os.Getpid()))
		if err := os.Mkdir(dir, 0o755); err != nil {
			continue
		}
		t.Cleanup(func() {
			if err := unix.Rmdir(dir); err != nil {
				t.Error(err)
			}
		})
		if err := os.WriteFile(filepath.Join(dir, way.file), []byte(strconv.Itoa(limit)), 0o600); err == nil {
			return filepath.Join(dir, "cgroup.procs")
		}
	}
	t.Skip("no control group with a memory limit can be made here")
	return ""
}
