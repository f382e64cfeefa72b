// Package journaltest ends the process in the ways that no recover catches, for
// the tests of whatever has to live on after that. Nothing but tests imports it.
package journaltest

/*
#include <stdlib.h>

// The compiler must not see that the address is no good.
static void write_to(volatile int *address) { *address = 1; }
static void write_nowhere(void) { write_to((volatile int *)8); }
*/
import "C"

import (
	"fmt"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// The ways to die.
const (
	Killed    = "killed"         // SIGKILL, as the kernel sends it when memory runs out
	Signalled = "segv"           // SIGSEGV from outside
	CFault    = "fault in C"     // a write to an address that is not mapped, below cgo
	CAbort    = "abort in C"     // abort(3), as a failed assertion calls it
	Overflow  = "stack overflow" // of a goroutine
)

// Ways lists them all.
func Ways() []string { return []string{Killed, Signalled, CFault, CAbort, Overflow} }

// Die ends this process. It does not return, and panics on a way that is not known.
func Die(way string) {
	switch way {
	case Killed:
		die(unix.SIGKILL)
	case Signalled:
		die(unix.SIGSEGV)
	case CFault:
		C.write_nowhere()
	case CAbort:
		C.abort()
	case Overflow:
		debug.SetMaxStack(1 << 20) // the usual gigabyte takes a while to fill
		fmt.Fprintln(os.NewFile(2, "stderr"), deeper(1))
	}
	panic("journaltest: still alive after " + way)
}

func die(signal unix.Signal) {
	if err := unix.Kill(os.Getpid(), signal); err != nil {
		panic(err)
	}
	select {} // the signal may reach another thread a moment later
}

// deeper calls itself until the stack is full.
func deeper(n int) int {
	if n == 0 {
		return 0
	}
	return deeper(n+1) + 1
}
