package profile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	format "github.com/google/pprof/profile"

	"sluice/harness/profile"
	"sluice/harness/record"
)

// sample is a row of a made profile: a stack from the bottom up, joined by spaces.
type sample struct {
	stack string
	pool  string // label; none
	value int64
}

// made writes a profile of processor time with these samples.
func made(t *testing.T, kind string, files int64, samples ...sample) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := profile.Stamp(&b, rows(samples...), kind, files); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func rows(samples ...sample) *format.Profile {
	p := &format.Profile{
		SampleType: []*format.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &format.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 1, DurationNanos: 1,
	}
	known := map[string]*format.Location{}
	for _, s := range samples {
		row := &format.Sample{Value: []int64{1, s.value}}
		if s.pool != "" {
			row.Label = map[string][]string{"pool": {s.pool}}
		}
		for _, name := range strings.Fields(s.stack) {
			if known[name] == nil {
				f := &format.Function{ID: uint64(len(known) + 1), Name: name}
				known[name] = &format.Location{ID: f.ID, Line: []format.Line{{Function: f}}}
				p.Function, p.Location = append(p.Function, f), append(p.Location, known[name])
			}
			row.Location = append([]*format.Location{known[name]}, row.Location...)
		}
		p.Sample = append(p.Sample, row)
	}
	return p
}

func parsed(t *testing.T, raw []byte) *profile.Profile {
	t.Helper()
	p, err := profile.Load("made", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSamplesBelongToTheirPools(t *testing.T) {
	const line = "sluice/scanner/pipeline."
	for _, test := range []struct{ name, label, stack, pool, station string }{
		{"a label counts before functions", "read", line + "analysePool runtime.cgocall", "read", "bookkeeping"},
		{"a root function", "", "runtime.goexit " + line + "readPool " + line + "(*run).load os.Open", "read", "read"},
		{"a stack whose bottom was cut off", "", line + "(*run).fetch " + line + "(*run).load os.Open", "read", "read"},
		{"what only begins like a reader's function", "", line + "(*run).fetchBytes os.Open", "other", "bookkeeping"},
		{"who lists files below the command", "", "main.main " + line + "(*run).walk os.ReadDir", "walk", "list files"},
		{"who waits for pools", "", "main.main " + line + "(*run).drive sync.(*WaitGroup).Wait", "other", "wait for the end"},
		{"lingering batches", "", line + "(*batcher).expire runtime.selectgo", "batcher", "hand-over"},
		{"the collector", "", "runtime.gcBgMarkWorker runtime.gcDrain", "runtime", "collect"},
		{"an assist is a worker's", "analyse", line + "analysePool runtime.gcAssistAlloc", "analyse", "collect"},
		{"the scheduler", "", "runtime.mcall runtime.schedule", "runtime", "schedule"},
		{"foreign functions alone", "", "some.func other.func", "unattributable", "other"},
		{"no function at all", "", "", "unattributable", "other"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := shares(t, parsed(t, made(t, profile.CPU, 1, sample{test.stack, test.label, 10})))
			if s.Pools[0].Name != test.pool || s.Stations[0].Name != test.station {
				t.Errorf("it is %s at %s, want %s at %s", s.Pools[0].Name, s.Stations[0].Name, test.pool, test.station)
			}
		})
	}
}

func TestSharesAndTopAreOfTheTotal(t *testing.T) {
	p := parsed(t, made(t, profile.CPU, 4,
		sample{"sluice/scanner/pipeline.readPool sluice/scanner/pipeline.(*run).load f", "read", 30},
		sample{"sluice/scanner/pipeline.readPool sluice/scanner/pipeline.(*seat).attempt f f", "read", 10},
		sample{"x y", "", 60}))
	s := shares(t, p)
	if s.Total != 100 || s.Unattributable != 0.6 || s.Unlabelled != 0.6 || s.IO != 40 || *s.AnalysisUnderIO != 0.25 {
		t.Errorf("got %+v, analysis %v; want 100 in all, 0.6 of nobody, 40 of I/O and 0.25 of that analysis", s, *s.AnalysisUnderIO)
	}
	if s.Pools[1].PerFile != 10 {
		t.Errorf("readers took %v a file, want 10", s.Pools[1].PerFile)
	}
	top := p.Top(2)
	if len(top) != 2 || top[0] != (profile.Function{Name: "y", Flat: 0.6, Cum: 0.6}) || top[1] != (profile.Function{Name: "f", Flat: 0.4, Cum: 0.4}) {
		t.Errorf("top is %+v, want y with 0.6 and f with 0.4, recursion counted once", top)
	}
}

func TestAMergeAddsUpFilesWhereAllKnowThem(t *testing.T) {
	a := parsed(t, made(t, profile.CPU, 3, sample{"x y", "", 5}))
	b := parsed(t, made(t, profile.CPU, 4, sample{"x y", "", 6}))
	merged, err := profile.Merge([]*profile.Profile{a, b})
	if err != nil || merged.Files != 7 || merged.Merged != 2 || merged.Total() != 11 {
		t.Fatalf("merged %+v, %v; want 2 profiles over 7 files with 11", merged, err)
	}
	var out bytes.Buffer
	if err := merged.Write(&out); err != nil {
		t.Fatal(err)
	}
	if again := parsed(t, out.Bytes()); again.Files != 7 || again.Kind != profile.CPU || again.Total() != 11 {
		t.Errorf("read back it is %+v, want the same", again)
	}
	unknown := parsed(t, made(t, profile.CPU, 0, sample{"x", "", 1}))
	if merged, err := profile.Merge([]*profile.Profile{a, unknown}); err != nil || merged.Files != 0 {
		t.Errorf("files are %d, %v; want unknown where one does not know", merged.Files, err)
	}
	if _, err := profile.Merge([]*profile.Profile{a, parsed(t, made(t, "other", 1, sample{"x", "", 1}))}); err == nil {
		t.Error("two kinds were merged")
	}
	if _, err := profile.Merge(nil); err == nil {
		t.Error("nothing was merged")
	}
}

func TestADifferenceIsByFileWhereFilesAreKnown(t *testing.T) {
	base := parsed(t, made(t, profile.CPU, 10, sample{"x f", "", 100}, sample{"x g", "", 100}))
	now := parsed(t, made(t, profile.CPU, 20, sample{"x f", "", 200}, sample{"x g", "", 600}))
	d, err := profile.Compare(base, now, 2)
	if err != nil {
		t.Fatal(err)
	}
	if d.By != profile.ByFile || d.BaseTotal != 20 || d.NewTotal != 40 {
		t.Errorf("%+v; want 20 to 40 by file", d)
	}
	if g := d.Functions[1]; g.Name != "x" && d.Functions[0].Name != "x" || len(d.Functions) != 2 {
		t.Errorf("changed most %+v, want g and who calls it", d.Functions)
	}
	delta, err := profile.Delta(base, now)
	if err != nil || delta.Total() != 400 {
		t.Errorf("the difference is %d, %v; want 400: 800 less 400 that the base had taken over 20 files", delta.Total(), err)
	}
	if negative, err := profile.Delta(now, base); err != nil {
		t.Error(err)
	} else if _, err := negative.Shares(); !errors.Is(err, profile.ErrDifference) {
		t.Errorf("error is %v, want that a difference has no shares", err)
	}
	unknown := parsed(t, made(t, profile.CPU, 0, sample{"x f", "", 50}, sample{"x g", "", 50}))
	if d, err = profile.Compare(unknown, now, 0); err != nil || d.By != profile.ByTotal {
		t.Errorf("by %s, %v; want by total where files are unknown", d.By, err)
	}
	if f := d.Functions[0]; f.BaseShare != 0.5 || f.NewShare != 0.25 && f.NewShare != 0.75 {
		t.Errorf("changed most %+v, want f or g from one half", f)
	}
	delta, err = profile.Delta(unknown, now)
	if err != nil || delta.Total() != 0 {
		t.Errorf("shares differ by %d in all, %v; want 0", delta.Total(), err)
	}
}

func TestWhatIsNoProfileIsRefused(t *testing.T) {
	foreign := &format.Profile{
		SampleType: []*format.ValueType{{Type: "threads", Unit: "count"}}, PeriodType: &format.ValueType{},
	}
	var threads bytes.Buffer
	if err := foreign.Write(&threads); err != nil {
		t.Fatal(err)
	}
	stamped := bytes.Buffer{}
	foreign.SampleType[0].Type, foreign.Comments = "cpu", []string{"sluice files scanned: many"}
	if err := foreign.Write(&stamped); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"an empty file", nil, "empty file"},
		{"text", []byte("hello"), "not a profile"},
		{"a cut profile", made(t, profile.CPU, 1, sample{"x", "", 1})[:40], "cut short"},
		{"a trace", []byte("go 1.26 trace\x00\x00\x00"), "go tool trace"},
		{"another kind", threads.Bytes(), "samples of threads"},
		{"a stamp that is damaged", stamped.Bytes(), "no number of files"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := profile.Load("f.pprof", bytes.NewReader(test.raw)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestAProfileWithoutSamplesSaysWhatThatMeans(t *testing.T) {
	p := parsed(t, made(t, profile.Mutex, 1))
	if _, err := p.Shares(); !errors.Is(err, profile.ErrEmpty) || !strings.Contains(err.Error(), "nobody waited") {
		t.Errorf("error is %v, want that nobody waited", err)
	}
}

func TestKindsAreReadFromAList(t *testing.T) {
	for _, test := range []struct{ list, want, fault string }{
		{"cpu", "cpu", ""},
		{"heap, cpu,heap", "cpu heap", ""},
		{"trace,block,mutex", "mutex block trace", ""},
		{"cup", "", `did you mean "cpu"?`},
		{"", "", "unknown kind"},
		{"cpu,", "", "unknown kind"},
	} {
		kinds, err := profile.ParseKinds(test.list)
		if got := strings.Join(kinds, " "); got != test.want || (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%q is read as %q, %v; want %q, %q", test.list, got, err, test.want, test.fault)
		}
	}
}

func TestProfilesAreKeptAndGathered(t *testing.T) {
	dir, kept := t.TempDir(), map[string][]byte{}
	put := func(name string, r io.Reader) (record.File, error) {
		raw, err := io.ReadAll(r)
		kept[name] = raw
		return record.File{Name: name, Digest: name, Bytes: int64(len(raw))}, err
	}
	if err := os.WriteFile(filepath.Join(dir, "cpu.pprof"), made(t, profile.CPU, 2, sample{"x", "", 3}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "heap.pprof"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := profile.Keep(put, dir)
	if err != nil || len(files) != 1 || files[0].Name != "cpu.pprof" {
		t.Fatalf("kept %v, %v; want the one that was taken", files, err)
	}
	trials := []record.Trial{
		{Status: record.OK, Files: files},
		{Status: record.OK, Files: files},
		{Status: record.Killed, Files: files},
		{Status: record.OK, Files: files, SetAside: "disturbed"},
	}
	open := func(digest string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(kept[digest])), nil }
	p, err := profile.Of(trials, profile.CPU, open)
	if err != nil || p.Merged != 2 || p.Total() != 6 {
		t.Errorf("gathered %+v, %v; want those of the two trials that count", p, err)
	}
	if p, err := profile.Of(trials, profile.Heap, open); p != nil || err != nil {
		t.Errorf("gathered %v, %v; want nothing of a kind that was not kept", p, err)
	}
}

func TestGoToolPprofOpensWhatIsWritten(t *testing.T) {
	p, err := profile.Merge([]*profile.Profile{parsed(t, made(t, profile.CPU, 1, sample{"x some.work", "read", 7e6})), parsed(t, made(t, profile.CPU, 1, sample{"x some.work", "read", 2e6}))})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "merged.pprof")
	var out bytes.Buffer
	if err := errors.Join(p.Write(&out), os.WriteFile(path, out.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), "go", "tool", "pprof", "-top", path).CombinedOutput()
	if err != nil || !strings.Contains(string(said), "9ms") || !strings.Contains(string(said), "some.work") {
		t.Errorf("go tool pprof says, %v:\n%s\nwant 9ms of some.work", err, said)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("go 1.26 trace"))
	var plain bytes.Buffer
	if err := rows(sample{"runtime.goexit sluice/scanner/pipeline.readPool f", "read", 5}, sample{"x y", "", 6}).WriteUncompressed(&plain); err != nil {
		f.Fatal(err)
	}
	f.Add(plain.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := profile.Load("f", bytes.NewReader(raw))
		if err != nil {
			return
		}
		s, err := p.Shares()
		if err != nil {
			return
		}
		if s.Unattributable < 0 || s.Unattributable > 1 || s.Unlabelled < 0 || s.Unlabelled > 1 {
			t.Errorf("shares are %+v, want 0 to 1", s)
		}
		p.Top(3)
		if _, err := profile.Compare(p, p, 3); err != nil {
			t.Error(err)
		}
	})
}
