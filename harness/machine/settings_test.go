package machine

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const cpu = "sys/devices/system/cpu/"

// tunable is a machine that tells all its settings.
func tunable() map[string]string {
	return with(guest(), map[string]string{
		"proc/meminfo":                             "MemTotal: 1000 kB\nMemAvailable: 600 kB\nSwapTotal: 100 kB\nSwapFree: 60 kB\n",
		"proc/sys/kernel/randomize_va_space":       "2\n",
		cpu + "cpu0/topology/thread_siblings_list": "0,2\n",
		cpu + "cpu1/topology/thread_siblings_list": "1,3\n",
		cpu + "cpu0/cpufreq/scaling_governor":      "powersave\n",
		cpu + "cpu1/cpufreq/scaling_governor":      "performance\n",
		cpu + "intel_pstate/no_turbo":              "0\n",
		clockSources + "available_clocksource":     "tsc hpet acpi_pm\n",
		"sys/bus/event_source/devices/cpu/type":    "4\n",
		"sys/fs/cgroup/cpu/cpu.cfs_quota_us":       "150000\n",
	})
}

func TestSettingsAreWhatTheMachineTells(t *testing.T) {
	got := fixture(tunable()).settings()
	want := Settings{
		Cores: []int{0, 1}, Online: []int{0, 1}, QuotaCores: new(1.5), Siblings: map[int][]int{0: {2}, 1: {3}},
		Governors: []string{"performance", "powersave"}, Turbo: new(true), HugePages: "madvise", ASLR: new(int64(2)),
		ClockSource: "tsc", ClockSources: []string{"tsc", "hpet", "acpi_pm"},
		SwapTotal: new(int64(100 << 10)), SwapUsed: new(int64(40 << 10)), Memory: new(int64(1000 << 10)), MemoryAvailable: new(int64(600 << 10)),
		Load: new(0.62), Counters: true, Virtual: "virtual machine",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSettingsThatAreNotToldAreAbsent(t *testing.T) {
	got := fixture(nil).settings()
	want := Settings{Absent: []string{
		"address space randomisation", clockSource, governor, onlineCPUs, counters, loadAverage, "memory available", "swap", "threads of one core",
		hugePages, "turbo", coresUsable,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTurboIsReadFromEitherDriver(t *testing.T) {
	for name, row := range map[string]struct {
		file, text string
		want       *bool
	}{
		"intel, not forbidden": {"intel_pstate/no_turbo", "0", new(true)},
		"intel, forbidden":     {"intel_pstate/no_turbo", "1", new(false)},
		"others, on":           {"cpufreq/boost", "1", new(true)},
		"others, off":          {"cpufreq/boost", "0", new(false)},
		"neither":              {"cpufreq/other", "1", nil},
		"nonsense":             {"cpufreq/boost", "maybe", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, fixture(map[string]string{cpu + row.file: row.text}).turbo()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFolderThatIsNotThereYetStandsWhereItsParentStands(t *testing.T) {
	dir := t.TempDir()
	got, want := Look(filepath.Join(dir, "not", "there")), Look(dir)
	if got.Folder != dir || got.FileSystem == "" || got.FileSystem != want.FileSystem || got.FreeBytes == nil || *got.FreeBytes <= 0 {
		t.Errorf("got %+v, want as %+v", got, want)
	}
}
