package source

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
)

// A rule is one line of a gitignore file.
type rule struct {
	kind    ruleKind
	text    string // of the kinds that need no glob
	glob    glob
	negated bool // !: what it matches is not ignored after all
	dirOnly bool // a trailing slash: matches directories alone
}

// The kinds of rule. The first three spare nearly every real line the glob.
type ruleKind uint8

const (
	ruleName   ruleKind = iota // vendor: a name, at any depth
	ruleSuffix                 // *.o: the end of a name, at any depth
	rulePath                   // /build/out: a path below the file's directory
	ruleNameGlob
	rulePathGlob
)

// parseRules reads a gitignore file. There is nothing to refuse: a malformed
// pattern matches nothing, as in git.
func parseRules(data []byte) []rule {
	var rules []rule
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for line := range strings.SplitSeq(string(data), "\n") {
		if r, ok := parseRule(strings.TrimSuffix(line, "\r")); ok {
			rules = append(rules, r)
		}
	}
	return rules
}

// parseRule reads one line; ok is false for blanks, comments and patterns that
// can never match.
func parseRule(line string) (r rule, ok bool) {
	if strings.HasPrefix(line, "#") {
		return rule{}, false
	}
	pattern := trimSpaces(line)
	pattern, r.negated = strings.CutPrefix(pattern, "!")
	pattern, r.dirOnly = strings.CutSuffix(pattern, "/")
	if pattern == "" {
		return rule{}, false
	}
	const special = `*?[\`
	if strings.Contains(pattern, "/") {
		r.kind, r.text = rulePath, strings.TrimPrefix(pattern, "/")
		if !strings.ContainsAny(r.text, special) {
			return r, true
		}
		r.kind = rulePathGlob
	} else {
		r.kind, r.text = ruleName, pattern
		if !strings.ContainsAny(pattern, special) {
			return r, true
		}
		if suffix, star := strings.CutPrefix(pattern, "*"); star && !strings.ContainsAny(suffix, special) {
			r.kind, r.text = ruleSuffix, suffix
			return r, true
		}
		r.kind = ruleNameGlob
	}
	r.glob, ok = compile(r.text)
	return r, ok
}

// trimSpaces removes trailing spaces, tabs not among them, up to one that a
// backslash keeps.
func trimSpaces(line string) string {
	end := 0 // after the last byte that stays
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			i++
			end = min(i+1, len(line))
		} else if line[i] != ' ' {
			end = i + 1
		}
	}
	return line[:end]
}

// matches reports whether the rule speaks of a path, given relative to the
// directory of its file, and of its last element.
func (r *rule) matches(path, name string, isDir bool) bool {
	if r.dirOnly && !isDir {
		return false
	}
	switch r.kind {
	case ruleName:
		return name == r.text
	case ruleSuffix:
		return strings.HasSuffix(name, r.text)
	case rulePath:
		return path == r.text
	case ruleNameGlob:
		return r.glob.match(name)
	default:
		return r.glob.match(path)
	}
}

// A level holds the rules of one gitignore file and knows the one above it.
// Levels never change, so that a walk shares them between directories. The nil
// level ignores nothing.
type level struct {
	above *level
	base  string // the directory of the file with a trailing slash, "" at the top
	rules []rule

	bytes, patterns int // of this file and of those above: see mostRules
}

// below returns the level for a directory that holds an ignore file.
func (l *level) below(base string, data []byte) *level {
	rules := parseRules(data)
	if len(rules) == 0 {
		return l
	}
	below := &level{above: l, base: base, rules: rules, bytes: len(data)}
	for _, r := range rules {
		if r.glob != nil {
			below.patterns++
		}
	}
	if l != nil {
		below.bytes += l.bytes
		below.patterns += l.patterns
	}
	return below
}

// ignores reports whether the last rule that speaks of path ignores it. Deeper
// files speak before those above, and within a file the last line wins. The
// directories above path are the walk's affair: below an ignored one nothing is
// asked, hence nothing re-included.
func (l *level) ignores(path, name string, isDir bool) bool {
	for ; l != nil; l = l.above {
		relative := path[len(l.base):]
		for i := len(l.rules) - 1; i >= 0; i-- {
			if l.rules[i].matches(relative, name, isDir) {
				return !l.rules[i].negated
			}
		}
	}
	return false
}

// Each path is held against each rule of its folder and of those above, so these
// bounds on all of them together bound the time of a walk as well as its memory.
// At worst they take 50 MB, and for each file 1 ms of plain names and 1 ms of
// patterns; forty times that for a path of 1 kB made to that end.
const (
	mostRules    = 1 << 20 // bytes; the longest in use that we know of are a tenth of it
	mostPatterns = 4096    // rules that are more than a name, a path or *.ending
)

// errTooManyRules is the fault of a file that goes beyond.
var errTooManyRules = errors.New("more than 1 MiB of ignore rules, or 4096 patterns among them, here and in the folders above: not heeded; what they name is scanned")

// readLevel adds the rules of the file at name in fsys, if it is a regular one
// that can be read: when a walk meets an unreadable one, reading it as a file
// reports the fault. A file that is too long for rules, though not for a scan, is
// the error, with the level unchanged.
func readLevel(above *level, base string, fsys fs.FS, name string) (*level, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return above, nil
	}
	defer file.Close() //nolint:errcheck // opened for reading: nothing is lost
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return above, nil
	}
	data, err := io.ReadAll(io.LimitReader(file, mostRules+1))
	if err != nil {
		return above, nil
	}
	refused := &fs.PathError{Op: "read", Path: name, Err: errTooManyRules}
	if len(data) > mostRules { // not parsed for nothing
		return above, refused
	}
	here := above.below(base, data)
	if here != nil && (here.bytes > mostRules || here.patterns > mostPatterns) {
		return above, refused
	}
	return here, nil
}
