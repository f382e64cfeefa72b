package author

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"go/parser"
	gotoken "go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// sizes of texts, from the shortest to many blocks.
func sizes() []int { return []int{200, 201, 333, 512, 1000, 1399, 2800, 5003, 20_000, 60_001} }

func write(t *testing.T, seed uint64, kind string, size, plants int) ([]byte, []Finding) {
	t.Helper()
	text, found, err := Write(nil, NewDice(seed, size), kind, size, plants)
	if err != nil {
		t.Fatal(err)
	}
	return text, found
}

func TestEveryTextHasItsSizeAndParses(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(kind, func(t *testing.T) {
			for seed := range uint64(6) {
				for _, size := range sizes() {
					text, _ := write(t, seed, kind, size, int(seed)%4)
					if len(text) != size {
						t.Errorf("seed %d: %d bytes, want %d", seed, len(text), size)
					}
					if !bytes.HasSuffix(text, []byte("\n")) {
						t.Errorf("seed %d: %d bytes end without a new line", seed, size)
					}
					if err := parse(kind, text); err != nil {
						t.Fatalf("seed %d, %d bytes: %v\n%s", seed, size, err, text[:min(len(text), 3000)])
					}
				}
			}
		})
	}
}

func parse(kind string, text []byte) error {
	switch kind {
	case "go":
		_, err := parser.ParseFile(gotoken.NewFileSet(), "x.go", text, parser.ParseComments|parser.SkipObjectResolution)
		return err
	case "json":
		var any any
		return json.Unmarshal(text, &any)
	case "yaml":
		var any any
		return yaml.Unmarshal(text, &any)
	}
	return nil
}

// TestTheLanguagesOwnToolsTakeTheTexts hands Python and JavaScript to the real
// thing where it is installed.
func TestTheLanguagesOwnToolsTakeTheTexts(t *testing.T) {
	for _, tool := range []struct {
		kind    string
		command []string
	}{
		{"py", []string{"python3", "-m", "py_compile"}},
		{"js", []string{"node", "--check"}},
	} {
		t.Run(tool.kind, func(t *testing.T) {
			if _, err := exec.LookPath(tool.command[0]); err != nil {
				t.Skipf("%s is not installed here, so that its syntax was not checked by it", tool.command[0])
			}
			for seed := range uint64(3) {
				file := filepath.Join(t.TempDir(), fmt.Sprintf("text%d.%s", seed, tool.kind))
				text, _ := write(t, seed, tool.kind, 150_000, 4)
				if err := os.WriteFile(file, text, 0o644); err != nil {
					t.Fatal(err)
				}
				out, err := exec.CommandContext(t.Context(), tool.command[0], append(tool.command[1:], file)...).CombinedOutput()
				if err != nil {
					t.Errorf("seed %d: %v\n%s", seed, err, out)
				}
			}
		})
	}
}

func TestPlantsAreAllThere(t *testing.T) {
	for _, kind := range Kinds() {
		for _, plants := range []int{0, 1, 3, 9} {
			_, found := write(t, 7, kind, 20_000, plants)
			if len(found) != plants {
				t.Errorf("%s: %d findings, want %d", kind, len(found), plants)
			}
			for i := 1; i < len(found); i++ {
				if found[i].Line <= found[i-1].Line {
					t.Errorf("%s: findings are out of order: %v", kind, found)
				}
			}
		}
		if _, found := write(t, 7, kind, Least-1, 1); len(found) != 0 {
			t.Errorf("%s: a text without room holds %v", kind, found)
		}
	}
}

func TestTextsAreAsVariedAsRealOnes(t *testing.T) {
	for _, kind := range Kinds() {
		text, _ := write(t, 3, kind, 100_000, 0)
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if ratio := float64(len(text)) / float64(packed.Len()); ratio > 8 || ratio < 2 {
			t.Errorf("%s: gzip makes it %.1f times smaller, real code 3 to 6 times", kind, ratio)
		} else {
			t.Logf("%s: gzip %.1f", kind, ratio)
		}
	}
}

func TestNothingStandsInThePlaceOfAText(t *testing.T) {
	for _, row := range []struct {
		kind string
		size int
		want string
	}{{"cobol", 1000, "kinds are go"}, {"go", 199, "200 or more"}} {
		if _, _, err := Write(nil, NewDice(1, 1), row.kind, row.size, 0); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("Write = %v, want an error that says %q", err, row.want)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, kind := range Kinds() {
		b.Run("kind="+kind, func(b *testing.B) {
			var buffer []byte
			b.SetBytes(20_000)
			b.ReportAllocs()
			for b.Loop() {
				buffer, _, _ = Write(buffer[:0], NewDice(1, 1), kind, 20_000, 1)
			}
		})
	}
}
