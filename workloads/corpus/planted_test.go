package corpus

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sitter "github.com/tree-sitter/go-tree-sitter"
	javascript "github.com/tree-sitter/tree-sitter-javascript/bindings/go"
	python "github.com/tree-sitter/tree-sitter-python/bindings/go"
	"gopkg.in/yaml.v3"
)

func TestEveryPlantedFileIsWellFormed(t *testing.T) {
	for seed := range uint64(4) {
		tree, err := generate(seed, 120)
		if err != nil {
			t.Fatal(err)
		}
		if len(tree.contents) != 120 {
			t.Errorf("seed %d: %d files, want 120", seed, len(tree.contents))
		}
		for file, text := range tree.contents {
			if err := parse(t, file, text); err != nil {
				t.Errorf("seed %d: %s does not parse: %v", seed, file, err)
			}
			if bytes.Contains(text, []byte("<no value>")) || bytes.IndexByte(text, 0) >= 0 || !bytes.HasSuffix(text, []byte("\n")) {
				t.Errorf("seed %d: %s is not clean text", seed, file)
			}
		}
	}
}

func parse(t *testing.T, file string, text []byte) error {
	t.Helper()
	switch path.Ext(file) {
	case ".go":
		_, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
		return err
	case ".py":
		return parseTree(t, sitter.NewLanguage(python.Language()), text)
	case ".js":
		return parseTree(t, sitter.NewLanguage(javascript.Language()), text)
	case ".json":
		var any any
		return json.Unmarshal(text, &any)
	case ".yaml":
		var any any
		return yaml.Unmarshal(text, &any)
	}
	return nil
}

func parseTree(t *testing.T, language *sitter.Language, text []byte) error {
	t.Helper()
	p := sitter.NewParser()
	defer p.Close()
	if err := p.SetLanguage(language); err != nil {
		return err
	}
	tree := p.Parse(text, nil)
	defer tree.Close()
	if tree.RootNode().HasError() {
		t.Errorf("syntax error in:\n%s", text)
	}
	return nil
}

func TestPlantsStandOnTheLinesTheyName(t *testing.T) {
	// One telling word of the line for some rules of each kind.
	words := map[string]string{
		"go-sql-injection":          ".Query(",
		"go-tls-skip-verify":        "InsecureSkipVerify",
		"go-tls-old-version":        "VersionTLS10",
		"python-yaml-load":          "yaml.load(",
		"js-code-eval":              "eval(",
		"secret-aws-access-key":     "AWS_ACCESS_KEY_ID",
		"secret-private-key":        "BEGIN RSA",
		"secret-generic-assignment": "client_secret",
	}
	tree, err := generate(5, 120)
	if err != nil {
		t.Fatal(err)
	}
	met := map[string]bool{}
	for _, p := range tree.findings {
		word, ok := words[p.Rule]
		if !ok {
			continue
		}
		met[p.Rule] = true
		lines := strings.Split(string(tree.contents[p.Path]), "\n")
		if !strings.Contains(lines[p.Line-1], word) {
			t.Errorf("%s:%d is %q, want a line with %q for %s", p.Path, p.Line, lines[p.Line-1], word, p.Rule)
		}
	}
	if len(met) != len(words) {
		t.Errorf("planted %v, want all of %v", slices.Sorted(maps.Keys(met)), slices.Sorted(maps.Keys(words)))
	}
}

func TestTreesFollowFromTheirSeed(t *testing.T) {
	tree := func(seed uint64, files int) planted {
		t.Helper()
		p, err := generate(seed, files)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, again, other, smaller := tree(1, 60), tree(1, 60), tree(2, 60), tree(1, 30)
	if diff := cmp.Diff(first, again, cmp.AllowUnexported(planted{})); diff != "" {
		t.Errorf("the same seed gave another tree:\n%s", diff)
	}
	if cmp.Equal(first.files(), other.files()) {
		t.Error("another seed gave the same tree")
	}
	for file, text := range smaller.contents {
		if !bytes.Equal(first.contents[file], text) {
			t.Errorf("%s of the smaller tree is no part of the larger one", file)
		}
	}
}

func TestEveryRuleIsPlantedByTheTimeEachKindOccurred(t *testing.T) {
	kinds, err := plants.ReadDir("plants")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := generate(1, len(kinds))
	if err != nil {
		t.Fatal(err)
	}
	byPrefix := map[string]map[string]bool{}
	for _, p := range tree.findings {
		prefix, _, _ := strings.Cut(p.Rule, "-")
		if byPrefix[prefix] == nil {
			byPrefix[prefix] = map[string]bool{}
		}
		byPrefix[prefix][p.Rule] = true
	}
	for prefix, want := range map[string]int{"go": 12, "python": 4, "js": 4, "secret": 10} {
		if got := len(byPrefix[prefix]); got != want {
			t.Errorf("%d rules of %s planted, want %d", got, prefix, want)
		}
	}
}

func TestPlantedWritesTreeAndManifest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "tree")
	m, err := Planted(dir, 3, 40)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := ListFiles(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Files, FromFiles("", "", listed).Files); diff != "" {
		t.Errorf("files (-manifest +folder):\n%s", diff)
	}
	text, err := os.ReadFile(dir + ".json")
	if err != nil {
		t.Fatal(err)
	}
	stored := Manifest{Root: dir}
	if err := json.Unmarshal(text, &stored); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, stored); diff != "" {
		t.Errorf("manifest (-returned +stored):\n%s", diff)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".planted-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if c := m.Corpus(); c.Real || c.Root != dir || len(c.Files) != 40 {
		t.Errorf("corpus: real %t, root %s, %d files", c.Real, c.Root, len(c.Files))
	}
}

func TestPlantedKeepsWhatItFinds(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(t *testing.T, dir string, m Manifest)
		want   string // part of the error; none if empty
	}{
		{"the same tree", func(*testing.T, string, Manifest) {}, ""},
		{"a file more", func(t *testing.T, dir string, _ Manifest) {
			t.Helper()
			write(t, filepath.Join(dir, "mine.txt"), "mine\n")
		}, "holds other files"},
		{"a file changed in place", func(t *testing.T, dir string, m Manifest) {
			t.Helper()
			write(t, filepath.Join(dir, m.Files[0].Path), strings.Repeat("x", int(m.Files[0].Size)))
		}, "was changed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir() // exists and is empty
			m, err := Planted(dir, 1, 30)
			if err != nil {
				t.Fatal(err)
			}
			row.change(t, dir, m)
			_, err = Planted(dir, 1, 30)
			if row.want == "" && err != nil {
				t.Error(err)
			}
			if row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), "remove the folder")) {
				t.Errorf("Planted = %v, want an error that says %q and the remedy", err, row.want)
			}
		})
	}
}

func TestPlantedRefusesAnEmptyTree(t *testing.T) {
	if _, err := Planted(t.TempDir(), 1, 0); err == nil {
		t.Error("a tree of no files was written")
	}
}

func BenchmarkGenerate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := generate(1, PlantedFiles); err != nil {
			b.Fatal(err)
		}
	}
}
