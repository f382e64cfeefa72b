package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
)

// full makes a store with a run that has something of everything.
func full(t *testing.T, ids ...string) *Store {
	t.Helper()
	s := opened(t)
	for _, id := range ids {
		create(t, s, "key of "+id, aRun(id))
		must(t, s.PutScenario(id, aScenario("z"), []byte(`{"files":["a<b>.go"]}`)))
		must(t, s.PutScenario(id, aScenario("a"), nil))
		must(t, s.PutNote(id, "design", []byte(`{"blocks":6}`)))
		must(t, s.PutTrial(aTrial(id, 0)))
		must(t, s.PutTrial(aTrial(id, 1)))
		must(t, s.PutOutcome(id, "z", Grid, []byte(`{"blocks":6,"warnings":["a > b"]}`)))
	}
	return s
}

func exported(t *testing.T, s *Store, ids ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, id := range ids {
		must(t, s.Export(id, &b, true))
	}
	return b.String()
}

func TestAnExportIsReadBackAsItWas(t *testing.T) {
	from := full(t, "r1", "r2")
	text := exported(t, from, "r1", "r2")
	to := opened(t)
	ids, err := to.Import(strings.NewReader(text))
	must(t, err)
	if diff := cmp.Diff([]string{"r1", "r2"}, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(text, exported(t, to, "r1", "r2")); diff != "" {
		t.Errorf("exported again (-want +got):\n%s", diff)
	}
	want, err := from.Outcomes("r2")
	must(t, err)
	got, err := to.Outcomes("r2")
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if r, ok, err := to.FindUnfinished("key of r1"); !ok || r.ID != "r1" || err != nil {
		t.Errorf("by its key: %s, %v, %v", r.ID, ok, err)
	}
}

func TestAnExportIsOneJSONObjectALine(t *testing.T) {
	text := exported(t, full(t, "r1"), "r1")
	var types []string
	for part := range strings.Lines(text) {
		var l line
		must(t, json.Unmarshal([]byte(part), &l))
		types = append(types, l.Type)
	}
	if diff := cmp.Diff([]string{"run", "scenario", "scenario", "note", "trial", "trial", "outcome", "end"}, types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

func TestAFaultyImportNamesItsLineAndStoresNothing(t *testing.T) {
	whole := exported(t, full(t, "r1"), "r1")
	good := whole[:strings.Index(whole, `{"type":"end"`)] // without its end
	for name, row := range map[string]struct{ text, want string }{
		"not JSON":                {good + "what\n", "line 8: not a line of an exported run"},
		"an unknown field":        {good + `{"type":"note","colour":1,"record":1}` + "\n", `line 8: not a line of an exported run: json: unknown field "colour"`},
		"an unknown type":         {good + `{"type":"poem","record":{}}`, `line 8: unknown type "poem"`},
		"another schema":          {`{"type":"run","schema":"sluice.run/v9","record":{}}`, `line 1: schema "sluice.run/v9", this sluice reads sluice.run/v2 and sluice.run/v1`},
		"a part without a run":    {"\n" + `{"type":"trial","record":{}}`, "line 2: a trial before any run"},
		"a line without a record": {good + `{"type":"note","key":"n"}`, `line 8: a line of type "note" without a record`},
		"a run without an id":     {`{"type":"run","schema":"sluice.run/v1","record":{}}`, "line 1: a run without an id"},
		"a trial of another":      {good + `{"type":"trial","record":{"run":"r7"}}`, `line 8: a trial of run "r7" within run "r1"`},
		"a damaged trial":         {good + `{"type":"trial","record":[]}`, "line 8: "},
		"a damaged scenario":      {good + `{"type":"scenario","record":[]}`, "line 8: "},
		"an unknown kind":         {good + `{"type":"outcome","kind":"guess","record":{}}`, `line 8: unknown kind of outcome "guess"`},
		"the same run twice":      {whole + whole, "line 9: run r1: the run is already stored"},
		"a run without an end":    {good, "line 8: run r1 has no end: the export was cut"},
		"a line after the end":    {whole + `{"type":"note","key":"n","record":1}`, "line 9: a note after the end of run r1"},
		"a run within another":    {good + strings.ReplaceAll(whole, "r1", "r2"), "line 8: run r2 begins, but run r1 has no end"},
		"an end after too few":    {good[:strings.Index(good, `{"type":"outcome"`)] + whole[len(good):], `line 7: the end of run "r1" after 7 lines, where run "r1" has 6`},
		"a file with other words": {good + `{"type":"file","key":"00","record":"YQ=="}`, "line 8: file 00…: its content is damaged"},
		"a text that is cut":      {good[:len(good)-9], "line 7: not a line of an exported run"},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t)
			_, err := s.Import(strings.NewReader(row.text))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
			if runs, err := s.Runs(); len(runs) != 0 || err != nil {
				t.Errorf("%d runs, %v; want none", len(runs), err)
			}
		})
	}
}

// Cut anywhere, even between two lines or within a file's content.
func TestAnExportThatIsCutIsNeverImported(t *testing.T) {
	from := full(t, "r1")
	trial := withSeries("r1", 2)
	trial.Files = []record.File{kept(t, from, "stacks", "goroutine 1")}
	must(t, from.PutTrial(trial))
	text := exported(t, from, "r1")
	to := opened(t)
	for at := 1; at < len(text)-1; at += 7 { // the last byte is the end of the last line
		ids, err := to.Import(strings.NewReader(text[:at]))
		line := 1 + strings.Count(text[:at], "\n")
		if text[at] == '\n' {
			line++ // which is the first that is missing
		}
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d: ", line)) {
			t.Fatalf("cut at %d: %v, %v; want an error that names the line", at, ids, err)
		}
	}
	if runs, err := to.Runs(); len(runs) != 0 || err != nil {
		t.Errorf("%d runs, %v; want none", len(runs), err)
	}
	if _, err := to.Import(strings.NewReader(text)); err != nil {
		t.Errorf("whole: %v", err)
	}
}

func TestAnImportOfWhatIsStoredIsRefused(t *testing.T) {
	s := full(t, "r1")
	if _, err := s.Import(strings.NewReader(exported(t, s, "r1"))); !errors.Is(err, ErrExists) {
		t.Errorf("error %v, want %v", err, ErrExists)
	}
}

// brokenPipe fails as a writer or reader whose other end has gone.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
func (brokenPipe) Read([]byte) (int, error)  { return 0, io.ErrUnexpectedEOF }

func TestErrorsOfTheOtherEndAreReported(t *testing.T) {
	s := full(t, "r1")
	if err := s.Export("r1", brokenPipe{}, false); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("export: %v", err)
	}
	if _, err := s.Import(brokenPipe{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("import: %v", err)
	}
}

func FuzzImport(f *testing.F) {
	f.Add(`{"schema":"sluice.run/v1","type":"run","key":"k","record":{"id":"r"}}` + "\n" + `{"type":"note","key":"n","record":1}`)
	f.Add(`{"type":"trial","record":{}}`)
	f.Add("")
	s, err := Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := s.Import(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, id := range ids {
			if _, err := s.Outcomes(id); err != nil {
				t.Errorf("imported, but cannot be read: %v", err)
			}
			if err := s.Export(id, io.Discard, true); err != nil {
				t.Errorf("imported, but cannot be exported: %v", err)
			}
			if _, err := s.db.Exec("DELETE FROM run WHERE id = ?", id); err != nil {
				t.Fatal(err)
			}
		}
	})
}
