package observe

import (
	"fmt"
	"strings"
	"testing"
)

func TestHeadersOfGoroutinesAreRead(t *testing.T) {
	for _, row := range []struct {
		line string
		id   int64
		wait string
	}{
		{"goroutine 1 [running]:", 1, "running"},
		{"goroutine 12 [chan receive, 2 minutes]:", 12, "chan receive"},
		{"goroutine 12 [chan receive (nil chan)]:", 12, "chan receive (nil chan)"},
		{"goroutine 7 [syscall, 3 minutes, locked to thread]:", 7, "syscall"},
		{"goroutine 9 [select (durable), synctest bubble 4]:", 9, "select"},
		{"goroutine 9 [runnable (scan)]:", 9, "runnable"},
		{"goroutine 5 [chan send labels:{\"pool\": \"read, write]\"}]:", 5, "chan send"},
		{"goroutine 6 gp=0xc000006fc0 m=3 mp=0xc00008e008 [sleep]:", 6, "sleep"},
		{"goroutine 18 [IO wait]:", 18, "IO wait"},
		{"goroutine 5 [chan re", 5, ""},
		{"goroutine 5", 0, ""},
		{"goroutine 0 [idle]:", 0, ""},
		{"goroutine x [idle]:", 0, ""},
		{"goroutine 99999999999999999999999 [idle]:", 0, ""},
		{"goroutines 1 [idle]:", 0, ""},
		{"", 0, ""},
	} {
		if id, wait, _ := parseHeader([]byte(row.line)); id != row.id || string(wait) != row.wait {
			t.Errorf("%s: got %d, %q, want %d, %q", row.line, id, wait, row.id, row.wait)
		}
	}
}

func TestADumpShowsWhatAGoroutineWaitsFor(t *testing.T) {
	worker := NewMonitor(MonitorOptions{}).Worker("cpu", 0, CPU)
	entered, release, gone := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		worker.Enter()
		close(entered)
		<-release
	}()
	<-entered
	id := worker.goroutine.Load()
	for { // until it has got from Enter to the channel
		taken := takeDump()
		g, ok := taken.find(map[int64]bool{id: true})[id]
		if !ok {
			t.Fatalf("goroutine %d is not in the dump:\n%s", id, taken.text)
		}
		if !strings.Contains(string(g.stack), "TestADumpShowsWhatAGoroutineWaitsFor") {
			t.Fatalf("goroutine %d is somebody else:\n%s", id, g.stack)
		}
		if g.wait == "chan receive" && blocked(g.wait) {
			break
		}
		if blocked(g.wait) {
			t.Fatalf("goroutine %d waits for %q", id, g.wait)
		}
	}
	close(release)
	<-gone
}

func FuzzGoroutinesOfADump(f *testing.F) {
	f.Add([]byte("goroutine 1 [running]:\nmain.main()\n\t/a.go:1\n\ngoroutine 12 [chan receive, 2 minutes]:\nx()\n"))
	f.Add([]byte("goroutine 5 [chan send labels:{\"a\": \"b\"}]:\n\n\n\ngoroutine 6 gp=0x1 [sleep"))
	f.Add(takeDump().text)
	f.Fuzz(func(t *testing.T, text []byte) {
		sum := 0
		for g := range goroutinesOf(text) {
			if g.id < 1 || g.wait == "" || strings.ContainsAny(g.wait, ",]\n") {
				t.Errorf("goroutine %d waits for %q", g.id, g.wait)
			}
			sum += len(g.stack)
			// What was read reads the same when it is written again.
			again := fmt.Sprintf("goroutine %d [%s]:\n", g.id, g.wait)
			if id, wait, n := parseHeader([]byte(again)); id != g.id || n != len(again) || len(wait) == 0 {
				t.Errorf("%q reads %d, %q", again, id, wait)
			}
		}
		if sum > len(text) {
			t.Errorf("%d bytes of stacks in %d bytes of text", sum, len(text))
		}
	})
}
