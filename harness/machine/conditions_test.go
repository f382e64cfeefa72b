package machine

import (
	"math"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
)

// counting is a machine at two instants, the second after all that the first
// had counted has grown.
func counting(over map[string]string) (start, end map[string]string) {
	base := with(guest(), map[string]string{
		"proc/self/cgroup":                                     "1:cpu:/jobs\n0::/user\n",
		"proc/stat":                                            "cpu  10 0 0 90 0 0 0 100 0 0\ncpu0 5 0 0 45 0 0 0 50\ncpu1 5 0 0 45 0 0 0 50\nintr 1\n",
		"proc/pressure/cpu":                                    "some avg10=0.07 avg60=0.74 avg300=2.89 total=1000000\nfull avg10=0 avg60=0 avg300=0 total=77\n",
		"proc/pressure/io":                                     "some avg10=0.07 avg60=0.74 avg300=2.89 total=2000000\nfull avg10=0 avg60=0 avg300=0 total=77\n",
		"proc/pressure/memory":                                 "some avg10=0.07 avg60=0.74 avg300=2.89 total=0\n",
		"proc/vmstat":                                          "nr_free_pages 1\npswpin 3\npswpout 5\noom_kill 1\n",
		"sys/fs/cgroup/cpu/jobs/cpu.stat":                      "nr_periods 0\nnr_throttled 0\nthrottled_time 2000000000\n",
		"sys/fs/cgroup/cpu/cpu.stat":                           "nr_periods 0\nthrottled_time 0\n",
		"sys/fs/cgroup/unified/user/cpu.stat":                  "usage_usec 5\nthrottled_usec 1000000\n",
		"sys/fs/cgroup/unified/cpu.stat":                       "usage_usec 5\n",
		thermalFile(0, "core"):                                 "3",
		thermalFile(0, "package"):                              "10",
		thermalFile(1, "core"):                                 "4",
		thermalFile(1, "package"):                              "10",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "3000000",
		"sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "3000000",
	})
	later := map[string]string{
		"proc/stat":                           "cpu  10 0 0 90 0 0 0 200 0 0\ncpu0 5 0 0 45 0 0 0 100\ncpu1 5 0 0 45 0 0 0 100\nintr 1\n",
		"proc/pressure/cpu":                   "some avg10=0.07 avg60=0.74 avg300=2.89 total=1500000\n",
		"proc/pressure/io":                    "some avg10=0.07 avg60=0.74 avg300=2.89 total=9000000\n",
		"proc/vmstat":                         "pswpin 4\npswpout 7\noom_kill 3\n",
		"sys/fs/cgroup/cpu/jobs/cpu.stat":     "throttled_time 2250000000\n",
		"sys/fs/cgroup/unified/user/cpu.stat": "throttled_usec 1000001\n",
		thermalFile(0, "core"):                "5",
		thermalFile(1, "package"):             "13",
		"sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "1200000",
	}
	return with(base, over), with(with(base, later), over)
}

// between is what a watch over both cores says of two instants, two seconds apart.
func between(start, end map[string]string, slept time.Duration) record.Conditions {
	from, until := fixture(start).places().on([]int{0, 1}), fixture(end).places().on([]int{0, 1})
	a, b := from.read(), until.read()
	a.hertz, b.hertz = from.rates.read(from.host), until.rates.read(until.host)
	a.monotonic, a.boot = time.Hour, 2*time.Hour
	b.monotonic, b.boot = a.monotonic+2*time.Second, a.boot+2*time.Second+slept
	c := conditions(a, b)
	c.FrequencyLowHz, c.FrequencyHighHz = from.rates.span(a.hertz, b.hertz)
	return c
}

func TestConditionsAreWhatTheCountersGrewBy(t *testing.T) {
	start, end := counting(nil)
	got := between(start, end, 3*time.Second)
	want := record.Conditions{
		StealShare:       new(0.25), // 100 ticks of 10 ms, of two CPUs in two seconds
		CPUPressure:      new(0.25),
		IOPressure:       new(1.0), // 7 s of 2 s, cut to all of it
		MemoryPressure:   new(0.0),
		ThrottledS:       new(0.25), // of the group that was stopped most
		FrequencyLowHz:   new(1.2e9),
		FrequencyHighHz:  new(3e9),
		ThermalThrottles: new(5.0), // two of a core, three of the package
		SuspendedS:       new(3.0),
		SwappedBytes:     new(3 * float64(os.Getpagesize())),
		OOMKills:         new(2.0),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeReadIsAbsentAndNotZero(t *testing.T) {
	if diff := cmp.Diff(record.Conditions{SuspendedS: new(0.0)}, between(nil, nil, 0)); diff != "" {
		t.Errorf("a machine that tells nothing (-want +got):\n%s", diff)
	}
	nothing := func(c record.Conditions) map[string]bool {
		return map[string]bool{
			"steal": c.StealShare == nil, "cpu": c.CPUPressure == nil, "memory": c.MemoryPressure == nil, "throttled": c.ThrottledS == nil,
			"frequency": c.FrequencyLowHz == nil || c.FrequencyHighHz == nil, "thermal": c.ThermalThrottles == nil,
			"swapped": c.SwappedBytes == nil, "kills": c.OOMKills == nil,
		}
	}
	for name, row := range map[string]struct {
		absent string
		over   map[string]string
	}{
		"no cpu lines":                           {"steal", map[string]string{"proc/stat": "intr 1\n"}},
		"pressure is switched off":               {"cpu", map[string]string{"proc/pressure/cpu": ""}},
		"pressure in another form":               {"memory", map[string]string{"proc/pressure/memory": "full avg10=0 total=1\nsome total=x\n"}},
		"a kernel that does not count its kills": {"kills", map[string]string{"proc/vmstat": "pswpin 5\npswpout 7\n"}},
		"a kernel without swap":                  {"swapped", map[string]string{"proc/vmstat": "oom_kill 1\n"}},
		"a core that left":                       {"thermal", map[string]string{thermalFile(1, "core"): ""}},
		"a counter that went back":               {"thermal", map[string]string{thermalFile(0, "core"): "0", thermalFile(1, "core"): "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			start, end := counting(nil)
			for what, absent := range nothing(between(start, with(end, row.over), 0)) {
				if absent != (what == row.absent) {
					t.Errorf("%s absent: %v; want %s alone", what, absent, row.absent)
				}
			}
		})
	}
}

func TestGroupsWithoutAQuotaCounterAreAbsent(t *testing.T) {
	start, end := counting(map[string]string{"sys/fs/cgroup/cpu/jobs/cpu.stat": "", "sys/fs/cgroup/cpu/cpu.stat": ""})
	if got := between(start, end, 0).ThrottledS; got == nil || math.Abs(*got-1e-6) > 1e-9 {
		t.Errorf("version 2 alone: got %v, want 1 µs", got)
	}
	start, end = counting(map[string]string{"proc/self/cgroup": "0::/\n"})
	if got := between(start, end, 0).ThrottledS; got != nil {
		t.Errorf("the root group of version 2 has no such counter, got %v", *got)
	}
}

func TestAClockRateThatNeverChangesIsAbsent(t *testing.T) {
	cpuinfo := func(flags, first, second string) map[string]string {
		return map[string]string{
			"proc/cpuinfo": "processor\t: 0\ncpu MHz\t\t: " + first + "\nflags\t\t: fpu " + flags + "\n\n" +
				"processor\t: 1\ncpu MHz\t\t: " + second + "\nflags\t\t: fpu\n",
		}
	}
	for name, row := range map[string]struct {
		start, end map[string]string
		low, high  *float64
	}{
		"nothing is told":         {nil, nil, nil, nil},
		"a constant":              {cpuinfo("aperfmperf", "2596.098", "2596.098"), cpuinfo("aperfmperf", "2596.098", "2596.098"), nil, nil},
		"no counters behind it":   {cpuinfo("tsc", "2000", "2500"), cpuinfo("tsc", "3000", "2500"), nil, nil},
		"it differs in time":      {cpuinfo("aperfmperf", "2000", "2000"), cpuinfo("aperfmperf", "2500", "2500"), new(2.5e9), new(2.5e9)},
		"it differs between both": {cpuinfo("aperfmperf", "2000", "2500"), cpuinfo("aperfmperf", "2000", "2500"), new(2e9), new(2.5e9)},
	} {
		t.Run(name, func(t *testing.T) {
			c := between(row.start, row.end, 0)
			if diff := cmp.Diff([]*float64{row.low, row.high}, []*float64{c.FrequencyLowHz, c.FrequencyHighHz}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAWatchCanBeKeptHere(t *testing.T) {
	cores, err := Affinity()
	if err != nil {
		t.Fatal(err)
	}
	w := StartConditions(cores)
	c := w.End()
	if c.SuspendedS == nil || *c.SuspendedS != 0 {
		t.Errorf("slept for %v within microseconds", c.SuspendedS)
	}
	if c.StealShare == nil {
		t.Error("no steal, though /proc/stat can be read")
	}
}

// The bar is 200 µs for each. On a busy machine the time by the clock says little,
// so the CPU time stands beside it.
func BenchmarkStartConditions(b *testing.B) {
	cores, err := Affinity()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	began := ownCPU(b)
	for b.Loop() {
		StartConditions(cores)
	}
	b.ReportMetric(float64(ownCPU(b)-began)/float64(b.N), "cpu-ns/op")
}

func BenchmarkWatchEnd(b *testing.B) {
	cores, err := Affinity()
	if err != nil {
		b.Fatal(err)
	}
	w := StartConditions(cores)
	b.ReportAllocs()
	began := ownCPU(b)
	for b.Loop() {
		w.End()
	}
	b.ReportMetric(float64(ownCPU(b)-began)/float64(b.N), "cpu-ns/op")
}

// ownCPU is the CPU time of this process.
func ownCPU(b *testing.B) time.Duration {
	b.Helper()
	m, err := StartMeter()
	if err != nil {
		b.Fatal(err)
	}
	return m.start.own
}

func FuzzParsePressure(f *testing.F) {
	f.Add("some avg10=0.07 avg60=0.74 avg300=2.89 total=2277134392\nfull avg10=0 avg60=0 avg300=0 total=0\n")
	f.Fuzz(func(t *testing.T, text string) {
		if total := parsePressure(text); total < 0 || math.IsInf(total, 0) {
			t.Errorf("%q: %v", text, total)
		}
	})
}

func FuzzParseVMStat(f *testing.F) {
	f.Add("pswpin 4\npswpout 7\noom_kill 3\n")
	f.Fuzz(func(t *testing.T, text string) {
		if swapped, kills := parseVMStat(text, 4096); swapped < 0 || kills < 0 {
			t.Errorf("%q: %v and %v", text, swapped, kills)
		}
	})
}
