package mapped

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
)

// copyBareAfterTruncation maps a file, truncates it, and copies it without the
// guard: a SIGBUS ends the process within the copy.
func copyBareAfterTruncation(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	_, _ = read(f, 8192, nil, func(dst, src []byte) error {
		if err := os.Truncate(path, 0); err != nil {
			return err
		}
		copy(dst, src)
		return nil
	})
}

func TestWithoutTheGuardTheProcessDies(t *testing.T) {
	f := written(t, make([]byte, 8192))
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), bareVariable+"="+f.Name())
	output, err := child.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatalf("the process ended with %v, want its death; it said:\n%s", err, output)
	}
	// The runtime reports the signal and exits with 2, unless GOTRACEBACK=crash
	// makes it die by one.
	status := exit.Sys().(syscall.WaitStatus)
	if !status.Signaled() && status.ExitStatus() != 2 {
		t.Errorf("the process exited with %d, want 2 or a signal", status.ExitStatus())
	}
	if !bytes.Contains(output, []byte("SIGBUS")) {
		t.Errorf("the process did not die by SIGBUS; it said:\n%s", output)
	}
}

// TestAFileThatShrinksIsReadWholeOrNotAtAll has readers at a file that is
// truncated under them, to any size. Every byte of it is 'a': a byte that
// differs was never in the file.
func TestAFileThatShrinksIsReadWholeOrNotAtAll(t *testing.T) {
	const size, readers, rounds = 64 << 10, 8, 20
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	content := bytes.Repeat([]byte("a"), size)
	for range rounds {
		f := written(t, content)
		var all, started sync.WaitGroup
		started.Add(readers)
		for range readers {
			all.Go(func() {
				first := sync.OnceFunc(started.Done)
				defer first()
				readUntilTruncated(t, f, content, first)
			})
		}
		started.Wait()
		if err := os.Truncate(f.Name(), r.Int64N(size)); err != nil {
			t.Fatal(err)
		}
		all.Wait()
		if t.Failed() {
			return
		}
	}
}

// readUntilTruncated reads a file again and again, and demands all of it or
// ErrTruncated. It calls read when the first one is done.
func readUntilTruncated(t *testing.T, f *os.File, want []byte, read func()) {
	var buffer []byte
	for {
		var err error
		buffer, err = Read(f, int64(len(want)), buffer)
		read()
		switch {
		case errors.Is(err, ErrTruncated):
			return
		case err != nil:
			t.Errorf("got error %v, want one of a file that shrank", err)
			return
		case !bytes.Equal(buffer, want):
			t.Error("bytes were read that were never in the file")
			return
		}
	}
}
