package source

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAPatternMatchesAsGitignoreSays(t *testing.T) {
	for _, row := range []struct {
		pattern string
		yes, no []string // a trailing slash marks a directory
	}{
		{"vendor", []string{"vendor", "a/vendor", "vendor/"}, []string{"vendors", "a/vendo"}},
		{"*.o", []string{"a.o", "x/y/.o"}, []string{"a.oo", "o"}},
		{"doc/", []string{"doc/", "a/doc/"}, []string{"doc"}},
		{"/doc", []string{"doc"}, []string{"a/doc"}},
		{"a/b", []string{"a/b"}, []string{"x/a/b", "a/b/c"}},
		{"a*/b", []string{"a/b", "axx/b"}, []string{"a/x/b"}},
		{"?.c", []string{"a.c"}, []string{"ab.c", ".c"}},
		{"a?b/c", []string{"axb/c"}, []string{"a/b/c"}},
		{"[a-c]x", []string{"ax", "cx"}, []string{"dx", "x"}},
		{"[!a-c]x", []string{"dx"}, []string{"ax", "x"}},
		{"[^a]x", []string{"bx"}, []string{"ax"}},
		{"[]a]x", []string{"]x", "ax"}, []string{"bx"}},
		{"[a-]x", []string{"-x", "ax"}, []string{"bx"}},
		{`[\]]x`, []string{"]x"}, []string{`\x`}},
		{"[[:digit:]_]x", []string{"3x", "_x"}, []string{"ax"}},
		{"[[:nonsense:]]x", nil, []string{"nx", ":x"}},
		{"[ab", nil, []string{"a", "[ab", "b"}},
		{"a[/]b", nil, []string{"a/b"}},
		{"**/x", []string{"x", "a/x", "a/b/x"}, []string{"ax"}},
		{"a/**", []string{"a/b", "a/b/c"}, []string{"a", "b/a/c"}},
		{"a/**/b", []string{"a/b", "a/x/b", "a/x/y/b"}, []string{"a/xb", "ab"}},
		{"**/a/*/c/**/d", []string{"a/b/c/d", "x/a/b/c/y/z/d", "a/a/b/c/c/d"}, []string{"a/c/d", "a/b/b/c/d"}},
		{"a/x**y", []string{"a/xy", "a/xzzy"}, []string{"a/x/y"}},
		{`\#a`, []string{"#a"}, []string{"a"}},
		{"#a", nil, []string{"#a", "a"}},
		{`\!a`, []string{"!a"}, []string{"a"}},
		{`a\*`, []string{"a*"}, []string{"ab"}},
		{`a\`, nil, []string{"a", `a\`}},
		{"a  ", []string{"a"}, []string{"a  "}},
		{`a\ `, []string{"a "}, []string{"a"}},
		{"a\t", []string{"a\t"}, []string{"a"}},
		{"a\r", []string{"a"}, []string{"a\r"}},
		{"/", nil, []string{"a", "a/"}},
		{"*", []string{"a", "a/b/"}, nil},
		{"/*", []string{"a", "a/"}, []string{"a/b"}},
		{"\xef\xbb\xbfa", []string{"a"}, nil},
	} {
		rules := (*level)(nil).below("", []byte(row.pattern))
		check := func(path string, want bool) {
			t.Helper()
			name, isDir := strings.CutSuffix(path, "/")
			if got := rules.ignores(name, name[strings.LastIndexByte(name, '/')+1:], isDir); got != want {
				t.Errorf("pattern %q ignores %q: %v, want %v", row.pattern, path, got, want)
			}
		}
		for _, path := range row.yes {
			check(path, true)
		}
		for _, path := range row.no {
			check(path, false)
		}
	}
}

func TestAHostilePatternCostsNoExponentialTime(t *testing.T) {
	pattern := strings.Repeat("**/*a", 30) + "**/b"
	path := strings.Repeat("a/", 200) + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac"
	if (*level)(nil).below("", []byte(pattern)).ignores(path, "c", false) {
		t.Error("it matched")
	}
}

// A maker draws trees and patterns from a few letters, so that they meet often.
type maker struct{ rng *rand.Rand }

func (m maker) pick(words ...string) string { return words[m.rng.IntN(len(words))] }

func (m maker) name() string {
	var b strings.Builder
	for range 1 + m.rng.IntN(3) {
		b.WriteString(m.pick("a", "b", "c", "-", ".", " ", "]", "!", "#", `\`))
	}
	if name := b.String(); name != "." && name != ".." {
		return name
	}
	return "a"
}

// element is a pattern for one element of a path.
func (m maker) element() string {
	if m.rng.IntN(5) == 0 {
		return "**"
	}
	var b strings.Builder
	for range 1 + m.rng.IntN(3) {
		b.WriteString(m.pick("a", "b", "c", "-", ".", "*", "?", `\*`, `\a`, `\ `, " ", "[ab]", "[!a]", "[a-c]", "[^b-c]", "[]-]", "[[:alpha:]]", "[", `\\`, `[\a-c]`, "]", "!"))
	}
	// Two stars beside other characters: git deviates from its manual; see compile.
	text := b.String()
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	return text
}

func (m maker) pattern() string {
	elements := make([]string, 1+m.rng.IntN(3))
	for i := range elements {
		elements[i] = m.element()
	}
	return m.pick("", "", "", "!", "!", "#") + m.pick("", "", "/") + strings.Join(elements, "/") +
		m.pick("", "", "", "/") + m.pick("", "", "", " ", "  ", `\ `, "\r")
}

func (m maker) ignoreFile() string {
	lines := make([]string, m.rng.IntN(6))
	for i := range lines {
		lines[i] = m.pattern()
	}
	return strings.Join(lines, "\n")
}

// plant writes a random tree of files and ignore files below dir.
func (m maker) plant(t *testing.T, dir string, depth int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if depth == 0 || m.rng.IntN(2) == 0 {
		write(t, filepath.Join(dir, ignoreFile), m.ignoreFile())
	}
	for range 2 + m.rng.IntN(5) {
		path := filepath.Join(dir, m.name())
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		if depth < 3 && m.rng.IntN(2) == 0 {
			m.plant(t, path, depth+1)
		} else {
			write(t, path, "")
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// git runs git in dir with no configuration but its own defaults.
func git(t *testing.T, dir string, stdin []byte, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", args...)
	command.Dir = dir
	command.Stdin = bytes.NewReader(stdin)
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	out, err := command.Output()
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == 1 && args[0] == "check-ignore" { //nolint:errorlint // exec returns it bare
		err = nil // nothing is ignored
	}
	if err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
	return out
}

// TestIgnoredFilesAreThoseThatGitIgnores compares whole random trees with
// git check-ignore. A failure prints the seed that repeats it.
func TestIgnoredFilesAreThoseThatGitIgnores(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	total, left := 0, 0
	for range rounds {
		seed := rand.Uint64()
		m := maker{rand.New(rand.NewPCG(seed, 0))}
		dir := filepath.Join(t.TempDir(), "tree")
		m.plant(t, dir, 0)
		git(t, dir, nil, "init", "-q", "--template=")
		if err := os.MkdirAll(filepath.Join(dir, ".git/info"), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, excludeFile), m.ignoreFile())

		got := told(Tree(Dir(dir), TreeOptions{}))
		all := told(Tree(Dir(dir), TreeOptions{NoIgnore: true}))
		ignored := strings.Split(string(git(t, dir, []byte(strings.Join(all, "\x00")), "check-ignore", "--no-index", "-z", "--stdin")), "\x00")
		want := slices.DeleteFunc(slices.Clone(all), func(path string) bool { return slices.Contains(ignored, path) })
		total, left = total+len(all), left+len(want)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d (git -, ours +)\n%s%s", seed, diff, rulesOf(dir))
		}
	}
	t.Logf("of %d files %d are not ignored", total, left)
}

// rulesOf prints the ignore files of a tree, for a failure.
func rulesOf(dir string) string {
	var b strings.Builder
	_ = fs.WalkDir(Dir(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && (entry.Name() == ignoreFile || path == excludeFile) {
			data, _ := fs.ReadFile(Dir(dir), path)
			fmt.Fprintf(&b, "%s: %q\n", path, data)
		}
		return err
	})
	return b.String()
}

// FuzzIgnore looks for patterns that make the matcher fail or hang, and holds
// it to two laws: a rule and its negation speak of the same paths, and a
// path's own escaped name matches it.
func FuzzIgnore(f *testing.F) {
	f.Add("*.o\n!a.o\n/x/**/y/", "x/a/y")
	f.Add(`[[:alpha:]-\]]?\*`, "a]*")
	f.Add("**/**/a*b*c", "a/b/abc")
	f.Add("[", "[")
	f.Fuzz(func(t *testing.T, file, path string) {
		name := path[strings.LastIndexByte(path, '/')+1:]
		rules := (*level)(nil).below("", []byte(file))
		rules.ignores(path, name, true)
		if r, ok := parseRule(file); ok && !r.negated {
			if n, ok := parseRule("!" + file); !ok || n.matches(path, name, true) != r.matches(path, name, true) {
				t.Errorf("the negation of %q speaks of other paths, such as %q", file, path)
			}
		}
		if path == "" || strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.ContainsAny(path, "\n\r") {
			return
		}
		var escaped strings.Builder
		escaped.WriteByte('/')
		for i := range len(path) {
			if path[i] != '/' {
				escaped.WriteByte('\\')
			}
			escaped.WriteByte(path[i])
		}
		if !(*level)(nil).below("", []byte(escaped.String())).ignores(path, name, false) {
			t.Errorf("%q does not match %q", escaped.String(), path)
		}
	})
}

func FuzzReadList(f *testing.F) {
	f.Add("a\n./b\n../c\n")
	f.Add("a\x00b\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		paths, _ := ReadList(strings.NewReader(text))
		for _, path := range paths {
			if !local(path) || path == "." {
				t.Errorf("%q was let through", path)
			}
		}
	})
}

func BenchmarkIgnores(b *testing.B) {
	file := strings.Repeat("*.o\nvendor/\n/build\n**/gen/*.pb.go\n*~\nnode_modules\n", 10)
	rules := (*level)(nil).below("", []byte(file))
	b.ReportAllocs()
	for b.Loop() {
		if rules.ignores("src/cmd/compile/internal/ssa/rewrite.go", "rewrite.go", false) {
			b.Fatal("ignored")
		}
	}
}
