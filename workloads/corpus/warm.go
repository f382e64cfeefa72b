package corpus

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// Warmth tells what a warm-up read.
type Warmth struct {
	Files      int           // read in full
	Bytes      int64         // of those
	Unreadable int           // left out, whatever the reason: a scan will report them
	Took       time.Duration // all of it
}

// Warm reads files of the corpus once, so that the page cache holds them when a
// trial begins, as far as memory allows. A file that cannot be read is counted,
// not an error; links that lead out of the root are not followed. It costs one
// sequential reading, about 50 µs a file that is warm already.
func (c Corpus) Warm(ctx context.Context, files []File) (Warmth, error) {
	begun := time.Now()
	root, err := os.OpenRoot(c.Root)
	if err != nil {
		return Warmth{}, fmt.Errorf("warm corpus %q: %w", c.Name, err)
	}
	defer root.Close()
	var w Warmth
	buffer := make([]byte, 1<<20)
	for _, f := range files {
		if ctx.Err() != nil {
			return w, fmt.Errorf("warm corpus %q: %w", c.Name, context.Cause(ctx))
		}
		n, err := read(root, f.Path, buffer)
		if err != nil {
			w.Unreadable++
			continue
		}
		w.Files++
		w.Bytes += n
	}
	w.Took = time.Since(begun)
	return w, nil
}

// read reads a file to its end and tells its length.
func read(root *os.Root, path string, buffer []byte) (int64, error) {
	f, err := root.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var bytes int64
	for {
		n, err := f.Read(buffer)
		bytes += int64(n)
		if err == io.EOF {
			return bytes, nil
		}
		if err != nil {
			return bytes, err
		}
	}
}
