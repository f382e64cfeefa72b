package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/machine"
	"sluice/harness/record"
)

// calm is a machine on which there is nothing to find.
func calm() Facts {
	still := record.Conditions{
		StealShare: new(0.0), CPUPressure: new(0.0), IOPressure: new(0.0), MemoryPressure: new(0.0), ThrottledS: new(0.0),
		FrequencyLowHz: new(3e9), FrequencyHighHz: new(3.1e9), ThermalThrottles: new(0.0), SuspendedS: new(0.0), SwappedBytes: new(0.0), OOMKills: new(0.0),
	}
	quiet := Observed{Seconds: 5, OthersShare: new(0.004), Exact: true, Conditions: still, busy: map[int]float64{0: 0, 1: 0, 2: 0, 3: 0}}
	return Facts{
		Settings: machine.Settings{
			Cores: []int{0, 1}, Online: []int{0, 1, 2, 3}, QuotaCores: new(2.0), Siblings: map[int][]int{0: {2}, 1: {3}}, Governors: []string{"performance"}, Turbo: new(false),
			HugePages: "madvise", ASLR: new(int64(2)), ClockSource: "tsc", SwapTotal: new(int64(0)), SwapUsed: new(int64(0)),
			Memory: new(int64(16 << 30)), MemoryAvailable: new(int64(12 << 30)), Load: new(0.1), Counters: true,
		},
		Before: quiet, Spin: Spun{Threads: 2, During: quiet, Wall: still20(0.01), CPU: still20(0.001)},
		Store: machine.Place{Folder: "/data", FileSystem: "ext4", FreeBytes: new(int64(50 << 30))},
	}
}

// still20 is 20 pairs without a false difference.
func still20(spread float64) Figure {
	return Figure{Spread: spread, Ratio: 1, Low: 0.995, High: 1.005, N: 20, Detectable: []Effect{{10, 1 + spread}, {20, 1 + spread/2}}}
}

func TestACalmMachineGivesNoWarning(t *testing.T) {
	all := Examine(calm())
	if len(all) < 15 {
		t.Errorf("%d findings of a machine that tells everything", len(all))
	}
	for _, f := range all {
		if f.Severity != OK || f.Why != "" || f.Change != "" || f.Found == "" {
			t.Errorf("%+v", f)
		}
	}
}

func TestWhatIsAbsentIsNotSpokenOf(t *testing.T) {
	f := Facts{Spin: Spun{Wall: still20(0.01), CPU: still20(0.01)}}
	for _, finding := range Examine(f) {
		if finding.Topic != "A against A" {
			t.Errorf("of a machine that tells nothing: %+v", finding)
		}
	}
}

func TestEachDisturbanceIsFoundAlone(t *testing.T) {
	for name, row := range map[string]struct {
		change   func(*Facts)
		topic    string
		severity Severity
		found    string // part of it
		remedy   string // part of the change
	}{
		"a busy neighbour": {func(f *Facts) {
			f.Before.OthersShare, f.Before.Top = new(0.31), []machine.Process{{PID: 7, Name: "cc1", Share: 0.3}}
		}, "others", Warning, "31 % of the machine is used, 0.4 % while we computed: cc1 (pid 7) 30 %", "ps -fp 7 "},
		"many small neighbours": {func(f *Facts) {
			f.Before.OthersShare, f.Before.Top = new(0.06), []machine.Process{{PID: 7, Name: "a", Share: 0.03}, {PID: 8, Name: "b", Share: 0.0001}}
		}, "others", Warning, "6.0 % of the machine is used, 0.4 % while we computed: a (pid 7) 3.0 %", "idle"},
		"a neighbour that came while we computed": {func(f *Facts) { f.Spin.During.OthersShare = new(0.2) }, "others", Warning, "20 % while we computed", "idle"},
		"a neighbour on our cores": {func(f *Facts) {
			f.Before.CoresShare, f.Before.part = new(0.12), true
		}, "others", Warning, "0.4 % of the machine is used, 12 % of the cores that we may use, 0.4 % while", "idle"},
		"a neighbour on other cores": {func(f *Facts) {
			f.Before.OthersShare, f.Before.CoresShare, f.Before.part = new(0.5), new(0.01), true
		}, "", OK, "", ""},
		"one that cannot be seen":     {func(f *Facts) { f.Before.OthersShare = new(0.2) }, "others", Warning, "20 % is nobody's", "idle"},
		"a false difference":          {func(f *Facts) { f.Spin.Wall.Different = true }, "A against A", Note, "a false difference by wall time", "again"},
		"neighbours on the host":      {func(f *Facts) { f.Spin.During.Conditions.StealShare = new(0.02) }, "steal", Warning, "2.0 %", "instance"},
		"a queue for the CPUs":        {func(f *Facts) { f.Before.Conditions.CPUPressure = new(0.4) }, "waiting for CPUs", Warning, "40 %", "--cores"},
		"our own queue is not theirs": {func(f *Facts) { f.Spin.During.Conditions.CPUPressure = new(0.9) }, "", OK, "", ""},
		"a queue for the disk":        {func(f *Facts) { f.Before.Conditions.IOPressure = new(0.06) }, "waiting for storage", Warning, "6.0 %", "pidstat"},
		"a queue for memory":          {func(f *Facts) { f.Before.Conditions.MemoryPressure = new(0.02) }, "waiting for memory", Warning, "2.0 %", "ps aux"},
		"a quota that bit":            {func(f *Facts) { f.Spin.During.Conditions.ThrottledS = new(0.5) }, "throttling", Warning, "500 ms", "cpu.max"},
		"a quota below the cores":     {func(f *Facts) { f.Settings.QuotaCores = new(1.5) }, "CPU quota", Note, "1.5 cores, on 2 cores", "--cores 1"},
		"half a core":                 {func(f *Facts) { f.Settings.QuotaCores = new(0.5) }, "CPU quota", Note, "0.5 cores, on 2 cores", "raise the quota to whole"},
		"a busy hardware thread":      {func(f *Facts) { f.Before.busy[3] = 0.4 }, "hardware threads", Warning, "core 1 with thread 3, 40 % busy", "taskset"},
		"threads of one core": {
			func(f *Facts) { f.Settings.Siblings = map[int][]int{0: {1}, 1: {0}} }, "hardware threads", Note, "0 and 1", "taskset -c 0 ",
		},
		"a lazy governor":        {func(f *Facts) { f.Settings.Governors = []string{"powersave"} }, "frequency governor", Note, "powersave", "-g performance"},
		"turbo":                  {func(f *Facts) { f.Settings.Turbo = new(true) }, "turbo", Note, "on", "no_turbo"},
		"cores of unequal speed": {func(f *Facts) { f.Spin.During.Conditions.FrequencyHighHz = new(4e9) }, "clock rate", Note, "3.00 to 4.00 GHz", "cpupower"},
		"heat":                   {func(f *Facts) { f.Spin.During.Conditions.ThermalThrottles = new(3.0) }, "heat", Warning, "3 times", "cool"},
		"a busy minute":          {func(f *Facts) { f.Settings.Load = new(2.5) }, "load", Note, "2.50 tasks ran or waited on the average of the last minute, for 4 cores", "wait"},
		"sleep":                  {func(f *Facts) { f.Before.Conditions.SuspendedS = new(2.0) }, "sleep", Warning, "2 s", "systemd-inhibit"},
		"swap that stands by": {
			func(f *Facts) { f.Settings.SwapTotal, f.Settings.SwapUsed = new(int64(1e9)), new(int64(0)) }, "swap", Note, "0 B of 1 GB", "swapoff",
		},
		"swap at work":       {func(f *Facts) { f.Before.Conditions.SwappedBytes = new(8e6) }, "swap", Warning, "8 MB moved", "swapoff"},
		"little memory":      {func(f *Facts) { f.Settings.MemoryAvailable = new(int64(5e8)) }, "memory", Warning, "500 MB", "ps aux"},
		"kills":              {func(f *Facts) { f.Before.Conditions.OOMKills = new(1.0) }, "out of memory", Warning, "killed 1 ", "dmesg"},
		"huge pages":         {func(f *Facts) { f.Settings.HugePages = "always" }, "transparent huge pages", Note, "always", "madvise"},
		"one layout for all": {func(f *Facts) { f.Settings.ASLR = new(int64(0)) }, "address layout", Note, "same", "randomize_va_space=2"},
		"a slow clock":       {func(f *Facts) { f.Settings.ClockSource = "hpet" }, "clock source", Warning, "hpet", "no faster one"},
		"a slow clock by choice": {
			func(f *Facts) { f.Settings.ClockSource, f.Settings.ClockSources = "hpet", []string{"tsc", "hpet"} }, "clock source", Warning, "hpet", "echo tsc",
		},
		"a virtual machine":      {func(f *Facts) { f.Settings.Virtual = "virtual machine, xen" }, "virtual", Note, "xen", "another day"},
		"a store over the net":   {func(f *Facts) { f.Store.FileSystem = "nfs4" }, "store", Warning, "/data on nfs4", "--store"},
		"a store in memory":      {func(f *Facts) { f.Store.FileSystem = "tmpfs" }, "store", Note, "tmpfs", "--store"},
		"a store without room":   {func(f *Facts) { f.Store.FreeBytes = new(int64(2e8)) }, "store", Warning, "200 MB free", "runs rm"},
		"no counters are silent": {func(f *Facts) { f.Settings.Counters = false }, "", OK, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			facts := calm()
			row.change(&facts)
			seen := false
			for _, f := range Examine(facts) {
				if f.Severity == OK {
					continue
				}
				seen = true
				if f.Topic != row.topic || f.Severity != row.severity || !strings.Contains(f.Found, row.found) || !strings.Contains(f.Change, row.remedy) || f.Why == "" {
					t.Errorf("got %+v", f)
				}
			}
			if seen != (row.topic != "") {
				t.Errorf("found something: %v", seen)
			}
		})
	}
}

func TestTheVerdictNamesTheFirstReason(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Facts)
		want   string
	}{
		"calm":              {func(*Facts) {}, "quiet enough to show 0.5 % in 20 pairs"},
		"others":            {func(f *Facts) { f.Before.OthersShare = new(0.31) }, "not quiet: others use 31 %; with 20 pairs only ≥ 0.5 % shows"},
		"others, later":     {func(f *Facts) { f.Spin.During.OthersShare = new(0.061) }, "not quiet: others use 6.1 %; with 20 pairs only ≥ 0.5 % shows"},
		"others beside us":  {func(f *Facts) { f.Before.OthersShare, f.Before.CoresShare, f.Before.part = new(0.5), new(0.01), true }, "quiet enough to show 0.5 % in 20 pairs"},
		"others among us":   {func(f *Facts) { f.Before.CoresShare, f.Before.part = new(0.5), true }, "not quiet: others use 50 % of the cores that we may use; with 20 pairs only ≥ 0.5 % shows"},
		"at the bound":      {func(f *Facts) { f.Before.OthersShare = new(0.05) }, "quiet enough to show 0.5 % in 20 pairs"},
		"others unknown":    {func(f *Facts) { f.Before.OthersShare, f.Spin.During.OthersShare = nil, nil }, "not quiet: what others use cannot be read; with 20 pairs only ≥ 0.5 % shows"},
		"a quota that bit":  {func(f *Facts) { f.Spin.During.Conditions.ThrottledS = new(0.25) }, "not quiet: the CPU quota stopped us for 250 ms; with 20 pairs only ≥ 0.5 % shows"},
		"a night's sleep":   {func(f *Facts) { f.Before.Conditions.SuspendedS = new(9.0) }, "not quiet: the machine slept meanwhile; with 20 pairs only ≥ 0.5 % shows"},
		"a scattering spin": {func(f *Facts) { f.Spin.Wall = still20(0.1732) }, "quiet enough to show 8.7 % in 20 pairs"},
	} {
		t.Run(name, func(t *testing.T) {
			f := calm()
			row.change(&f)
			r := Report{Before: f.Before, Spin: f.Spin, Findings: Examine(f)}
			r.Conclude()
			if r.Verdict != row.want || r.Quiet != strings.HasPrefix(row.want, "quiet") {
				t.Errorf("got %q (%v), want %q", r.Verdict, r.Quiet, row.want)
			}
		})
	}
}

func TestTheGravestFindingStandsFirst(t *testing.T) {
	f := calm()
	f.Settings.Turbo, f.Before.OthersShare, f.Store.FileSystem = new(true), new(0.5), "nfs"
	r := Report{Before: f.Before, Spin: f.Spin, Findings: Examine(f)}
	r.Conclude()
	var got []string
	for _, f := range r.Findings[:4] {
		got = append(got, string(f.Severity)+" "+f.Topic)
	}
	if diff := cmp.Diff([]string{"warning others", "warning store", "note turbo", "ok A against A"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// pairsOf draws pairs whose log ratios have a standard deviation of sigma.
func pairsOf(n int, sigma, shift float64) []Pair {
	rng := rand.New(rand.NewPCG(3, 4))
	all := make([]Pair, n)
	for i := range all {
		all[i].B = Lap{WallS: 0.1, CPUS: 0.2}
		all[i].A = Lap{WallS: 0.1 * math.Exp(shift+sigma*rng.NormFloat64()), CPUS: 0.2}
	}
	return all
}

func TestPairsAreJudgedByTheirScatter(t *testing.T) {
	f, err := Judge(record.Wall, pairsOf(40, 0.05, 0), Wall)
	if err != nil {
		t.Fatal(err)
	}
	// A t-test of 20 pairs shows 2.8 standard errors four times in five.
	if want := math.Exp(2.8 * 0.05 / math.Sqrt(20)); math.Abs(f.Detectable[1].Ratio-want) > 0.012 {
		t.Errorf("20 pairs show %v, want about %.3f", f.Detectable[1].Ratio, want)
	}
	if math.Abs(f.Spread-0.05) > 0.015 || f.Different || f.N != 40 || f.Low > 1 || f.High < 1 || math.Abs(f.Median-0.1) > 0.005 {
		t.Errorf("got %+v", f)
	}
	if f, err = Judge(record.Wall, pairsOf(20, 0.01, 0.1), Wall); err != nil || !f.Different || f.Low <= 1 {
		t.Errorf("a tenth more in every A: got %+v, %v", f, err)
	}
	if f, err = Judge(record.CPU, pairsOf(20, 0.01, 0.1), CPU); err != nil || f.Different || f.Spread != 0 {
		t.Errorf("the same CPU time in all: got %+v, %v", f, err)
	}
	if _, err := Judge(record.Wall, pairsOf(LeastPairs-1, 0.01, 0), Wall); err == nil {
		t.Error("too few pairs: no error")
	}
	if _, err := Judge(record.Wall, make([]Pair, 20), Wall); err == nil {
		t.Error("laps that took no time: no error")
	}
}

func TestAnEffectIsNeverPromisedTooSmall(t *testing.T) {
	for ratio, want := range map[float64]string{1.0201: "2.1 %", 1.02: "2 %", 1.123: "13 %", 1.00034: "0.04 %", 1: "0 %", 2.5: "150 %", math.Inf(1): "–"} {
		if got := (Effect{20, ratio}).String(); got != want {
			t.Errorf("%v: got %q, want %q", ratio, got, want)
		}
	}
}

func TestPairsAreDoneInBothOrders(t *testing.T) {
	laps, done := 0, 0
	do := func() (Lap, error) {
		laps++
		return Lap{WallS: float64(laps), CPUS: 1}, nil
	}
	pairs, err := Spin(t.Context(), 20, do, func() { done++ })
	if err != nil || laps != 41 || done != 20 {
		t.Fatalf("%d laps and %d calls, %v; want 41 and 20", laps, done, err)
	}
	first := 0
	for i, p := range pairs {
		low := min(p.A.WallS, p.B.WallS)
		if low != float64(2*i+2) || max(p.A.WallS, p.B.WallS) != low+1 {
			t.Errorf("pair %d is laps %v and %v", i, p.A.WallS, p.B.WallS)
		}
		if p.A.WallS < p.B.WallS {
			first++
		}
	}
	if first < 4 || first > 16 {
		t.Errorf("A came first in %d of 20 pairs", first)
	}
}

func TestTheSpinStopsBetweenLaps(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	laps := 0
	do := func() (Lap, error) {
		if laps++; laps == 4 {
			cancel(enough)
		}
		return Lap{1, 1}, nil
	}
	if _, err := Spin(ctx, 20, do, nil); !errors.Is(err, enough) || laps != 4 {
		t.Errorf("got %v after %d laps, want the cause after 4", err, laps)
	}
	broken := errors.New("no clock")
	if _, err := Spin(t.Context(), 20, func() (Lap, error) { return Lap{}, broken }, nil); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func TestWatchingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Observe(ctx, machine.Settings{}, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestWorkTakesTheTimeItWasCalibratedFor(t *testing.T) {
	const d = 20 * time.Millisecond
	w, err := Calibrate(2, d)
	if err != nil {
		t.Fatal(err)
	}
	lap, err := w.Do()
	if err != nil {
		t.Fatal(err)
	}
	// Beside busy hardware threads the same work may take twice as long.
	if each := lap.CPUS / 2; each < d.Seconds()/4 || each > 4*d.Seconds() || lap.WallS <= 0 {
		t.Errorf("%v s of CPU time on each of 2 threads, want about %v", each, d)
	}
}

func TestWrongPlansAreRefusedAllAtOnce(t *testing.T) {
	err := Plan{For: -1, Pairs: 5, Lap: 0}.Validate()
	for _, part := range []string{"-1ns", "5 pairs", "laps of 0s"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want %q in it", err, part)
		}
	}
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestTheReportHoldsOnlyWhatCanBeWritten(t *testing.T) {
	parts := 0
	p := Plan{For: time.Millisecond, Pairs: LeastPairs, Lap: time.Millisecond, Store: t.TempDir()}
	r, err := p.Run(t.Context(), func() { parts++ }, func() { parts++ })
	if err != nil {
		t.Fatal(err)
	}
	if parts != 1+LeastPairs || r.Schema != Schema || r.Verdict == "" || len(r.Findings) == 0 {
		t.Errorf("%d calls, report %+v", parts, r)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Errorf("with as few pairs as can be: %v", err)
	}
	if _, err := (Plan{}).Run(t.Context(), nil, nil); err == nil {
		t.Error("an empty plan: no error")
	}
}
