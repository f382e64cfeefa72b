package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/lab"
	"sluice/harness/machine"
	"sluice/harness/record"
)

// script is a target in dir that runs a shell script; "{n}" may stand in it.
func script(t *testing.T, dir, text, more string) *Command {
	t.Helper()
	file := fmt.Sprintf("command: [sh, -c, %s, '{n}']\nknobs: {n: {type: int, min: 1, max: 64}}\ndefaults: {n: 2}\n%s", strconv.Quote(text), more)
	return command(t, dir, file, dir)
}

// command is a target file as if it stood in dir.
func command(t *testing.T, dir, file, corpus string) *Command {
	t.Helper()
	d, err := ParseCommand(filepath.Join(dir, "target.yaml"), []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	mask, err := machine.Affinity()
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.New(Options{Cores: mask[:1], Seed: 7, Corpus: corpus})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func measure(t *testing.T, c *Command, limit time.Duration) record.Trial {
	t.Helper()
	trial, err := c.Measure(t.Context(), lab.Job{Arm: lab.Arm{Config: c.def.Defaults}, Limit: limit, Trial: 11})
	if err != nil {
		t.Fatal(err)
	}
	return trial
}

func TestAFigureIsReadWhereTheDefinitionSays(t *testing.T) {
	for _, test := range []struct {
		name, script, metric string
		want                 float64
	}{
		{"a key of the last object", `echo '{"x": 1}'; echo '{"x": 2.5}'; echo done`, `{from: stdout-json, better: lower}`, 2.5},
		{"a key below others", `echo '{"a": {"b.c": [3, {"d": 4}]}}'`, `{from: stdout-json, key: a.b.c.1.d, better: lower}`, 4},
		{"a key that holds dots", `echo '{"a.b": 5, "a": {"b": 6}}'`, `{from: stdout-json, key: a.b, better: lower}`, 5},
		{"the last match", `echo 'rate 7 files/s'; echo 'rate 8.5 files/s'`, `{from: stdout-regex, pattern: 'rate ([0-9.]+) files/s$', better: higher}`, 8.5},
		{"an object in a file", `printf '{\n"x":\n9}' > out.json`, `{from: file, path: out.json, better: lower}`, 9},
		{"the last line of a file", `printf '{"x":1}\n{"x":10}\n' > out-$0.json`, `{from: file, path: "out-{n}.json", better: lower}`, 10},
		{"text in a file", `echo took 11 s > out.txt`, `{from: file, path: out.txt, pattern: 'took (\d+)', better: lower}`, 11},
		{"a benchmark", "printf 'goos: linux\\nBenchmarkA-8 10 12.5 ns/op 3 B/op 1 allocs/op 99 files/s\\nBenchmarkB-8 10 1 ns/op\\nPASS\\n'", `{from: go-bench, key: BenchmarkA ns/op, better: lower}`, 12.5},
		{"a benchmark's own unit", "printf 'BenchmarkA/n=4-8 10 12.5 ns/op 99 files/s\\n'", `{from: go-bench, key: BenchmarkA/n=4 files/s, better: higher}`, 99},
		{"a benchmark run thrice", "printf 'BenchmarkA 1 30 ns/op\\nBenchmarkA 1 10 ns/op\\nBenchmarkA 1 20 ns/op\\n'", `{from: go-bench, key: ns/op, better: lower}`, 20},
		{"behind megabytes", `head -c 3000000 /dev/zero | tr '\0' 'a'; echo; echo '{"x": 12}'`, `{from: stdout-json, better: lower}`, 12},
	} {
		t.Run(test.name, func(t *testing.T) {
			trial := measure(t, script(t, t.TempDir(), test.script, "metrics: {x: "+test.metric+"}\n"), 10*time.Second)
			if trial.Status != record.OK {
				t.Fatalf("%s: %s", trial.Status, trial.Reason)
			}
			if got := trial.Metrics["x"]; got != test.want {
				t.Errorf("x is %v, want %v", got, test.want)
			}
			for _, name := range []string{record.Wall, record.CPU, record.RSS} {
				if v, ok := trial.Metrics[name]; !ok || v < 0 {
					t.Errorf("%s is %v, %v", name, v, ok)
				}
			}
		})
	}
}

func TestAMissingFigureFailsItsTrialAndSaysWhatWasFound(t *testing.T) {
	const asJSON = `{from: stdout-json, key: rate, better: higher}`
	for _, test := range []struct{ name, script, metric, want string }{
		{"no output", `true`, asJSON, `metric x (stdout-json, key "rate"): standard output holds no line that is a JSON object; it is empty`},
		{"no JSON", `echo hello`, asJSON, `its last line is "hello"`},
		{"a list", `echo '[1]'`, asJSON, `no line that is a JSON object`},
		{"another key", `echo '{"rat": 1}'`, asJSON, `the JSON object has no such key; it holds "rat"`},
		{"NaN", `echo '{"rate": 1}'; echo '{"rate": NaN}'`, asJSON, `found text "NaN", expected a number`},
		{"infinity", `echo '{"rate": -Infinity}'`, asJSON, `found text "-Infinity", expected a number`},
		{"NaN as text", `echo '{"rate": "NaN"}'`, asJSON, `found text "NaN", expected a number`},
		{"null", `echo '{"rate": null}'`, asJSON, `found null, expected a number`},
		{"a number too large", `echo '{"rate": 1e999}'`, asJSON, `found "1e999", expected a finite number`},
		{"an object", `echo '{"rate": {"x": 1}}'`, asJSON, `found an object, expected a number`},
		{"half an object", `printf '{"rate": 1'`, asJSON, `no line that is a JSON object`},
		{"an object in front of megabytes", `echo '{"rate": 1}'; head -c 3000000 /dev/zero | tr '\0' 'a'`, asJSON, `no line that is a JSON object`},
		{"no match", `echo rate: x`, `{from: stdout-regex, pattern: 'rate: (\d+)', better: higher}`, `metric x (stdout-regex, pattern rate: (\d+)): standard output does not match; its last line is "rate: x"`},
		{"a match that is no number", `echo rate: x`, `{from: stdout-regex, pattern: 'rate: (\w+)', better: higher}`, `found "x", expected a number`},
		{"a match that is NaN", `echo rate: nan`, `{from: stdout-regex, pattern: 'rate: (\w+)', better: higher}`, `found NaN, expected a finite number`},
		{"no file", `true`, `{from: file, path: none.json, better: higher}`, `none.json: no such file`},
		{"a folder for a file", `mkdir out`, `{from: file, path: out, better: higher}`, `is a directory`},
		{"no benchmark", `echo PASS`, `{from: go-bench, key: BenchmarkA ns/op, better: lower}`, `no line of a Go benchmark; its last line is "PASS"`},
		{"another benchmark", `echo BenchmarkB-8 1 5 ns/op`, `{from: go-bench, key: BenchmarkA ns/op, better: lower}`, `no benchmark has that figure; found "BenchmarkB"`},
		{"another unit", `echo BenchmarkA-8 1 5 ns/op`, `{from: go-bench, key: BenchmarkA B/op, better: lower}`, `found "ns/op"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			trial := measure(t, script(t, t.TempDir(), test.script, "metrics: {x: "+test.metric+"}\n"), 10*time.Second)
			if trial.Status != record.Failed || !strings.Contains(trial.Reason, test.want) {
				t.Errorf("%s, %s\nwant failed, %s", trial.Status, trial.Reason, test.want)
			}
			if v, ok := trial.Metrics["x"]; ok {
				t.Errorf("the trial carries x = %v", v)
			}
		})
	}
}

func TestACommandThatMisbehavesIsATrialThatFailed(t *testing.T) {
	for _, test := range []struct {
		name, script, more string
		limit              time.Duration
		status             record.Status
		want               string
	}{
		{"fails", `echo no such thing >&2; exit 3`, "", 0, record.Failed, "exit status 3: no such thing"},
		{"fails as it may", `exit 1`, "exit_ok: [0, 1]\n", 0, record.OK, ""},
		{"succeeds where it should fail", `exit 0`, "exit_ok: [1]\n", 0, record.Failed, "exit status 0"},
		{"hangs", `sleep 60`, "", 100 * time.Millisecond, record.TimedOut, "not finished within 100ms"},
		{"hangs beyond its own timeout", `sleep 60`, "timeout: 50ms\n", time.Minute, record.TimedOut, "not finished within 50ms"},
		{"ignores SIGTERM", `trap '' TERM INT HUP; while :; do sleep 60; done`, "", 100 * time.Millisecond, record.TimedOut, "not finished"},
		{"kills itself", `kill -SEGV $$`, "", 0, record.Killed, "SIGSEGV"},
		{"leaves a process behind", `sleep 60 & exit 0`, "", 0, record.OK, ""},
		{"wants a terminal", `test -t 0 || { echo not a terminal >&2; exit 1; }`, "", 0, record.Failed, "not a terminal"},
		{"asks the terminal", `read x </dev/tty`, "", 0, record.Failed, "/dev/tty"},
		{"leads a session without a terminal", `test "$(cut -d' ' -f6 /proc/$$/stat)" = $$`, "", 0, record.OK, ""},
		{"reads its input", `cat; exit 0`, "", 0, record.OK, ""},
		{"needs an input that is not there", `cat`, "stdin: none.txt\n", 0, record.Failed, "standard input: open"},
		{"writes what is not UTF-8", `printf '\377\376'`, "", 0, record.OK, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			trial := measure(t, script(t, t.TempDir(), test.script, test.more), test.limit)
			if trial.Status != test.status || !strings.Contains(trial.Reason, test.want) {
				t.Errorf("%s, %s\nwant %s, %s", trial.Status, trial.Reason, test.status, test.want)
			}
		})
	}
}

func TestAMetricThatVanishesFailsThatTrialAlone(t *testing.T) {
	c := script(t, t.TempDir(), `n=$(cat count 2>/dev/null || echo 0); echo $((n+1)) > count; test $n = 1 || echo "{\"x\": $n}"`,
		"metrics: {x: {from: stdout-json, better: higher}}\n")
	for i, want := range []record.Status{record.OK, record.Failed, record.OK} {
		if got := measure(t, c, 0); got.Status != want {
			t.Errorf("trial %d: %s (%s), want %s", i, got.Status, got.Reason, want)
		}
	}
}

func TestAFileOfAnEarlierTrialIsNotReadAgain(t *testing.T) {
	dir := t.TempDir()
	c := script(t, dir, `test -e out.json || echo '{"x": 1}' > out.json`, "metrics: {x: {from: file, path: out.json, better: higher}}\n")
	if first := measure(t, c, 0); first.Status != record.OK {
		t.Fatalf("%s: %s", first.Status, first.Reason)
	}
	second := measure(t, c, 0)
	if second.Status != record.Failed || !strings.Contains(second.Reason, "the trial did not write") {
		t.Errorf("%s: %s, want the old file refused", second.Status, second.Reason)
	}
}

func TestPrepareAndCleanupStandAroundEachTrial(t *testing.T) {
	dir := t.TempDir()
	c := script(t, dir, `echo "run $WHO $(pwd)" >> log`, `env: {WHO: "n{n}"}
prepare: [[sh, -c, 'echo "first $WHO $(pwd)" >> log'], [sh, -c, 'echo "second {trial}" >> log; sleep 0.2']]
cleanup: [sh, -c, 'echo "last $WHO" >> log']
`)
	trial := measure(t, c, 0)
	if trial.Status != record.OK || trial.Reason != "" {
		t.Fatalf("%s: %s", trial.Status, trial.Reason)
	}
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("first n2 %s\nsecond 11\nrun n2 %s\nlast n2\n", dir, dir); string(log) != want {
		t.Errorf("got:\n%swant:\n%s", log, want)
	}
	if wall := trial.Metrics[record.Wall]; wall >= 0.2 {
		t.Errorf("wall time is %.3f s: that of prepare is in it", wall)
	}
}

func TestAPrepareThatFailsIsTheTrialsFailure(t *testing.T) {
	dir := t.TempDir()
	c := script(t, dir, `touch ran`, "prepare: [[sh, -c, 'echo disk full >&2; exit 4'], [touch, second]]\ncleanup: [touch, cleaned]\n")
	trial := measure(t, c, 0)
	if trial.Status != record.Failed || trial.Reason != "prepare (sh -c 'echo disk full >&2; exit 4'): exit status 4: disk full" {
		t.Errorf("%s: %s", trial.Status, trial.Reason)
	}
	for name, want := range map[string]bool{"ran": false, "second": false, "cleaned": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("file %s is there: %v, want %v", name, err == nil, want)
		}
	}
}

func TestACleanupThatFailsIsAWarning(t *testing.T) {
	trial := measure(t, script(t, t.TempDir(), `true`, "cleanup: [[sh, -c, 'exit 5']]\n"), 0)
	if trial.Status != record.OK || trial.Reason != "cleanup (sh -c 'exit 5'): exit status 5" {
		t.Errorf("%s: %q", trial.Status, trial.Reason)
	}
	trial = measure(t, script(t, t.TempDir(), `exit 1`, "cleanup: [no-such-program-here/x]\n"), 0)
	if trial.Status != record.Failed || !strings.Contains(trial.Reason, "exit status 1; cleanup (no-such-program-here/x): ") {
		t.Errorf("%s: %q", trial.Status, trial.Reason)
	}
}

func TestStoppingATrialStillCleansUp(t *testing.T) {
	dir := t.TempDir()
	c := script(t, dir, `: > started; sleep 60`, "cleanup: [touch, cleaned]\n")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	go func() {
		for {
			if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
				cancel(stop)
				return
			}
			runtime.Gosched()
		}
	}()
	if _, err := c.Measure(ctx, lab.Job{Arm: lab.Arm{Config: c.def.Defaults}, Limit: time.Minute}); !errors.Is(err, stop) {
		t.Errorf("error %v, want the cause of the end", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "cleaned")); err != nil {
		t.Error("cleanup did not run")
	}
}

func TestTheRecordedCommandRepeatsTheTrial(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in put"), []byte("read me"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := script(t, dir, `printf '%s|' "$0" "$A" "$GOMAXPROCS" "$(cat)" "$(pwd)" > "out$B"`, "env: {A: \"it's {n}{{\", B: 1}\nstdin: in put\n")
	trial := measure(t, c, 0)
	if trial.Status != record.OK {
		t.Fatalf("%s: %s", trial.Status, trial.Reason)
	}
	out := filepath.Join(dir, "out1")
	first, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if want := "2|it's 2{|1|read me|" + dir + "|"; string(first) != want {
		t.Errorf("the trial saw %q, want %q", first, want)
	}
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	again := exec.CommandContext(t.Context(), "sh", "-c", ShellLine(trial.Command))
	if text, err := again.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", ShellLine(trial.Command), err, text)
	}
	second, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if string(second) != string(first) {
		t.Errorf("%s\nsaw %q, the trial %q", ShellLine(trial.Command), second, first)
	}
}

func TestAShellReadsBackTheWordsOfALine(t *testing.T) {
	for _, words := range [][]string{
		{"rg", "-j", "4"},
		{"a b", "", "it's", `"`, "$HOME", "`x`", "a\nb", "*", "~", "#", "é", "-n", "--x=1"},
		{"!", "{a,b}", "\\", "&", ";", "(", "<"},
	} {
		line := "printf '%s\\0' " + ShellLine(words)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", line).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !cmp.Equal(got, words) {
			t.Errorf("%s is read as %q, want %q", line, got, words)
		}
	}
	if got := ShellLine([]string{"A=1", "x"}); got != "'A=1' x" {
		t.Errorf("got %s: the first word would be an assignment", got)
	}
}

func TestWhatWouldFailEveryTrialIsToldBeforeTheFirst(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"no program", "command: [no-such-program-here]\n", `program "no-such-program-here" is not in PATH`},
		{"no program to prepare", "command: ['true']\nprepare: [no-such-program-here]\n", `program "no-such-program-here" is not in PATH`},
		{"no folder", "command: ['true']\ncwd: none\n", "working directory of"},
		{"no corpus", "command: ['true', '{corpus}']\n", "uses {corpus}, and there is none"},
		{"no cores", "command: ['true']\n", "without cores"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := ParseCommand(filepath.Join(t.TempDir(), "t.yaml"), []byte(test.file+"env: {N: '{n}'}\nknobs: {n: {type: bool}}\ndefaults: {n: true}\n"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.New(Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

func TestAProgramThatAKnobNamesMayBeMissing(t *testing.T) {
	trial := measure(t, command(t, t.TempDir(), "command: ['{p}']\nknobs: {p: {type: choice, values: [no-such-program-here, 'true']}}\ndefaults: {p: no-such-program-here}\n", ""), 0)
	if trial.Status != record.Failed || !strings.Contains(trial.Reason, "not found") {
		t.Errorf("%s: %s", trial.Status, trial.Reason)
	}
}

func TestPlaceholdersOfATrial(t *testing.T) {
	dir := t.TempDir()
	c := script(t, dir, `echo "{corpus} {seed} {trial} {cores} {n}" > out`, "")
	if trial := measure(t, c, 0); trial.Status != record.OK {
		t.Fatalf("%s: %s", trial.Status, trial.Reason)
	}
	got, err := os.ReadFile(filepath.Join(dir, "out"))
	if want := dir + " 7 11 1 2\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestGoIsToldHowManyCoresATrialHas(t *testing.T) {
	for _, test := range []struct {
		name, env string
		cores     []int // of the job
		want      []string
	}{
		{"the scenario's", "", nil, []string{"GOMAXPROCS=3", "N=2"}},
		{"the job's", "", []int{1}, []string{"GOMAXPROCS=1", "N=2"}},
		{"the target's own", ", GOMAXPROCS: '{n}{cores}'", []int{1}, []string{"N=2", "GOMAXPROCS=21"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := script(t, t.TempDir(), "true", "env: {N: '{n}'"+test.env+"}\n")
			c.options.Cores = []int{0, 1, 2}
			l := c.render(lab.Job{Cores: test.cores})
			if !cmp.Equal(l.env, test.want) {
				t.Errorf("variables %q, want %q", l.env, test.want)
			}
			if want := max(len(test.cores), 3*(1-len(test.cores))); len(l.cores) != want {
				t.Errorf("runs on %v, want %d cores", l.cores, want)
			}
		})
	}
}

// BenchmarkOverhead is the harness's own cost of one measurement: that of `true`
// less the life of the process, as the trial saw it.
func BenchmarkOverhead(b *testing.B) {
	d, err := ParseLine([]string{"true", "{n=1..2}"}, 1)
	if err != nil {
		b.Fatal(err)
	}
	c, err := d.New(Options{Cores: []int{0}})
	if err != nil {
		b.Fatal(err)
	}
	inside := 0.0
	for b.Loop() {
		trial, err := c.Measure(b.Context(), lab.Job{Arm: lab.Arm{Config: d.Defaults}})
		if err != nil || trial.Status != record.OK {
			b.Fatal(err, trial.Reason)
		}
		inside += trial.Metrics[record.ProcessWall]
	}
	b.ReportMetric((b.Elapsed().Seconds()-inside)/float64(b.N)*1e3, "overhead-ms/op")
}
