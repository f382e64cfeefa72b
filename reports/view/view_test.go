package view

import (
	"math"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/reports/reportstest"
)

var good = record.Ratio{Ratio: 2.3146, Low: 2.281, High: 2.352, Confidence: 0.953125, N: 7, Margin: 0.02, Verdict: record.Better}

// tuned is a small recommendation with one verdict.
func tuned(v record.Verdict, step string, ratios map[string]record.Ratio) record.Outcome {
	reference := record.Arm{Name: "naive", Config: record.Flat{"io.workers": 2, "cpu.workers": 2}, Metrics: map[string]float64{record.Throughput: 1e7, record.P99: 0.1}}
	subject := record.Arm{Name: "chosen", Config: record.Flat{"io.workers": 16, "cpu.workers": 2}, Metrics: map[string]float64{record.Throughput: 2.3e7, record.P99: 0.01}, Ratios: ratios}
	rec := &record.Recommendation{Verdict: v, Step: step, Goal: record.Goal{Objective: "balanced"}, Reference: reference, Recommended: reference, ConfirmedBlocks: 7, Fidelity: 0.2}
	if v == record.Better {
		rec.Recommended, rec.Gain = subject, ratios
	} else {
		rec.Candidate = &subject
	}
	return record.Outcome{Scenario: record.Scenario{Name: "goroot/nfs/2c", Corpus: "goroot", Storage: "nfs", Cores: 2}, Recommendation: rec}
}

func scene(t *testing.T, o record.Outcome) Scene {
	t.Helper()
	return New(record.Report{Run: record.Run{Kind: "tune", Reference: "naive"}, Outcomes: []record.Outcome{o}}).Scenes[0]
}

func TestTheAnswerSaysWhatWasShown(t *testing.T) {
	undecided := good
	undecided.Ratio, undecided.Low, undecided.High, undecided.Verdict, undecided.Needed = 1.01, 0.98, 1.04, record.Undecided, 23
	same := undecided
	same.Low, same.High, same.Verdict, same.Needed = 0.995, 1.015, record.NoDifference, 0
	worse := good
	worse.Ratio, worse.Low, worse.High, worse.Verdict = 0.8, 0.75, 0.85, record.Worse
	shorter := good
	shorter.Ratio, shorter.Low, shorter.High = 10, 8.5, 12
	few := record.Ratio{Ratio: 1.2, High: math.MaxFloat64, N: 3, Margin: 0.02, Verdict: record.Undecided, Needed: 6}
	far := undecided
	far.Needed = 5000
	of := func(throughput record.Ratio) map[string]record.Ratio {
		return map[string]record.Ratio{record.Throughput: throughput, record.P99: shorter}
	}
	for _, row := range []struct {
		what    string
		outcome record.Outcome
		want    string
	}{
		{
			"better", tuned(record.Better, "throughput", of(good)),
			"On this machine, over goroot under nfs, io.workers=16 gives 2.31 × the throughput of naive (95.3 % interval 2.28–2.35, n = 7).",
		},
		{
			"better in latency", tuned(record.Better, "p99", of(same)),
			"On this machine, over goroot under nfs, io.workers=16 has a p99 sojourn time 10.0 × shorter than that of naive (95.3 % interval 8.5–12.0, n = 7).",
		},
		{
			"undecided", tuned(record.Undecided, "throughput", of(undecided)),
			"Not shown: on this machine, over goroot under nfs, it is undecided whether io.workers=16 and naive differ in throughput by more than the margin of 2 % (ratio 1.010, 95.3 % interval 0.980–1.040, n = 7). About 23 pairs would decide it.",
		},
		{
			"too few pairs", tuned(record.Undecided, "throughput", of(few)),
			"Not shown: on this machine, over goroot under nfs, it is undecided whether io.workers=16 and naive differ in throughput by more than the margin of 2 % (ratio 1.20, no interval yet, n = 3). About 6 pairs would decide it.",
		},
		{
			"far from decided", tuned(record.Undecided, "throughput", of(far)),
			"Not shown: on this machine, over goroot under nfs, it is undecided whether io.workers=16 and naive differ in throughput by more than the margin of 2 % (ratio 1.010, 95.3 % interval 0.980–1.040, n = 7). More than 1000 pairs would be needed to decide it.",
		},
		{
			"the same", tuned(record.NoDifference, "throughput", of(same)),
			"No difference: on this machine, over goroot under nfs, io.workers=16 and naive differ in throughput by less than the margin of 2 % (ratio 1.010, 95.3 % interval 0.995–1.015, n = 7).",
		},
		{
			"worse", tuned(record.Worse, "throughput", of(worse)),
			"On this machine, over goroot under nfs, io.workers=16 gives 0.80 × the throughput of naive (95.3 % interval 0.75–0.85, n = 7).",
		},
		{
			"better, but a requirement is broken", tuned(record.Undecided, "throughput", of(good)),
			"Not taken: on this machine, over goroot under nfs, io.workers=16 gives 2.31 × the throughput of naive (95.3 % interval 2.28–2.35, n = 7), but something else speaks against it; see the warnings.",
		},
		{
			"no pair", tuned(record.Undecided, "throughput", nil),
			"Not shown: on this machine, over goroot under nfs, io.workers=16 and naive have no pair of trials in which both gave a figure.",
		},
		{"nothing measured", record.Outcome{}, "Not shown: nothing is confirmed yet, after 0 trials."},
	} {
		if diff := cmp.Diff(row.want, scene(t, row.outcome).Answer.Plain()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.what, diff)
		}
	}
}

func TestTwoPlaceboPairsShowNoSpread(t *testing.T) {
	if got, want := itself(&record.Placebo{Pairs: 2}).Plain(), "This machine against itself (2 placebo pairs in this store): too few to say how far a pair spreads."; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestARatioBelowOneOfATimeIsTurnedOver(t *testing.T) {
	r := record.Ratio{Ratio: 0.5, Low: 0.4, High: 0.625, N: 7, Confidence: 0.95}
	said, turned := Sentence("`a`", "`b`", record.P99, r)
	if got, want := said.Plain(), "a has a p99 sojourn time 2.00 × longer than that of b"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	if turned.Low != 1.6 || turned.High != 2.5 {
		t.Errorf("interval %g–%g, want 1.6–2.5", turned.Low, turned.High)
	}
	said, _ = Sentence("a", "b", "load_s", r)
	if got, want := said.Plain(), "a has a load_s 2.00 × higher than that of b"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	said, _ = Sentence("a", "b", "requests_per_s", r)
	if got, want := said.Plain(), "a gives 0.50 × the requests_per_s of b"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestAGridWhoseFirstRowIsBetterInLatencySaysSo(t *testing.T) {
	o := reportstest.Grid(1).Outcomes[0]
	best := o.Grid.Arms[0].Ratios
	best[record.P99] = record.Ratio{Ratio: 3, Low: 2.5, High: 3.5, Confidence: 0.95, N: 6, Margin: 0.1, Verdict: record.Better}
	best[record.Throughput] = record.Ratio{Ratio: 1, Low: 0.99, High: 1.01, Confidence: 0.95, N: 6, Margin: 0.02, Verdict: record.NoDifference}
	s := New(record.Report{Outcomes: []record.Outcome{o}}).Scenes[0]
	if s.Verdict != record.Better || !strings.Contains(s.Answer.Plain(), "has a p99 sojourn time 3.00 × shorter") {
		t.Errorf("%s: %s", s.Verdict, s.Answer.Plain())
	}
}

func TestAGridWhoseFirstRowIsNotShownDoesNotDenyTheOthers(t *testing.T) {
	o := reportstest.Grid(1).Outcomes[1]
	first := o.Grid.Arms[0].Ratios[record.Throughput]
	first.Verdict = record.Undecided
	o.Grid.Arms[0].Ratios[record.Throughput] = first
	got := New(record.Report{Outcomes: []record.Outcome{o}}).Scenes[0].Answer.Plain()
	if !strings.Contains(got, "comes first under the goal") || !strings.HasSuffix(got, "Of 11 others 8 are.") {
		t.Errorf("answer %q", got)
	}
}

func TestBothArmsOfAnAAComparisonKeepTheirTrials(t *testing.T) {
	config := record.Flat{"io.workers": 2}
	o := record.Outcome{Compare: &record.CompareResult{A: record.Arm{Name: "naive", Config: config}, B: record.Arm{Name: "naive", Config: config}}}
	for block := range 6 {
		for _, arm := range []string{"reference", "b"} {
			o.Trials = append(o.Trials, record.Trial{Phase: record.Comparison, Block: block, Arm: arm, Config: config, Status: record.OK})
		}
	}
	c := NewCast(record.Run{}, o)
	if a, b := c.Parts[0], c.Parts[1]; a.Label != "A: naive" || b.Label != "B: naive" || len(a.Trials) != 6 || len(b.Trials) != 6 || a.Trials[0].Arm == b.Trials[0].Arm {
		t.Errorf("parts %q with %d and %q with %d trials, want A and B with 6 each of their own", a.Label, len(a.Trials), b.Label, len(b.Trials))
	}
}

func TestAConfirmedConfigurationThatTheResultLeavesOutIsShown(t *testing.T) {
	rep := reportstest.Tune(1)
	o := rep.Outcomes[1]
	o.Recommendation.Also = nil
	c := NewCast(rep.Run, o)
	if len(c.Parts) != 4 {
		t.Fatalf("%d parts, want the reference, the recommended and two that were also confirmed", len(c.Parts))
	}
	if last := c.Parts[3]; last.Label != "go-idiom" || last.Metrics[record.Throughput] <= 0 || len(last.Trials) != 7 {
		t.Errorf("last part %q with %v and %d trials", last.Label, last.Metrics, len(last.Trials))
	}
}

func TestObjectivesAreNamedAsPeopleNameThem(t *testing.T) {
	own := func(metric string) bool { return metric == "throughput" }
	none := func(string) bool { return false }
	for _, row := range []struct {
		objective string
		has       func(string) bool
		want      string
	}{
		{"balanced", none, record.Throughput},
		{"", none, record.Throughput},
		{"p99", none, record.P99},
		{"rss", none, record.RSS},
		{"sojourn_p99_s", none, record.P99},
		{"throughput", none, record.Throughput},
		{"throughput", own, "throughput"},
		{"balanced", own, "throughput"},
		{"jobs_per_s", none, "jobs_per_s"},
	} {
		if got := Resolve(row.objective, row.has); got != row.want {
			t.Errorf("objective %q decides by %q, want %q", row.objective, got, row.want)
		}
	}
}

func TestKnobsAreShownAsTheyAreTyped(t *testing.T) {
	for _, row := range []struct {
		name  string
		value any
		want  string
	}{
		{"io.workers", 16, "io.workers=16"},
		{"io.workers", int64(16), "io.workers=16"},
		{"channel.linger", 0.002, "channel.linger=2ms"},
		{"channel.linger", 0, "channel.linger=0s"},
		{"memory.gomemlimit", int64(512 << 20), "memory.gomemlimit=512MiB"},
		{"memory.budget", int64(1000), "memory.budget=1000"},
		{"memory.budget", "none", "memory.budget=none"},
		{"memory.gogc", "off", "memory.gogc=off"},
		{"rate", 0.25, "rate=0.25"},
		{"fast", true, "fast=true"},
	} {
		if got := Setting(row.name, row.value); got != row.want {
			t.Errorf("%s %v (%T) is shown as %q, want %q", row.name, row.value, row.value, got, row.want)
		}
	}
}

func TestChangedLooksAtValuesNotTypes(t *testing.T) {
	a := record.Flat{"io.workers": 2, "cpu.workers": int64(4), "b": 1.5, "a": "x", "gone": 1}
	b := record.Flat{"io.workers": int64(3), "cpu.workers": 4, "b": 1.5, "a": "y", "new": 1}
	if diff := cmp.Diff([]string{"io.workers", "a", "gone", "new"}, Changed(a, b)); diff != "" {
		t.Error(diff)
	}
}

func TestACommandCanBePastedIntoAShell(t *testing.T) {
	for word, want := range map[string]string{
		"scan": "scan", "--root=/usr/local": "--root=/usr/local", "": "''", "two words": "'two words'", "it's": `'it'\''s'`, "$(rm)": "'$(rm)'", "a;b": "'a;b'",
	} {
		if got := quote(word); got != want {
			t.Errorf("%q is quoted as %s, want %s", word, got, want)
		}
	}
}

func TestHowTrialsScannedIsSaidWhereItWasNotAsUsual(t *testing.T) {
	for _, test := range []struct {
		name string
		scan record.Scan
		want Words // of the fact; empty: there is none
	}{
		{"as usual", record.Scan{}, ""},
		{"two differences", record.Scan{NoPrefilter: true, Rules: record.RulesGo12}, "prefilter off, rules go-12"},
		{"another analyser", record.Scan{Analyser: record.Lines}, "analyser lines"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := record.Run{Kind: "run", Reference: "naive", Scan: test.scan}
			got := Words("")
			for _, fact := range New(record.Report{Run: run, Outcomes: []record.Outcome{tuned(record.NoDifference, "", nil)}}).Scenes[0].Facts {
				if fact.Name == "scan" {
					got = fact.Text
				}
			}
			if got != test.want {
				t.Errorf("scan is %q, want %q", got, test.want)
			}
		})
	}
}

func TestSlugsFitFilesAndDiffer(t *testing.T) {
	taken := map[string]bool{}
	for _, row := range []struct{ name, want string }{
		{"goroot/nfs/2c", "goroot-nfs-2c"}, {"goroot/NFS/2c", "goroot-nfs-2c-2"}, {"", "scenario"}, {"../../etc", "etc"}, {"日本", "scenario-2"},
	} {
		if got := unique(Slug(row.name), taken); got != row.want {
			t.Errorf("%q becomes %q, want %q", row.name, got, row.want)
		}
	}
	if got := len(Slug(strings.Repeat("a/", 500))); got > longest {
		t.Errorf("a long name becomes a slug of %d letters", got)
	}
}

func TestARunUnderWayShowsItsFinishedScenariosWithoutAWarning(t *testing.T) {
	rep := reportstest.Compare(1)
	for state, warns := range map[string]bool{"done": false, "running": false, "interrupted": true} {
		rep.Run.State = state
		if got := New(rep).State != ""; got != warns {
			t.Errorf("%s: warns %v, want %v", state, got, warns)
		}
	}
	rep.Run.State = "running"
	rep.Outcomes[0].Compare = nil
	if New(rep).State == "" {
		t.Error("a run without a result does not say so")
	}
}

func TestEveryRowHasACellForEachColumn(t *testing.T) {
	for _, rep := range []record.Report{reportstest.Tune(1), reportstest.Grid(1), reportstest.Compare(1), reportstest.Target(1), {Outcomes: make([]record.Outcome, 1)}} {
		for _, s := range New(rep).Scenes {
			for _, table := range append(s.Tables, s.Trials) {
				for _, row := range table.Rows {
					if len(row.Cells) != len(table.Columns) {
						t.Errorf("%s, %s: %d cells under %d columns", s.Name, table.Caption, len(row.Cells), len(table.Columns))
					}
				}
			}
		}
	}
}

func FuzzForeignTextIsHarmless(f *testing.F) {
	for _, seed := range []string{"", "`a` b", "`", "a`b`c`d", "\x1b[31m", "\u202eabc", "\xff\xfe", reportstest.Payload} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, words := range []Words{Prose(s), Code(s), Words(Clean(s))} {
			if strings.Count(string(words), "`")%2 != 0 || !utf8.ValidString(string(words)) {
				t.Errorf("%q becomes %q", s, words)
			}
			for _, r := range string(words) {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
					t.Errorf("%U is left in %q", r, words)
				}
			}
		}
		if inner := strings.Trim(string(Code(s)), "`"); strings.Contains(inner, "`") {
			t.Errorf("code ends early in %q", Code(s))
		}
	})
}
