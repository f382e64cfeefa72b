package mapped

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"golang.org/x/sys/unix"
)

// random returns bytes none of which is 0, so that zeros that were never in the
// file show.
func random(r *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(1 + r.IntN(255))
	}
	return b
}

// written returns a file of that content, open for reading.
func written(t testing.TB, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return opened(t, path)
}

func opened(t testing.TB, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) //nolint:errcheck // opened for reading
	return f
}

func TestReadFindsWhatAnOrdinaryReadFinds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	page := os.Getpagesize()
	sizes := []int{0, 1, chunk - 1, chunk, chunk + 1, 3*chunk + 17}
	for pages := 1; pages <= 16; pages *= 2 {
		sizes = append(sizes, pages*page-1, pages*page, pages*page+1, 1+r.IntN(pages*page))
	}
	var buffer []byte // used again, larger or smaller than the next file
	for _, size := range sizes {
		f := written(t, random(r, size))
		want, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		buffer, err = Read(f, int64(size), buffer)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if !bytes.Equal(buffer, want) {
			t.Errorf("%d bytes: the mapping's differ from those read", size)
		}
	}
}

func TestReadFillsTheBufferItIsGivenWhereThereIsRoom(t *testing.T) {
	f := written(t, []byte("source"))
	buffer := make([]byte, 0, 6)
	got, err := Read(f, 6, buffer)
	if err != nil {
		t.Fatal(err)
	}
	if &got[0] != &buffer[:1][0] {
		t.Error("a new buffer was allocated, where there was room")
	}
}

func TestReadStartsAtTheStartWhateverTheOffset(t *testing.T) {
	f := written(t, []byte("source"))
	if _, err := f.Seek(3, 0); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(f, 6, nil); err != nil || string(got) != "source" {
		t.Errorf("got %q, %v; want the whole of \"source\"", got, err)
	}
}

func TestReadRefusesWhatIsNoFileToMap(t *testing.T) {
	device := opened(t, os.DevNull)
	folder := opened(t, t.TempDir())
	unannounced := opened(t, "/proc/self/status")
	writeOnly, err := os.OpenFile(written(t, []byte("source")).Name(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writeOnly.Close() //nolint:errcheck // nothing was written
	closed := written(t, []byte("source"))
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		file *os.File
		size int64
		want error
	}{
		{"a device", device, 0, ErrUnmappable},
		{"a folder", folder, 4096, ErrUnmappable},
		{"a file of /proc, which announces no size", unannounced, 0, ErrUnmappable},
		{"a file not open for reading", writeOnly, 6, ErrUnmappable},
		{"a file closed before", closed, 6, os.ErrClosed},
	} {
		t.Run(row.name, func(t *testing.T) {
			buffer := make([]byte, 3, 9)
			got, err := Read(row.file, row.size, buffer)
			if !errors.Is(err, row.want) {
				t.Errorf("got error %v, want %v", err, row.want)
			}
			if len(got) != 0 || cap(got) != 9 {
				t.Errorf("got %d bytes with room for %d, want none and the buffer", len(got), cap(got))
			}
		})
	}
}

func TestReadTellsOfAFileThatChangedBeforeIt(t *testing.T) {
	f := written(t, make([]byte, 100))
	for _, row := range []struct {
		name string
		size int64
		want error
		text string
	}{
		{"shrunk", 8192, ErrTruncated, "mmap " + f.Name() + ": the file shrank while it was read (it was 8192 bytes, is now 100)"},
		{"grown", 50, ErrChanged, "mmap " + f.Name() + ": the file changed while it was read (it was 50 bytes, is now 100)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Read(f, row.size, nil)
			if !errors.Is(err, row.want) || err.Error() != row.text {
				t.Errorf("got %q, want %q", err, row.text)
			}
		})
	}
}

// TestReadTellsOfAFileThatChangesMeanwhile changes the file after it was mapped
// and before it is copied. Its times are set to long ago first, so that every
// change is later by more than a tick.
func TestReadTellsOfAFileThatChangesMeanwhile(t *testing.T) {
	page := os.Getpagesize()
	for _, row := range []struct {
		name       string
		size       int
		change     func(path string) error
		want       error
		wantFaults bool
	}{
		{"truncated by whole pages", 2 * page, func(path string) error { return os.Truncate(path, 100) }, ErrTruncated, true},
		{"truncated within its last page", 3000, func(path string) error { return os.Truncate(path, 100) }, ErrTruncated, false},
		{"emptied", 3000, func(path string) error { return os.Truncate(path, 0) }, ErrTruncated, true},
		{"grown", 3000, func(path string) error { return os.Truncate(path, 9000) }, ErrChanged, false},
		{"truncated and grown back", 3000, func(path string) error {
			return errors.Join(os.Truncate(path, 0), os.Truncate(path, 3000))
		}, ErrChanged, false},
		{"written over", 3000, func(path string) error { return os.WriteFile(path, make([]byte, 3000), 0o600) }, ErrChanged, false},
		{"renamed over, which leaves the old one as it was", 3000, func(path string) error {
			return errors.Join(os.WriteFile(path+".new", nil, 0o600), os.Rename(path+".new", path))
		}, nil, false},
		{"removed", 3000, os.Remove, nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			content := random(rand.New(rand.NewPCG(1, 2)), row.size)
			f := written(t, content)
			setLongAgo(t, f.Name())
			var faulted bool
			got, err := read(f, int64(row.size), nil, func(dst, src []byte) error {
				if err := row.change(f.Name()); err != nil {
					t.Fatal(err)
				}
				err := copyGuarded(dst, src)
				faulted = err != nil
				return err
			})
			if !errors.Is(err, row.want) {
				t.Errorf("got error %v, want %v", err, row.want)
			}
			if faulted != row.wantFaults {
				t.Errorf("the copy met a fault: %t, want %t", faulted, row.wantFaults)
			}
			if row.want == nil && !bytes.Equal(got, content) {
				t.Error("the bytes are not those of the file that was opened")
			}
		})
	}
}

func setLongAgo(t *testing.T, path string) {
	t.Helper()
	if err := unix.Utimes(path, make([]unix.Timeval, 2)); err != nil {
		t.Fatal(err)
	}
}

func TestAPageThatTheDiskDoesNotYieldIsAnInputOutputError(t *testing.T) {
	f := written(t, []byte("source"))
	_, err := read(f, 6, nil, func([]byte, []byte) error { return errFault })
	if !errors.Is(err, unix.EIO) {
		t.Errorf("got %v, want EIO", err)
	}
}

func TestTheGuardIsPutBackAsItWas(t *testing.T) {
	for _, before := range []bool{false, true} {
		t.Run(fmt.Sprintf("before=%t", before), func(t *testing.T) {
			debug.SetPanicOnFault(before)
			defer debug.SetPanicOnFault(false)
			if _, err := Read(written(t, []byte("source")), 6, nil); err != nil {
				t.Fatal(err)
			}
			if got := debug.SetPanicOnFault(before); got != before {
				t.Errorf("panic on fault is %t after Read, was %t", got, before)
			}
		})
	}
}

func TestAPanicThatIsNoFaultOfTheMappingGoesOn(t *testing.T) {
	mapping := []byte("source")
	for _, cause := range []any{"a word", errors.New("an error"), fault(0)} {
		if faultsIn(mapping, cause) {
			t.Errorf("%T %v is taken for a fault of the mapping", cause, cause)
		}
	}
}

type fault uintptr

func (f fault) Addr() uintptr { return uintptr(f) }

func TestReadIntoABufferWithRoomAllocatesNothing(t *testing.T) {
	f := written(t, make([]byte, 64<<10))
	buffer := make([]byte, 64<<10)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := Read(f, 64<<10, buffer); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("a read into a buffer with room allocates %v times, want none", allocs)
	}
}

func TestReadLeavesNoMappingBehind(t *testing.T) {
	f := written(t, make([]byte, 8192))
	for range 3 {
		if _, err := Read(f, 8192, nil); err != nil {
			t.Fatal(err)
		}
		_, err := read(f, 8192, nil, func([]byte, []byte) error { return errFault })
		if err == nil {
			t.Fatal("a fault was no error")
		}
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(maps, []byte(f.Name())); lines != 0 {
		t.Errorf("%d mappings of the file are left, want none", lines)
	}
}
