package cli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sluice/harness/cli"
	"sluice/harness/machine"
	"sluice/scanner/journal/journaltest"
)

// TestMain makes this test binary the sluice command when it is called so: by
// scripts, and by the trials that a command under test launches.
func TestMain(m *testing.M) {
	cli.BeforeAnalysis(dieOver)
	testscript.Main(m, map[string]func(){"sluice": func() {
		countLaunch()
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err := cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
		stop()
		os.Exit(cli.ExitCode(err))
	}})
}

// dieOver ends the process over files that say so in their names: die-killed.go
// is killed, die-stack-overflow.go overflows the stack; see package journaltest.
// hang.go says that it was reached, in the fifo of the working folder, and hangs.
func dieOver(file string) {
	if path.Base(file) == "hang.go" {
		hang()
	}
	name, dies := strings.CutPrefix(path.Base(file), "die-")
	if !dies {
		return
	}
	for _, way := range journaltest.Ways() {
		if strings.HasPrefix(name, strings.ReplaceAll(way, " ", "-")+".") {
			journaltest.Die(way)
		}
	}
}

// hang writes this process's number into a fifo and holds that open for good, so
// that whoever reads it meets its end when this process is dead.
func hang() {
	fifo, err := os.OpenFile("fifo", os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(fifo, os.Getpid())
	<-make(chan int)
	runtime.KeepAlive(fifo)
}

// TestScripts runs the command as a user would: right, wrong, and interrupted.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GOCACHE", os.Getenv("GOCACHE"))
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Condition: func(condition string) (bool, error) {
			if condition != "pair" { // of cores, for a duet
				return false, fmt.Errorf("unknown condition %q", condition)
			}
			cores, err := machine.UsableCores()
			return cores >= 2, err
		},
	})
}

// exits runs a command and demands its exit status: exits 2 sluice scan --bad.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	if got := status(err); got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

func status(err error) string {
	if err == nil {
		return "0"
	}
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return strconv.Itoa(failed.ExitCode())
	}
	return err.Error()
}
