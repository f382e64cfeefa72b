package cli_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/harness/cli"
	"sluice/workloads/corpus"
)

// TestAScanFindsExactlyWhatWasPlanted holds precision and recall at 1 for every
// preset: what the manifest lists and nothing else.
func TestAScanFindsExactlyWhatWasPlanted(t *testing.T) {
	for _, preset := range corpus.Presets() {
		t.Run(preset.Name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "tree")
			// The first 125 files of heavy-tail hold two giants.
			scale := min(1, 120/float64(preset.Files))
			if preset.Name == "heavy-tail" && !testing.Short() {
				scale = 0.25
			}
			m, err := corpus.Generate(t.Context(), dir, corpus.Generation{Preset: preset, Seed: 11, Scale: scale})
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Findings) == 0 {
				t.Fatal("nothing was planted")
			}
			if diff := cmp.Diff(m.Findings, scanned(t, dir), cmpopts.SortSlices(before)); diff != "" {
				t.Errorf("findings (-planted +found):\n%s", diff)
			}
		})
	}
}

func before(a, b corpus.Planting) bool {
	if a.Path != b.Path {
		return a.Path < b.Path
	}
	if a.Line != b.Line {
		return a.Line < b.Line
	}
	return a.Rule < b.Rule
}

// scanned returns what sluice scan finds in a folder.
func scanned(t *testing.T, dir string) []corpus.Planting {
	t.Helper()
	var out, errs bytes.Buffer
	if err := cli.Run(t.Context(), []string{"scan", "--format", "json", "--quiet", dir}, nil, &out, &errs); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var found []corpus.Planting
	for lines := json.NewDecoder(&out); lines.More(); {
		var p corpus.Planting
		if err := lines.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.Rule == "" {
			continue
		}
		if filepath.IsAbs(p.Path) {
			relative, err := filepath.Rel(dir, p.Path)
			if err != nil {
				t.Fatal(err)
			}
			p.Path = filepath.ToSlash(relative)
		}
		found = append(found, p)
	}
	return found
}
