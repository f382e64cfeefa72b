package source

import (
	"errors"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
)

// The names that a walk never enters: git's own, and what sluice itself writes.
const (
	gitDir    = ".git"
	storeDir  = ".sluice"
	reportDir = "sluice-report"

	ignoreFile  = ".gitignore"
	excludeFile = ".git/info/exclude"
)

// TreeOptions says what a walk visits. The zero value visits the whole tree and
// heeds its ignore files.
type TreeOptions struct {
	// Starts are the paths to walk, relative to the root, in this order; none
	// means the root. A start is visited even if a rule ignores it, and followed
	// if it is a symbolic link: whoever names a file wants it. A file that two
	// starts reach is yielded once.
	Starts []string
	// Exclude lists further paths, relative to the root, that are left out with
	// all below them: a store or report in an unusual place.
	Exclude []string
	// Above holds the rules of the repository around the root; see Surroundings.
	Above Above
	// NoIgnore visits what ignore files ignore. Git's and our own directories
	// stay out all the same.
	NoIgnore bool
	// Done ends the walk soon after it is closed, in the midst of folders that
	// yield nothing too; nil never does. The last item is then the folder that the
	// walk had come to, with ErrStopped.
	Done <-chan struct{}
}

// ErrStopped is the fault of the folder in which a walk was stopped.
var ErrStopped = errors.New("the walk was stopped")

// Tree walks fsys depth first, in the order of names, and yields each file that
// git would not ignore: .gitignore in each directory and .git/info/exclude at
// the top are heeded, in a repository or not; the user's own core.excludesFile
// is not, since the same tree shall give the same files to everybody.
//
// Symbolic links are yielded as skipped and never followed; so are pipes,
// devices and sockets. A directory that cannot be read is an item with Err, and so
// is a file of ignore rules that is too long to be heeded. Of the directories on
// the way the entries are held in memory, about 150 bytes for each. Sizes stay unknown: asking
// would cost a system call for each file.
func Tree(fsys fs.FS, opts TreeOptions) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		w := walker{fsys: fsys, opts: opts, prefix: opts.Above.prefix, yield: yield}
		starts := opts.Starts
		if len(starts) == 0 {
			starts = []string{"."}
		}
		if overlap(starts) {
			w.seen = map[string]struct{}{}
		}
		for _, start := range starts {
			if !w.start(path.Clean(start)) {
				return
			}
		}
	}
}

// overlap reports whether one start lies at or below another.
func overlap(starts []string) bool {
	for i, a := range starts {
		for j, b := range starts {
			if i != j && (a == "." || a == b || strings.HasPrefix(b, a+"/")) {
				return true
			}
		}
	}
	return false
}

// A walker is one walk. Its paths are relative to the root of fsys; rules see
// them behind prefix, the place of the root in its repository.
type walker struct {
	fsys   fs.FS
	opts   TreeOptions
	prefix string
	yield  func(Item) bool
	seen   map[string]struct{} // files already yielded; nil unless starts overlap

	refused []Item // files of rules above a start that are too long; those before told are yielded
	told    int
}

// start visits one start, with the rules of the directories above it.
func (w *walker) start(start string) bool {
	info, err := fs.Stat(w.fsys, start)
	switch {
	case err != nil:
		return w.emit(Item{Path: start, Size: Unknown, Err: err})
	case !info.IsDir():
		item := Item{Path: start, Size: info.Size()}
		if !info.Mode().IsRegular() {
			item.Size, item.Skip = Unknown, SkipIrregular
		}
		return w.emit(item)
	}
	rules := w.top()
	if start != "." {
		rules = w.enter(rules, ".")
		for i, c := range start {
			if c == '/' {
				rules = w.enter(rules, start[:i])
			}
		}
	}
	for ; w.told < len(w.refused); w.told++ {
		if !w.emit(w.refused[w.told]) {
			return false
		}
	}
	return w.walk(start, rules)
}

// top returns the rules that hold before the first .gitignore is met.
func (w *walker) top() *level {
	if w.opts.NoIgnore {
		return nil
	}
	return w.read(w.opts.Above.rules, w.prefix, excludeFile)
}

// read adds the rules of a file that no listing shows, and remembers a fault.
func (w *walker) read(rules *level, base, name string) *level {
	rules, err := readLevel(rules, base, w.fsys, name)
	if err != nil && !slices.ContainsFunc(w.refused, func(i Item) bool { return i.Path == name }) {
		w.refused = append(w.refused, Item{Path: name, Size: Unknown, Err: err})
	}
	return rules
}

// enter adds the rules of a directory whose entries were not listed.
func (w *walker) enter(rules *level, dir string) *level {
	if w.opts.NoIgnore {
		return nil
	}
	name := join(dir, ignoreFile)
	if info, err := fs.Lstat(w.fsys, name); err != nil || !info.Mode().IsRegular() {
		return rules
	}
	return w.read(rules, w.base(dir), name)
}

// base is a directory as rules see it, with its trailing slash.
func (w *walker) base(dir string) string {
	if dir == "." {
		return w.prefix
	}
	return w.prefix + dir + "/"
}

// walk visits the entries of a directory and returns false once the consumer
// wants no more.
func (w *walker) walk(dir string, rules *level) bool {
	entries, err := fs.ReadDir(w.fsys, dir)
	if err != nil && !w.emit(Item{Path: dir, Size: Unknown, Err: err}) {
		return false
	}
	var refused error
	if !w.opts.NoIgnore && hasIgnoreFile(entries) {
		rules, refused = readLevel(rules, w.base(dir), w.fsys, join(dir, ignoreFile))
	}
	for _, entry := range entries {
		if w.stopped() {
			w.emit(Item{Path: dir, Size: Unknown, Err: ErrStopped})
			return false
		}
		if refused != nil && entry.Name() == ignoreFile {
			if !w.emit(Item{Path: join(dir, ignoreFile), Size: Unknown, Err: refused}) {
				return false
			}
			continue
		}
		if !w.visit(join(dir, entry.Name()), entry, rules) {
			return false
		}
	}
	return true
}

func (w *walker) stopped() bool {
	select {
	case <-w.opts.Done:
		return true
	default:
		return false
	}
}

// hasIgnoreFile looks for a regular .gitignore among sorted entries. Git too
// refuses to follow one that is a symbolic link.
func hasIgnoreFile(entries []fs.DirEntry) bool {
	i, found := slices.BinarySearchFunc(entries, ignoreFile, func(e fs.DirEntry, name string) int {
		return strings.Compare(e.Name(), name)
	})
	return found && entries[i].Type().IsRegular()
}

// visit decides about one entry: left out, walked into, or yielded.
func (w *walker) visit(name string, entry fs.DirEntry, rules *level) bool {
	isDir := entry.IsDir()
	if w.never(name, entry.Name(), isDir) || rules.ignores(w.prefix+name, entry.Name(), isDir) {
		return true
	}
	switch mode := entry.Type(); {
	case isDir:
		return w.walk(name, rules)
	case mode&fs.ModeSymlink != 0:
		return w.emit(Item{Path: name, Size: Unknown, Skip: SkipSymlink})
	case !mode.IsRegular():
		return w.emit(Item{Path: name, Size: Unknown, Skip: SkipIrregular})
	default:
		return w.emit(Item{Path: name, Size: Unknown})
	}
}

// never reports what no walk visits. A .git may be a file, in a worktree.
func (w *walker) never(name, last string, isDir bool) bool {
	return last == gitDir || isDir && (last == storeDir || last == reportDir) ||
		slices.Contains(w.opts.Exclude, name)
}

// emit yields an item unless an overlapping start already did.
func (w *walker) emit(item Item) bool {
	if w.seen != nil {
		if _, again := w.seen[item.Path]; again {
			return true
		}
		w.seen[item.Path] = struct{}{}
	}
	return w.yield(item)
}

// join is path.Join for clean arguments, which spares its cleaning of each path.
func join(dir, name string) string {
	if dir == "." {
		return name
	}
	return dir + "/" + name
}
