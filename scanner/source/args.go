package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Roots turns the paths that a user named into the directory that holds them
// all and their places in it, slash-separated, in the order given; "." is the
// directory itself. Files are allowed beside directories; no path means the
// working directory. The root is absolute. Every missing path is reported at once.
func Roots(paths []string) (root string, rels []string, err error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var faults []error
	full := make([]string, 0, len(paths))
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return "", nil, fmt.Errorf("find %s: %w", p, err)
		}
		info, err := os.Stat(abs)
		if err != nil {
			faults = append(faults, fmt.Errorf("nothing to scan at %q: %w", p, errors.Unwrap(err)))
			continue
		}
		full = append(full, abs)
		holder := abs
		if !info.IsDir() {
			holder = filepath.Dir(abs)
		}
		root = common(root, holder)
	}
	if err := errors.Join(faults...); err != nil {
		return "", nil, err
	}
	for _, abs := range full {
		rel, err := filepath.Rel(root, abs)
		if err != nil {
			return "", nil, fmt.Errorf("place %s below %s: %w", abs, root, err)
		}
		rels = append(rels, filepath.ToSlash(rel))
	}
	return root, rels, nil
}

// common is the deepest directory at or above both; an empty a counts for nothing.
func common(a, b string) string {
	if a == "" {
		return b
	}
	for a != b {
		if len(a) > len(b) {
			a = filepath.Dir(a)
		} else {
			b = filepath.Dir(b)
		}
	}
	return a
}

// Above holds the ignore rules that a repository lays down above the root of a
// walk. The zero value holds none. It never changes, so that walks may share it.
type Above struct {
	rules  *level
	prefix string // the root's place in the repository, with a trailing slash
}

// Surroundings reads the .gitignore files between the top of the repository
// that holds root (an absolute directory) and root itself, so that scanning a
// part of a repository ignores what scanning the whole of it ignores. Outside a
// repository, and at its top, there are none.
func Surroundings(root string) Above {
	top := root
	for !exists(filepath.Join(top, gitDir)) {
		parent := filepath.Dir(top)
		if parent == top {
			return Above{}
		}
		top = parent
	}
	rel, err := filepath.Rel(top, root)
	if err != nil || rel == "." {
		return Above{}
	}
	w := walker{fsys: Dir(top)}
	rules := w.enter(w.top(), ".")
	rel = filepath.ToSlash(rel)
	for i, c := range rel {
		if c == '/' {
			rules = w.enter(rules, rel[:i])
		}
	}
	return Above{rules: rules, prefix: rel + "/"}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// maxListFaults bounds how many bad lines of a list are named: a wrong file
// should not print itself.
const maxListFaults = 10

// ReadList reads a list of files: one path a line, or each ended by a NUL byte if
// there is any. Paths are relative to the root of the scan and may begin with
// "./"; empty lines are passed over. The first ten bad lines are reported at
// once, with their numbers; the caller adds the name of the list.
func ReadList(r io.Reader) ([]string, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the list of files: %w", err)
	}
	separator, word := "\n", "line"
	if bytes.IndexByte(data, 0) >= 0 {
		separator, word = "\x00", "entry"
	}
	var paths []string
	var faults []error
	number := 0
	for line := range strings.SplitSeq(string(data), separator) {
		number++
		if line == "" {
			continue
		}
		clean := path.Clean(line)
		if strings.HasPrefix(line, "/") || !local(clean) || clean == "." {
			faults = append(faults, fmt.Errorf("%s %d: %q is no file below the root; use a path relative to it", word, number, line))
			continue
		}
		paths = append(paths, clean)
	}
	if more := len(faults) - maxListFaults; more > 0 {
		faults = append(faults[:maxListFaults], fmt.Errorf("and %d more bad entries", more))
	}
	return paths, errors.Join(faults...)
}
