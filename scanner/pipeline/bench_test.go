package pipeline

import (
	"fmt"
	"io"
	"io/fs"
	"testing"
	"time"

	"sluice/scanner/source"
)

// memory is a file system without the cost of one.
type memory struct{}

type still struct{ at int }

func (memory) Open(string) (fs.File, error)       { return &still{}, nil }
func (*still) Stat() (fs.FileInfo, error)         { return stillInfo{}, nil }
func (*still) Close() error                       { return nil }
func (s *still) Read(p []byte) (n int, err error) { s.at++; return 64 * (2 - min(s.at, 2)), eof(s.at) }

func eof(at int) error {
	if at > 1 {
		return io.EOF
	}
	return nil
}

type stillInfo struct{ fs.FileInfo }

func (stillInfo) Size() int64       { return 64 }
func (stillInfo) Mode() fs.FileMode { return 0 }

type lazy struct{}

func (lazy) Analyse(string, []byte) (Verdict, error) { return Verdict{Language: "text"}, nil }
func (lazy) Close()                                  {}

// BenchmarkFile is the whole way of a file whose reading and analysis cost nothing.
func BenchmarkFile(b *testing.B) {
	run := func(b *testing.B, o Options) {
		b.ReportAllocs()
		endless := func(yield func(source.Item) bool) {
			for b.Loop() {
				if !yield(source.Item{Path: "f"}) {
					return
				}
			}
		}
		if _, err := Run(b.Context(), memory{}, endless, o); err != nil {
			b.Fatal(err)
		}
	}
	o := Options{Readers: 2, Analysers: 2, Scheduler: Queue, Linger: 2 * time.Millisecond, MaxFileBytes: 1 << 20, New: func() Analyser { return lazy{} }}
	for _, o.Buffer = range []int{0, 100} {
		for _, o.Batch = range []int{1, 16} {
			b.Run(fmt.Sprintf("scheduler=queue/buffer=%d/batch=%d", o.Buffer, o.Batch), func(b *testing.B) { run(b, o) })
		}
	}
	for _, o.Scheduler = range []string{Steal, PerFile, Threads, Inline} {
		b.Run("scheduler="+o.Scheduler, func(b *testing.B) { run(b, o) })
	}
}

// BenchmarkHandOver is the way from reader to analyser alone.
func BenchmarkHandOver(b *testing.B) {
	for _, buffer := range []int{0, 100} {
		for _, size := range []int{1, 16} {
			b.Run(fmt.Sprintf("buffer=%d/batch=%d", buffer, size), func(b *testing.B) {
				b.ReportAllocs()
				batches := make(chan errand, buffer)
				batcher := newBatcher(batches, size, 2*time.Millisecond)
				done := make(chan struct{})
				go func() {
					defer close(done)
					for e := range batches {
						batcher.recycle(e.batch)
					}
				}()
				r, d := &run{start: time.Now()}, new(desk)
				for b.Loop() {
					batcher.put(r, d, loaded{path: "f"})
				}
				batcher.close()
				<-done
			})
		}
	}
}
