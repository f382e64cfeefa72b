package machine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBusyTimeIsSummedFromTheCPULine(t *testing.T) {
	const text = "cpu  100 20 30 5000 400 6 7 8 50 0\ncpu0 50 10 15 2500 200 3 3 4 25 0\ncpu1 50 10 15 2500 200 3 4 4 25 0\nintr 498207 0 0\n"
	got, err := parseStat(text)
	if err != nil {
		t.Fatal(err)
	}
	// user, nice, system, irq, softirq and steal; neither idle, iowait nor guest
	ms := func(busy, interrupts, steal time.Duration) cpuTime {
		return cpuTime{busy * time.Millisecond, interrupts * time.Millisecond, steal * time.Millisecond}
	}
	want := stat{all: ms(1710, 130, 80), cores: map[int]cpuTime{0: ms(850, 60, 40), 1: ms(860, 70, 40)}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(stat{}, cpuTime{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "intr 1\n", "cpu x 1 1\ncpu0 1 1 1\n", "cpu 1 2 3\n"} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// at is a machine of two cores, so long after some start.
func at(wall, first, second, own time.Duration) snapshot {
	return snapshot{
		at: time.Unix(0, 0).Add(wall), own: time.Minute + own,
		ticks: map[int]time.Duration{0: time.Hour + first, 1: 2*time.Hour + second},
	}
}

func TestOthersAreWhatNeitherWeNorTheChildUsed(t *testing.T) {
	const ms = time.Millisecond
	for name, row := range map[string]struct {
		end   snapshot
		child time.Duration
		want  float64
	}{
		"a quiet machine":               {at(time.Second, 1000*ms, 10*ms, 10*ms), time.Second, 0},
		"others take a quarter":         {at(time.Second, 1000*ms, 500*ms, 0), time.Second, 0.25},
		"others take all":               {at(time.Second, time.Second, time.Second, 0), 0, 1},
		"ticks lag behind exact clocks": {at(time.Second, 490*ms, 500*ms, 0), time.Second, 0},
		"ticks run ahead of the clock":  {at(time.Second, time.Second, 1010*ms, 0), 0, 1},
		"no time has passed":            {at(0, 0, 0, 0), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := others(at(0, 0, 0, 0), row.end, row.child); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestOthersOnTheTrialsCoresAreToldFromOthersBeside(t *testing.T) {
	const ms = time.Millisecond
	// The child has half of core 0, somebody a quarter of it and all of core 1.
	start, end := at(0, 0, 0, 0), at(time.Second, 750*ms, 1000*ms, 0)
	for name, row := range map[string]struct {
		cores []int
		child time.Duration
		want  float64
	}{
		"its core":       {[]int{0}, 500 * ms, 0.25},
		"the other core": {[]int{1}, 0, 1},
		"both":           {[]int{0, 1}, 500 * ms, 0.625},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := othersOn(start, end, row.cores, row.child); got != row.want || err != nil {
				t.Errorf("got %v, %v; want %v", got, err, row.want)
			}
		})
	}
	if got, err := othersOn(start, end, []int{0, 7}, 0); err == nil {
		t.Errorf("a core that is not there: got %v, want an error", got)
	}
}

func TestExactTimesAreUsedWhereBothEndsHaveThem(t *testing.T) {
	const ms = time.Millisecond
	start, end := at(0, 0, 0, 0), at(time.Second, 600*ms, 0, 0)
	start.exact = map[int]time.Duration{0: 0, 1: 0}
	if got := others(start, end, 0); got != 0.3 {
		t.Errorf("one end alone: got %v, want 0.3 by ticks", got)
	}
	end.exact = map[int]time.Duration{0: 500 * ms, 1: 0}
	if got := others(start, end, 0); got != 0.25 {
		t.Errorf("got %v, want 0.25", got)
	}
}

func TestExactTimesAreThoseOfTheRootGroup(t *testing.T) {
	const point = "sys/fs/cgroup/cpuacct/"
	base := with(guest(), map[string]string{
		"proc/self/mountinfo":          "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n",
		"proc/stat":                    "cpu  100 0 0 0 0 2 3 4\ncpu0 40 0 0 0 0 1 1 2\ncpu1 60 0 0 0 0 1 2 2\n",
		point + "release_agent":        "\n",
		point + "cpuacct.usage_percpu": "411000000 622000000 \n",
	})
	for name, row := range map[string]struct {
		over map[string]string
		want map[int]time.Duration
	}{
		// tasks from the exact counter; interrupts and steal from the ticks
		"the root":                    {nil, map[int]time.Duration{0: 451 * time.Millisecond, 1: 672 * time.Millisecond}},
		"a container's own group":     {map[string]string{point + "release_agent": ""}, nil},
		"the file is missing":         {map[string]string{point + "cpuacct.usage_percpu": ""}, nil},
		"a core is missing":           {map[string]string{point + "cpuacct.usage_percpu": "411000000"}, nil},
		"gaps between the CPUs":       {map[string]string{"sys/devices/system/cpu/possible": "0,4"}, nil},
		"not a number":                {map[string]string{point + "cpuacct.usage_percpu": "x y"}, nil},
		"version 2 has no such thing": {map[string]string{"proc/self/mountinfo": "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := fixture(with(base, row.over)).places()
			got, err := Meter{host: p.host, usage: p.usage}.snapshot()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got.exact); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := 440 * time.Millisecond; got.ticks[0] != want {
				t.Errorf("ticks of core 0: got %v, want %v", got.ticks[0], want)
			}
		})
	}
}

func TestTheMeterRunsHere(t *testing.T) {
	m, err := StartMeter()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if share, err := m.Others(0); err != nil || share < 0 || share > 1 {
			t.Errorf("got %v, %v; want 0 … 1", share, err)
		}
	}
}

func BenchmarkStartMeter(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := StartMeter(); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("cpu  100 20 30 5000 400 6 7 8 50 0\ncpu0 50 10 15 2500 200 3 3 4 25 0\n")
	f.Fuzz(func(t *testing.T, text string) {
		if st, err := parseStat(text); err == nil && len(st.cores) < 1 {
			t.Errorf("%q: no cores and no error", text)
		}
	})
}
