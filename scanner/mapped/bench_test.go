package mapped

import (
	"fmt"
	"io"
	"os"
	"testing"
)

// BenchmarkRead compares the ways to a file's bytes, warm and into a buffer that
// is there already.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{1 << 10, 10 << 10, 1 << 20, 16 << 20} {
		f := written(b, make([]byte, size))
		buffer := make([]byte, size+1)
		for _, way := range []struct {
			name string
			read func() error
		}{
			{"read", func() error { return readOrdinary(f, buffer) }},
			{"mmap", func() error { _, err := Read(f, int64(size), buffer); return err }},
		} {
			b.Run(fmt.Sprintf("size=%d/reader=%s", size, way.name), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if err := way.read(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// readOrdinary reads a file from its start to its end.
func readOrdinary(f *os.File, buffer []byte) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for {
		if _, err := f.Read(buffer); err != nil {
			if err == io.EOF { //nolint:errorlint // io.Reader promises the bare io.EOF
				return nil
			}
			return err
		}
	}
}
