package load_test

import (
	"maps"
	"math"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/load"
)

// files are a system's: what stands in each.
type files map[string]string

func (f files) root() fstest.MapFS {
	root := fstest.MapFS{}
	for name, text := range f {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

// with is the system after some files have changed.
func (f files) with(change files) files {
	all := maps.Clone(f)
	maps.Copy(all, change)
	return all
}

const (
	stat0   = "cpu  100 0 100 1000 0 0 0 0 0 0\ncpu0 100 0 100 1000 0 0 0 0 0 0\n"
	stat30  = "cpu  110 0 110 1060 10 0 0 10 0 0\n" // 30 of 100 ticks, 10 of them stolen
	half    = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    500 kB\n"
	second  = time.Second
	inGroup = "0::/scan/one\n"
	own     = "sys/fs/cgroup/scan/one/"
	above   = "sys/fs/cgroup/scan/"
)

func machine() files {
	return files{"proc/stat": stat0, "proc/meminfo": half}
}

func group() files {
	return machine().with(files{
		"proc/self/cgroup": inGroup, "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
		own + "cpu.max": "max 100000\n", own + "cpu.stat": "usage_usec 0\n",
		own + "memory.max": "max\n", own + "memory.current": "300\n",
	})
}

func TestReadings(t *testing.T) {
	rows := []struct {
		name        string
		before      files
		change      files
		cpu, memory float64
	}{
		{"a machine, with what was stolen from it", machine(), files{"proc/stat": stat30}, 0.3, 0.5},
		{"a machine whose ticks stood still", machine(), nil, 0, 0.5},
		{"a machine whose memory fills", machine(), files{"proc/stat": stat30, "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 50 kB\n"}, 0.3, 0.95},
		{"a group without bounds", group(), files{"proc/stat": stat30, own + "cpu.stat": "usage_usec 900000\n"}, 0.3, 0.5},
		{
			"a group's quota of half a processor",
			group().with(files{own + "cpu.max": "50000 100000\n"}),
			files{"proc/stat": stat30, own + "cpu.stat": "usage_usec 450000\n"},
			0.9, 0.5,
		},
		{
			"a quota of the group above",
			group().with(files{above + "cpu.max": "200000 100000\n", above + "cpu.stat": "usage_usec 1000000\n"}),
			files{"proc/stat": stat30, above + "cpu.stat": "usage_usec 2600000\n"},
			0.8, 0.5,
		},
		{
			"a quota with more to give than the machine",
			group().with(files{own + "cpu.max": "400000 100000\n"}),
			files{"proc/stat": stat30, own + "cpu.stat": "usage_usec 200000\n"},
			0.3, 0.5,
		},
		{
			"a burst above the quota",
			group().with(files{own + "cpu.max": "50000 100000\n"}),
			files{"proc/stat": stat30, own + "cpu.stat": "usage_usec 700000\n"},
			1, 0.5,
		},
		{"a group's bound on memory", group().with(files{own + "memory.max": "400\n"}), files{"proc/stat": stat30}, 0.3, 0.75},
		{
			"a group's memory without pages of files",
			group().with(files{own + "memory.max": "400\n", own + "memory.stat": "anon 60\ninactive_file 240\n"}),
			files{"proc/stat": stat30},
			0.3, 0.5,
		},
		{
			"a container that sees the host's path",
			group().with(files{"proc/self/cgroup": "0::/host/slice\n", "sys/fs/cgroup/memory.max": "1000\n", "sys/fs/cgroup/memory.current": "800\n"}),
			files{"proc/stat": stat30},
			0.3, 0.8,
		},
		{"groups of version 1", machine().with(files{"proc/self/cgroup": "4:memory:/scan\n1:cpu:/scan\n"}), files{"proc/stat": stat30}, 0.3, 0.5},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			root, now := row.before.root(), time.Duration(0)
			signals, err := load.New(root, func() time.Duration { return now })
			if err != nil {
				t.Fatal(err)
			}
			now = second
			maps.Copy(root, row.change.root())
			got := signals()
			if got.Known != limiter.KnowsLoad || !near(got.CPU, row.cpu) || !near(got.Memory, row.memory) {
				t.Errorf("got %+v, want processors %v, memory %v", got, row.cpu, row.memory)
			}
		})
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestWhatCannotBeReadIsNotKnown(t *testing.T) {
	root, now := machine().root(), time.Duration(0)
	signals, err := load.New(root, func() time.Duration { return now })
	if err != nil {
		t.Fatal(err)
	}
	if got := signals(); got.Known != 0 {
		t.Errorf("at once: got %+v, want nothing known", got)
	}
	now, root["proc/stat"] = second, &fstest.MapFile{Data: []byte(stat30)}
	first := signals()
	now += load.Least / 2
	delete(root, "proc/stat")
	if got := signals(); got != first {
		t.Errorf("soon after: got %+v, want what was read, %+v", got, first)
	}
	now += load.Least
	if got := signals(); got != (limiter.Signals{}) {
		t.Errorf("without /proc/stat: got %+v, want nothing known", got)
	}
	root["proc/stat"] = &fstest.MapFile{Data: []byte(stat30)}
	now += second
	if got := signals(); got.Known != limiter.KnowsLoad {
		t.Errorf("when it is back: got %+v, want it known", got)
	}
}

func TestASystemWithoutLoadIsAnError(t *testing.T) {
	for name, root := range map[string]files{
		"nothing":                 {},
		"no memory":               {"proc/stat": stat0},
		"memory of another kind":  {"proc/stat": stat0, "proc/meminfo": "MemTotal: 1000 kB\n"},
		"an empty stat":           machine().with(files{"proc/stat": ""}),
		"a stat with few columns": machine().with(files{"proc/stat": "cpu 1 2 3\n"}),
		"a stat with words":       machine().with(files{"proc/stat": "cpu a b c d e f g h\n"}),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := load.New(root.root(), nil); err == nil {
				t.Error("no error")
			}
		})
	}
}

// FuzzReadings holds that whatever the files say, a reading is a share.
func FuzzReadings(f *testing.F) {
	f.Add(stat0, stat30, half, inGroup, "50000 100000\n", "usage_usec 450000\n", "400\n", "300\n", "inactive_file 240\n")
	f.Add(stat30, stat0, half, "0::/../..\n", "1 1\n", "usage_usec 1\n", "0\n", "-1\n", "inactive_file NaN\n")
	f.Fuzz(func(t *testing.T, before, after, memory, cgroup, quota, used, bound, current, pages string) {
		system := group().with(files{
			"proc/stat": before, "proc/meminfo": memory, "proc/self/cgroup": cgroup,
			own + "cpu.max": quota, own + "memory.max": bound, own + "memory.current": current, own + "memory.stat": pages,
		})
		root, now := system.root(), time.Duration(0)
		signals, err := load.New(root, func() time.Duration { return now })
		if err != nil {
			return
		}
		now = second
		maps.Copy(root, files{"proc/stat": after, own + "cpu.stat": used}.root())
		if got := signals(); !(got.CPU >= 0 && got.CPU <= 1 && got.Memory >= 0 && got.Memory <= 1) {
			t.Errorf("got %+v, want shares", got)
		}
	})
}

// BenchmarkReading is what a window costs that asks for the load of this machine.
func BenchmarkReading(b *testing.B) {
	now := time.Duration(0)
	signals, err := load.New(os.DirFS("/"), func() time.Duration { return now })
	if err != nil {
		b.Skip(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		now += load.Least
		signals()
	}
}
