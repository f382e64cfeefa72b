package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner"
	"sluice/scanner/finding"
	"sluice/scanner/journal"
	"sluice/scanner/source"
)

// A ward is a fake child. It dies over the files of deadly, and over any two of
// together at once; what it names are the files that as many analysers would hold.
type ward struct {
	deadly    map[string]bool
	together  map[string]bool
	always    bool // dies even with nothing to do
	early     bool // before it has a journal
	unnamed   bool // with nothing in its journal
	hangsOver string
	jobs      []childJob
}

func (c *ward) run(ctx context.Context, job childJob) (childEnd, error) {
	c.jobs = append(c.jobs, job)
	dead := childEnd{began: !c.early, death: "killed by SIGSEGV"}
	if c.always {
		return dead, nil
	}
	for at := 0; at < len(job.paths); at += job.analysers {
		window := job.paths[at:min(at+job.analysers, len(job.paths))]
		both := 0
		for _, path := range window {
			if path == c.hangsOver {
				<-ctx.Done()
				return childEnd{}, context.Cause(ctx)
			}
			if c.together[path] {
				both++
			}
			if c.deadly[path] {
				both = 2
			}
		}
		if both >= 2 {
			if !c.unnamed {
				dead.inFlight = window
			}
			return dead, nil
		}
	}
	n := int64(len(job.paths))
	return childEnd{report: &childReport{Stats: scanner.Stats{Discovered: n, Scanned: n}}}, nil
}

func letters(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

func TestIsolationTakesOutTheFilesThatKill(t *testing.T) {
	for name, row := range map[string]struct {
		cell      ward
		paths     string
		culprits  string
		runs      int
		alone     int
		analysers int // of the last run
	}{
		"nothing kills":              {ward{}, "a b c d", "", 1, 0, 4},
		"no files":                   {ward{}, "", "", 1, 0, 4},
		"one culprit":                {ward{deadly: letters("b")}, "a b c d e", "b", 2, 4, 4},
		"two at once":                {ward{deadly: letters("a d")}, "a b c d e", "a d", 2, 4, 4},
		"two in different rounds":    {ward{deadly: letters("a f")}, "a b c d e f g h", "a f", 3, 7, 4},
		"all of them":                {ward{deadly: letters("a b")}, "a b", "a b", 2, 2, 4},
		"a culprit that is listed":   {ward{deadly: letters("b")}, "a b b c", "b b", 2, 3, 4},
		"two that kill as one":       {ward{together: letters("a b")}, "a c b d", "", 2, 4, 2},
		"neighbours that kill":       {ward{together: letters("a b")}, "a b c d", "", 3, 4, 1},
		"a culprit, and neighbours":  {ward{deadly: letters("c"), together: letters("a b")}, "a b c d", "c", 4, 4, 1},
		"a culprit nobody could see": {ward{deadly: letters("a"), together: letters("x y")}, "x y a", "a", 4, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := isolate(t.Context(), strings.Fields(row.paths), 4, row.cell.run)
			if err != nil {
				t.Fatal(err)
			}
			var culprits []string
			for _, c := range got.culprits {
				culprits = append(culprits, c.Path)
				if c.Reason != Crashed || c.Detail != "killed by SIGSEGV" {
					t.Errorf("%s failed as %s: %s", c.Path, c.Reason, c.Detail)
				}
			}
			if diff := cmp.Diff(strings.Fields(row.culprits), culprits); diff != "" && len(culprits)+len(row.culprits) > 0 {
				t.Errorf("culprits (-want +got):\n%s", diff)
			}
			told := got.told
			if told.Runs != row.runs || told.Alone != row.alone || told.Analysers != row.analysers {
				t.Errorf("%+v; want %d runs, %d alone, %d analysers", told, row.runs, row.alone, row.analysers)
			}
			if n := len(strings.Fields(row.paths)); got.report.Stats.Scanned+int64(told.Crashed) != int64(n) {
				t.Errorf("%d scanned and %d crashed of %d", got.report.Stats.Scanned, told.Crashed, n)
			}
		})
	}
}

func TestIsolationGivesUpWithTheReason(t *testing.T) {
	for name, row := range map[string]struct {
		cell ward
		want []string
		runs int
	}{
		"before its first file":    {ward{always: true, early: true}, []string{"did not come to its end", "SIGSEGV"}, 1},
		"between files":            {ward{always: true}, []string{"no file is being analysed", "SIGSEGV"}, 3},
		"a crash names no file":    {ward{deadly: letters("a"), unnamed: true}, []string{"no file is being analysed"}, 3},
		"innocent when seen alone": {ward{together: letters("a")}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			run := row.cell.run
			if row.want == nil { // the third file kills whatever came before it, but not alone
				run = func(_ context.Context, job childJob) (childEnd, error) {
					if job.alone {
						return childEnd{report: &childReport{}}, nil
					}
					return childEnd{began: true, inFlight: []string{"b"}, death: "killed by SIGKILL"}, nil
				}
				row.want = []string{"dies with one analyser too (killed by SIGKILL), over b, where", "leave it out"}
				row.runs = 3
			}
			got, err := isolate(t.Context(), []string{"a", "b", "c"}, 4, run)
			if err == nil {
				t.Fatalf("no error, but %+v", got)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error is %q, want %q in it", err, want)
				}
			}
			if got.told.Runs != row.runs {
				t.Errorf("gave up after %d runs, want %d", got.told.Runs, row.runs)
			}
			if ExitCode(err) != exitWork {
				t.Errorf("exit status %d, want %d", ExitCode(err), exitWork)
			}
		})
	}
}

func TestAChildThatHangsEndsWithTheCaller(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	c := ward{hangsOver: "b"}
	run := func(ctx context.Context, job childJob) (childEnd, error) {
		cancel(stop)
		return c.run(ctx, job)
	}
	if _, err := isolate(ctx, []string{"a", "b"}, 1, run); !errors.Is(err, stop) {
		t.Errorf("error is %v, want the cause", err)
	}
}

// Whatever kills alone or together, the rounds come to an end, the account adds
// up, and the culprits are those that kill alone.
func TestIsolationEndsForAnyFiles(t *testing.T) {
	for range 300 {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 1))
		c := ward{deadly: map[string]bool{}, together: map[string]bool{}}
		var paths, want []string
		for i := range rng.IntN(60) {
			path := fmt.Sprintf("%02d", i)
			paths = append(paths, path)
			switch rng.IntN(8) {
			case 0:
				c.deadly[path] = true
				want = append(want, path)
			case 1:
				c.together[path] = true
			}
		}
		analysers := 1 + rng.IntN(16)
		got, err := isolate(t.Context(), paths, analysers, c.run)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var culprits []string
		for _, f := range got.culprits {
			culprits = append(culprits, f.Path)
		}
		if !slices.Equal(culprits, want) {
			t.Errorf("seed %d: culprits %v, want %v", seed, culprits, want)
		}
		if n := got.report.Stats.Scanned + int64(len(culprits)); n != int64(len(paths)) {
			t.Errorf("seed %d: %d files accounted for of %d", seed, n, len(paths))
		}
		if most := len(want) + 1 + 5; got.told.Runs > most {
			t.Errorf("seed %d: %d runs for %d culprits and %d analysers", seed, got.told.Runs, len(want), analysers)
		}
	}
}

func TestTheMergedAccountAddsUp(t *testing.T) {
	all := isolation{
		report: childReport{
			Failures: []scanner.Failure{{Path: "m.go", Reason: "analysis"}},
			Stats: scanner.Stats{
				Discovered: 7, Scanned: 5, Skipped: map[string]int64{"binary": 1}, Failed: map[string]int64{"analysis": 1},
				FindingsDigest: "sha256:abc", WallS: 2,
			},
		},
		culprits: []scanner.Failure{{Path: "b.go", Reason: Crashed}, {Path: "x.go", Reason: Crashed}},
	}
	r := all.merge([]source.Item{
		{Path: "link", Skip: "symlink"},
		{Path: "z", Err: &fs.PathError{Op: "open", Path: "z", Err: fs.ErrPermission}},
	})
	st := r.Stats
	if sum := st.Scanned + total(st.Skipped) + total(st.Failed); st.Discovered != 11 || sum != 11 {
		t.Errorf("discovered %d, accounted for %d; want 11", st.Discovered, sum)
	}
	want := map[string]int64{"analysis": 1, "permission": 1, Crashed: 2}
	if diff := cmp.Diff(want, st.Failed); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}
	var order []string
	for _, f := range r.Failures {
		order = append(order, f.Path)
	}
	if diff := cmp.Diff([]string{"b.go", "m.go", "x.go", "z"}, order); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	if st.FindingsDigest != "sha256:abc" || st.WallS != 2 {
		t.Errorf("digest %s, wall %v; want those of the last run", st.FindingsDigest, st.WallS)
	}
}

func TestNamesCutByTheJournalStandForAllThatBeginSo(t *testing.T) {
	long := strings.Repeat("d", journal.MaxPath)
	paths := []string{"a", "a…", "ab", long + "x", long + "y", "ab"}
	for name, row := range map[string]struct{ inFlight, want []string }{
		"as they are":         {[]string{"ab", "none"}, []string{"ab"}},
		"ends like a cut":     {[]string{"a…"}, []string{"a…"}},
		"cut":                 {[]string{long + "…"}, []string{long + "x", long + "y"}},
		"nothing in flight":   {nil, nil},
		"in the list's order": {[]string{"ab", "a"}, []string{"a", "ab"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, among(paths, row.inFlight)); diff != "" {
				t.Errorf("suspects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPathsSurviveTheReportByteForByte(t *testing.T) {
	paths := []string{"plain.go", "\xff\xfe/é %41+.go", "new\nline"}
	var r scanner.Result
	for _, path := range paths {
		r.Findings = append(r.Findings, finding.Finding{Path: path})
		r.Failures = append(r.Failures, scanner.Failure{Path: path})
	}
	var pipe strings.Builder
	sendProgress(&pipe)(scanner.Progress{Done: 3})
	if err := sendReport(&pipe, r, extras{}); err != nil {
		t.Fatal(err)
	}
	var seen int64
	got := receive(strings.NewReader(pipe.String()), func(p scanner.Progress) { seen = p.Done })
	if got == nil || seen != 3 {
		t.Fatalf("report %v, progress %d", got, seen)
	}
	for i, path := range paths {
		if got.Findings[i].Path != path || got.Failures[i].Path != path {
			t.Errorf("path %q became %q, %q", path, got.Findings[i].Path, got.Failures[i].Path)
		}
	}
	for cut := range pipe.Len() - 1 {
		if receive(strings.NewReader(pipe.String()[:cut]), func(scanner.Progress) {}) != nil {
			t.Fatalf("a report cut after %d of %d bytes was taken for a whole one", cut, pipe.Len())
		}
	}
}

func TestLastWordsGiveTheReason(t *testing.T) {
	stacks := "\n\ngoroutine 1 [running]:\nmain.main()\n" + strings.Repeat("\t/some/where.go:1 +0x1\n", 5000)
	for name, row := range map[string]struct{ said, want string }{
		"nothing":        {"", ""},
		"stack overflow": {"runtime: goroutine stack exceeds 1000000000-byte limit\nfatal error: stack overflow" + stacks, "runtime: goroutine stack exceeds 1000000000-byte limit, fatal error: stack overflow"},
		"crash in C":     {"SIGSEGV: segmentation violation\nPC=0x1 m=0\nsignal arrived during cgo execution" + stacks, "SIGSEGV: segmentation violation"},
		"our own error":  {"sluice: warning: x\nsluice: read rules: gone\n", "sluice: read rules: gone"},
		"one long line":  {strings.Repeat("é", 400), strings.Repeat("é", 150) + "…"},
		"no text":        {"\xff\n", "\uFFFD"},
	} {
		t.Run(name, func(t *testing.T) {
			var l lastWords
			for chunk := range slices.Chunk([]byte(row.said), 7) {
				if n, err := l.Write(chunk); n != len(chunk) || err != nil {
					t.Fatal(n, err)
				}
			}
			if got := l.String(); got != row.want {
				t.Errorf("words are %q, want %q", got, row.want)
			}
		})
	}
}
