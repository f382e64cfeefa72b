package corpus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// digest is that of all paths and contents of a preset.
func digest(t *testing.T, p Preset, seed uint64, scale float64) string {
	t.Helper()
	h := sha256.New()
	_, err := Generation{Preset: p, Seed: seed, Scale: scale}.each(t.Context(), "", func(path string, text []byte) error {
		_, err := fmt.Fprintf(h, "%s\x00%d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// TestPresetsWriteTheSameBytesForever holds the bytes still: kept trials name a
// corpus by its preset and seed. Whoever changes a grammar on purpose raises
// presetVersion and writes the new digests here.
func TestPresetsWriteTheSameBytesForever(t *testing.T) {
	for name, want := range map[string]string{
		"tiny":       "d21656780e8a8d80",
		"mixed":      "7b437298161ec46d",
		"typical":    "e4fe6ae3437593a9",
		"heavy-tail": "d33a0a0a71a3468c",
	} {
		p, err := FindPreset(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := digest(t, p, PresetSeed, 0.01); got != want {
			t.Errorf("%s: digest %s, want %s", name, got, want)
		}
	}
}

func TestPresetsHaveTheSizesTheyPromise(t *testing.T) {
	for _, row := range []struct {
		name               string
		files              int
		bytes, median      float64 // ± 15 %
		above              int64
		fewest, most       int // files above
		goShare, codeShare float64
	}{
		{"tiny", 50_000, 50e6, 950, 10 << 10, 0, 0, 0.66, 0.78},
		{"mixed", 3000, 25e6, 3500, 100_000, 5, 60, 0.20, 0.60},
		{"typical", 4000, 45e6, 4096, 100_000, 20, 80, 0.66, 0.78},
		{"heavy-tail", 500, 60e6, 6000, 5_000_000 - 1, 6, 6, 0.20, 0.60},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := FindPreset(row.name)
			if err != nil {
				t.Fatal(err)
			}
			files, err := p.Plan(PresetSeed, 1)
			if err != nil {
				t.Fatal(err)
			}
			var sizes []int64
			kinds, folders, above := map[string]float64{}, map[string]bool{}, 0
			for _, f := range files {
				sizes = append(sizes, f.Size)
				kinds[path.Ext(f.Path)]++
				folders[path.Dir(f.Path)] = true
				if f.Size > row.above {
					above++
				}
			}
			slices.Sort(sizes)
			median, bytes, n := float64(sizes[len(sizes)/2]), float64(total(files)), float64(len(files))
			t.Logf("%d files in %d folders, %.1f MB, median %.0f, mean %.0f, largest %d, %d above %d", len(files), len(folders), bytes/1e6, median, bytes/n, sizes[len(sizes)-1], above, row.above)
			if len(files) != row.files || above < row.fewest || above > row.most {
				t.Errorf("%d files, %d of them above %d; want %d, %d to %d", len(files), above, row.above, row.files, row.fewest, row.most)
			}
			if math.Abs(bytes/row.bytes-1) > 0.15 || math.Abs(median/row.median-1) > 0.15 {
				t.Errorf("%.1f MB, median %.0f; want %.1f MB, %.0f", bytes/1e6, median, row.bytes/1e6, row.median)
			}
			code := kinds[".go"] + kinds[".py"] + kinds[".js"]
			if math.Abs(kinds[".go"]/n-row.goShare) > 0.05 || math.Abs(code/n-row.codeShare) > 0.05 {
				t.Errorf("Go is %.2f of the files, code %.2f; want %.2f, %.2f", kinds[".go"]/n, code/n, row.goShare, row.codeShare)
			}
			if per := n / float64(len(folders)); per < 1.2 || per > 30 {
				t.Errorf("%.1f files in a folder, want a handful", per)
			}
		})
	}
}

func TestGiantsAreOfEveryLanguage(t *testing.T) {
	p, err := FindPreset("heavy-tail")
	if err != nil {
		t.Fatal(err)
	}
	giants := map[string]int{}
	for i := range p.Files {
		if f := p.file(PresetSeed, i); f.Size >= 5_000_000 {
			giants[f.kind]++
		}
	}
	if diff := cmp.Diff(map[string]int{"js": 2, "go": 2, "py": 2}, giants); diff != "" {
		t.Errorf("giants (-want +got):\n%s", diff)
	}
}

func TestFilesDependOnSeedAndIndexAlone(t *testing.T) {
	for _, p := range Presets() {
		large, err := p.Plan(3, 0.02)
		if err != nil {
			t.Fatal(err)
		}
		small, err := p.Plan(3, 0.01)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range small {
			if !slices.Contains(large, f) {
				t.Errorf("%s: %s of the smaller corpus is no part of the larger one", p.Name, f.Path)
			}
		}
		if other, err := p.Plan(4, 0.01); err != nil || slices.Equal(small, other) {
			t.Errorf("%s: another seed gave the same files (%v)", p.Name, err)
		}
	}
}

func TestGeneratedGoParses(t *testing.T) {
	for _, p := range Presets() {
		_, err := Generation{Preset: p, Seed: 9, Scale: min(1, 40/float64(p.Files))}.each(t.Context(), "", func(file string, text []byte) error {
			if path.Ext(file) != ".go" {
				return nil
			}
			_, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

func small(t *testing.T) Generation {
	t.Helper()
	p, err := FindPreset("mixed")
	if err != nil {
		t.Fatal(err)
	}
	return Generation{Preset: p, Seed: 1, Scale: 0.01}
}

func TestGenerateWritesTreeAndManifest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "tree")
	m, err := Generate(t.Context(), dir, small(t))
	if err != nil {
		t.Fatal(err)
	}
	listed, err := ListFiles(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Files, FromFiles("", "", listed).Files); diff != "" || len(m.Files) != 30 {
		t.Errorf("%d files (-manifest +folder):\n%s", len(m.Files), diff)
	}
	stored, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, stored); diff != "" || len(m.Findings) == 0 {
		t.Errorf("manifest (-returned +stored):\n%s", diff)
	}
	again, err := Generate(t.Context(), dir, small(t))
	if err != nil || !cmp.Equal(m, again) {
		t.Errorf("the same corpus again: %v, want what is there", err)
	}
	alone(t, dir)
}

// alone demands that nothing but the tree and its manifest stand in the folder.
func alone(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := filepath.Base(dir); e.Name() != name && e.Name() != name+".json" {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

func TestGenerateRefusesWhatItDidNotWrite(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(t *testing.T, dir string, m Manifest)
		want   string
	}{
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
			dir := t.TempDir()
			m, err := Generate(t.Context(), dir, small(t))
			if err != nil {
				t.Fatal(err)
			}
			row.change(t, dir, m)
			if _, err := Generate(t.Context(), dir, small(t)); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("Generate = %v, want an error that says %q", err, row.want)
			}
		})
	}
}

func TestInterruptedGenerationLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tree")
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	g := small(t)
	g.Progress = func(done, _ int) {
		if done == 7 {
			cancel(reason)
		}
	}
	if _, err := Generate(ctx, dir, g); !errors.Is(err, reason) {
		t.Errorf("Generate = %v, want %v", err, reason)
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestSeveralMayGenerateAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tree")
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		g := small(t)
		all.Go(func() { _, errs[i] = Generate(t.Context(), dir, g) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	alone(t, dir)
}

func TestScaleIsChecked(t *testing.T) {
	for _, scale := range []float64{0, -1, math.NaN(), math.Inf(1), 1e9} {
		g := small(t)
		g.Scale = scale
		if _, err := Generate(t.Context(), filepath.Join(t.TempDir(), "x"), g); err == nil || !strings.Contains(err.Error(), "scale is") {
			t.Errorf("scale %v: %v, want an error that names it", scale, err)
		}
	}
}

func TestTheRegistryMakesAPresetOnceAndAnewIfItIsDamaged(t *testing.T) {
	r := Registry{Cache: t.TempDir()}
	made := 0
	r.Progress = func(name string, done, of int) {
		if name != "heavy-tail" || of != 500 {
			t.Errorf("progress of %s, %d of %d", name, done, of)
		}
		if done == of {
			made++
		}
	}
	find := func() Corpus {
		t.Helper()
		c, err := r.Find(t.Context(), "heavy-tail")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if testing.Short() {
		t.Skip("writes 60 MB")
	}
	first := find()
	if again := find(); made != 1 || again.Fingerprint != first.Fingerprint || again.Real || again.Name != "heavy-tail" {
		t.Errorf("made %d times, then %s, real %t; want once and the same", made, again.Name, again.Real)
	}
	if err := os.Remove(filepath.Join(first.Root, first.Files[0].Path)); err != nil {
		t.Fatal(err)
	}
	if again := find(); made != 2 || again.Fingerprint != first.Fingerprint {
		t.Errorf("made %d times after a file was lost, want 2", made)
	}
	alone(t, first.Root)
}

func TestModulesAreCheckedAgainstTheirSum(t *testing.T) {
	m := modules()[KubernetesName]
	failed := errors.New("exit status 1")
	for _, row := range []struct {
		name, out string
		failed    error
		offline   bool
		want      string // part of the error
	}{
		{"the bytes we know", `{"Dir":"/there","Sum":"` + m.sum + `"}`, nil, false, ""},
		{"other bytes", `{"Dir":"/there","Sum":"h1:other="}`, nil, false, "not the bytes that were published"},
		{"no network", `{"Error":"dial tcp: no route"}`, failed, false, "no route"},
		{"not in the cache", `{"Error":"module lookup disabled by GOPROXY=off"}`, failed, true, "it is not fetched"},
		{"no JSON", `oops`, failed, false, "printed no JSON"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir, err := m.verify([]byte(row.out), row.failed, row.offline)
			if row.want == "" && (err != nil || dir != "/there") {
				t.Errorf("verify = %q, %v", dir, err)
			}
			if row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("verify = %v, want an error that says %q", err, row.want)
			}
		})
	}
}

func TestAnUnfetchedCorpusNamesTheRemedy(t *testing.T) {
	t.Setenv("GOMODCACHE", t.TempDir())
	_, err := (Registry{}).Find(t.Context(), KubernetesName)
	if err == nil || !strings.Contains(err.Error(), "run sluice corpus fetch kubernetes") {
		t.Errorf("Find = %v, want an error that names the remedy", err)
	}
}

func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(`{"version":1,"preset":"mixed","scale":0.01,"seed":1,"files":[{"path":"a.go","size":3}],"findings":[{"path":"a.go","line":1,"rule":"x"}]}`))
	f.Add([]byte(`{"version":1,"files":[{"path":"../a","size":-1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseManifest(text)
		if err != nil {
			return
		}
		for _, p := range m.Findings {
			if p.Line < 1 || !slices.ContainsFunc(m.Files, func(f File) bool { return f.Path == p.Path }) {
				t.Errorf("finding %+v is in no file", p)
			}
		}
		for _, file := range m.Files {
			if file.Size < 0 || !filepath.IsLocal(file.Path) || bytes.ContainsRune([]byte(file.Path), '\\') {
				t.Errorf("file %+v was let through", file)
			}
		}
	})
}
