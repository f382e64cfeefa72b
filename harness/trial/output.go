package trial

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// stderrTail is how much of a child's standard error is kept, in bytes.
const stderrTail = 4 << 10

// capture takes what a child writes: an unlinked file, so that the harness need
// not read along, the child never waits for a full pipe, and nothing is left
// behind whoever is killed. A nil capture holds nothing.
type capture struct {
	file *os.File
}

func newCapture() (*capture, error) {
	file, err := os.CreateTemp("", "sluice-trial-")
	if err != nil {
		return nil, fmt.Errorf("make a file for the child's output: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, fmt.Errorf("make a file for the child's output: %w", err)
	}
	return &capture{file: file}, nil
}

// tail reads at most the last limit bytes.
func (c *capture) tail(limit int) ([]byte, error) {
	if c == nil {
		return nil, nil
	}
	info, err := c.file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the child's output: %w", err)
	}
	start := max(0, info.Size()-int64(limit))
	data, err := io.ReadAll(io.NewSectionReader(c.file, start, int64(limit)))
	if err != nil {
		return nil, fmt.Errorf("read the child's output: %w", err)
	}
	return data, nil
}

func (c *capture) close() {
	if c != nil {
		c.file.Close()
	}
}

// wholeLines makes a tail readable: it drops the first line if that was cut, and
// what is not UTF-8.
func wholeLines(tail []byte, cut bool) string {
	if cut {
		if _, rest, ok := bytes.Cut(tail, []byte{'\n'}); ok {
			tail = rest
		}
	}
	return strings.ToValidUTF8(string(tail), "\uFFFD")
}
