package finding

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sample() []Finding {
	return []Finding{
		{Rule: "a", Path: "x.go", Line: 1, Column: 2, EndLine: 1, EndColumn: 9, Severity: Error, Message: "m", Snippet: "s", CWE: "CWE-1"},
		{Rule: "b", Path: "x.go", Line: 1, Column: 2, EndLine: 1, EndColumn: 9, Severity: Note, Message: "m", Snippet: "s"},
		{Rule: "a", Path: "x.go", Line: 10, Column: 1, EndLine: 10, EndColumn: 2, Severity: Warning, Message: "m"},
		{Rule: "a", Path: "y.go", Line: 2, Column: 1, EndLine: 2, EndColumn: 2, Severity: Warning, Message: "m"},
	}
}

func TestSortOrdersByPathPlaceAndRule(t *testing.T) {
	want := sample()
	for seed := range uint64(20) {
		got := sample()
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: (-want +got)\n%s", seed, diff)
		}
	}
}

func TestDigestDoesNotDependOnOrderAndLeavesTheSliceAlone(t *testing.T) {
	want := Digest(sample())
	fs := sample()
	slices.Reverse(fs)
	before := slices.Clone(fs)
	if got := Digest(fs); got != want {
		t.Errorf("digest of the reversed findings is %s, want %s", got, want)
	}
	if diff := cmp.Diff(before, fs); diff != "" {
		t.Errorf("Digest changed its argument (-before +after)\n%s", diff)
	}
	if !strings.HasPrefix(want, "sha256:") || len(want) != len("sha256:")+64 {
		t.Errorf("digest is %q, want sha256: and 64 digits", want)
	}
}

func TestDigestChangesWithEveryField(t *testing.T) {
	changes := map[string]func(*Finding){
		"rule":       func(f *Finding) { f.Rule += "x" },
		"path":       func(f *Finding) { f.Path += "x" },
		"line":       func(f *Finding) { f.Line++ },
		"column":     func(f *Finding) { f.Column++ },
		"end line":   func(f *Finding) { f.EndLine++ },
		"end column": func(f *Finding) { f.EndColumn++ },
		"severity":   func(f *Finding) { f.Severity = Note },
		"message":    func(f *Finding) { f.Message += "x" },
		"snippet":    func(f *Finding) { f.Snippet += "x" },
		"cwe":        func(f *Finding) { f.CWE += "x" },
		"the border between two fields": func(f *Finding) {
			f.Rule, f.Path = f.Rule+f.Path[:1], f.Path[1:]
		},
	}
	base := Digest(sample())
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			fs := sample()
			change(&fs[0])
			if Digest(fs) == base {
				t.Errorf("a change of %s leaves the digest as it was", name)
			}
		})
	}
	if twice := append(sample(), sample()[0]); Digest(twice) == base {
		t.Error("a repeated finding leaves the digest as it was")
	}
}

func TestWriteTextIsForPeopleAndEditors(t *testing.T) {
	for _, test := range []struct {
		name  string
		fs    []Finding
		color bool
		want  string
	}{
		{"nothing", nil, false, ""},
		{"plain", sample()[:2], false, "x.go:1:2: error: m [a, CWE-1]\n    s\nx.go:1:2: note: m [b]\n    s\n"},
		{
			"colour", sample()[:1], true,
			"\x1b[1mx.go:1:2:\x1b[0m \x1b[31merror\x1b[0m: m \x1b[2m[a, CWE-1]\x1b[0m\n    s\n",
		},
		{"a path that would write to the terminal", []Finding{{Rule: "a", Path: "x\x1b[2J.go", Severity: Note}}, false, "\"x\\x1b[2J.go\":0:0: note:  [a]\n"},
		{"a path that is no UTF-8", []Finding{{Rule: "a", Path: "x\xff.go", Severity: Note}}, false, "\"x\\xff.go\":0:0: note:  [a]\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got bytes.Buffer
			if err := WriteText(&got, test.fs, test.color); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWriteJSONGivesOneObjectForEachLine(t *testing.T) {
	var out bytes.Buffer
	want := sample()
	want[0].Snippet = `a <b> & "c"`
	if err := WriteJSON(&out, want); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `a <b> & \"c\"`) {
		t.Errorf("HTML is escaped in %s", out.String())
	}
	var got []Finding
	for line := range strings.Lines(out.String()) {
		var f Finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		got = append(got, f)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

var errFull = errors.New("disk full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWritersReportWhatTheyCouldNotWrite(t *testing.T) {
	if err := WriteText(fullDisk{}, sample(), false); !errors.Is(err, errFull) {
		t.Errorf("WriteText returned %v, want %v", err, errFull)
	}
	if err := WriteJSON(fullDisk{}, sample()); !errors.Is(err, errFull) {
		t.Errorf("WriteJSON returned %v, want %v", err, errFull)
	}
}

func TestSeveritiesAreValidAndOthersAreNot(t *testing.T) {
	for _, s := range Severities() {
		if !s.Valid() {
			t.Errorf("%s is not valid", s)
		}
	}
	if Severity("fatal").Valid() || Severity("").Valid() {
		t.Error("an unknown severity is valid")
	}
}

// A machine reader must be able to open the file that a finding names.
func TestJSONKeepsAPathThatIsNotUTF8(t *testing.T) {
	for _, test := range []struct {
		name, path string
		want       string // of the object
	}{
		{"UTF-8 has no further field", "grün/日.go", `"path":"grün/日.go","line":0,"column":0,"end_line":0,"end_column":0,"severity":"note","message":"m","snippet":"","cwe":""}`},
		{"U+FFFD that is in the name itself is UTF-8", "\ufffd.go", `"path":"�.go","line":0,"column":0,"end_line":0,"end_column":0,"severity":"note","message":"m","snippet":"","cwe":""}`},
		{"Latin-1", "gr\xfcn.go", `"path":"gr\ufffdn.go","line":0,"column":0,"end_line":0,"end_column":0,"severity":"note","message":"m","snippet":"","cwe":"","path_bytes":"Z3L8bi5nbw=="}`},
		{"half a rune at the end", "a/\xe6\x97", `"path_bytes":"YS/mlw=="}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := Finding{Rule: "a", Path: test.path, Severity: Note, Message: "m"}
			var out bytes.Buffer
			if err := WriteJSON(&out, []Finding{want}); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(strings.TrimSpace(out.String()), test.want) {
				t.Errorf("wrote %s, want it to end in %s", out.String(), test.want)
			}
			got, err := ParseJSON(out.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("read back (-want +got)\n%s", diff)
			}
		})
	}
}

func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(`{"rule":"a","path":"b","path_bytes":"/w=="}`), "b\xff")
	f.Add([]byte(`{`), "")
	f.Fuzz(func(t *testing.T, data []byte, path string) {
		_, _ = ParseJSON(data) // whatever it is, no panic
		want := Finding{Rule: "a", Path: path, Line: len(data)}
		var out bytes.Buffer
		if err := WriteJSON(&out, []Finding{want}); err != nil {
			t.Fatal(err)
		}
		if got, err := ParseJSON(out.Bytes()); err != nil || got != want {
			t.Errorf("read back %+v (%v), want %+v", got, err, want)
		}
	})
}
