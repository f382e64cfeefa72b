package analyze

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sluice/scanner/rules"
)

// threadTime is the processor time of this thread, in C as well; the caller has
// locked its goroutine to the thread.
func threadTime(t testing.TB) time.Duration {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}

func goTwelve(t testing.TB) *rules.Pack {
	t.Helper()
	pack, err := rules.Frozen("go-12")
	if err != nil {
		t.Fatal(err)
	}
	return pack
}
