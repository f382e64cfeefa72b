package machine

import (
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// fixture is a machine made of path and text.
func fixture(files map[string]string) host {
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return host{root: root}
}

// with is base with other files over it; an empty text takes a file away.
func with(base, over map[string]string) map[string]string {
	all := map[string]string{}
	for _, files := range []map[string]string{base, over} {
		for name, text := range files {
			all[name] = text
			if text == "" {
				delete(all, name)
			}
		}
	}
	return all
}

// guest is a small virtual machine with both versions of control groups, as the
// files of a real one had it.
func guest() map[string]string {
	return map[string]string{
		"proc/cpuinfo":     "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu vme hypervisor lahf_lm\n",
		"proc/meminfo":     "MemTotal:       24668184 kB\nMemFree:         100 kB\n",
		"proc/loadavg":     "0.62 0.82 0.44 2/95 10967\n",
		"proc/self/status": "Name:\tcat\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n",
		"proc/self/cgroup": "4:memory:/jobs/a\n2:cpuacct:/\n1:cpu:/\n0::/\n",
		"proc/self/mountinfo": "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n" +
			"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n" +
			"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n" +
			"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
		"proc/self/schedstat":                                             "1 2 3\n",
		"proc/sys/kernel/osrelease":                                       "6.18.44\n",
		"proc/pressure/cpu":                                               "some avg10=0.39\n",
		"sys/fs/cgroup/memory/jobs/a/memory.limit_in_bytes":               "9223372036854771712\n",
		"sys/fs/cgroup/memory/memory.limit_in_bytes":                      "9223372036854771712\n",
		"sys/fs/cgroup/cpu/cpu.cfs_quota_us":                              "-1\n",
		"sys/fs/cgroup/cpu/cpu.cfs_period_us":                             "100000\n",
		"sys/devices/system/cpu/online":                                   "0-1\n",
		"sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
		"sys/kernel/mm/transparent_hugepage/enabled":                      "always [madvise] never\n",
		"sys/bus/event_source/devices/software/type":                      "1\n",
	}
}

func TestTheFingerprintSaysWhatIsThereAndWhatIsNot(t *testing.T) {
	m := fixture(guest()).read("/")
	if want := runtime.GOOS + "-" + runtime.GOARCH + "-2c-24g"; m.Class != want {
		t.Errorf("class %s, want %s", m.Class, want)
	}
	if m.UsableCores != 2 || m.MemoryBytes != 24668184<<10 {
		t.Errorf("%d cores and %d B, want 2 and %d", m.UsableCores, m.MemoryBytes, 24668184<<10)
	}
	delete(m.Detail, goVersion)
	delete(m.Detail, goMaxProcs)
	want := map[string]string{
		cpuModel: "AMD EPYC", onlineCPUs: "0-1", kernelRelease: "6.18.44", fileSystem: "ext4", virtualisation: "virtual machine",
		clockSource: "tsc", hugePages: "madvise", loadAverage: "0.62 0.82 0.44", pressure: "available", runDelay: "available",
	}
	if diff := cmp.Diff(want, m.Detail); diff != "" {
		t.Errorf("detail (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{governor, counters, temperature}, m.Absent); diff != "" {
		t.Errorf("absent (-want +got):\n%s", diff)
	}
}

func TestAMachineThatTellsNothingIsStillNamed(t *testing.T) {
	m := fixture(nil).read("/")
	if m.UsableCores < 1 || m.MemoryBytes != 0 || strings.HasSuffix(m.Class, "g") {
		t.Errorf("got %+v", m)
	}
	for _, name := range []string{coresUsable, memorySize, cpuModel, kernelRelease, fileSystem, pressure} {
		if !slices.Contains(m.Absent, name) {
			t.Errorf("%q is not listed as absent", name)
		}
	}
}

func TestThisMachineCanBeRead(t *testing.T) {
	m := Read(t.TempDir())
	if m.UsableCores < 1 || m.MemoryBytes < 1<<28 || m.Detail[kernelRelease] == "" || m.Detail[fileSystem] == "" {
		t.Errorf("got %+v", m)
	}
	cores, err := UsableCores()
	if err != nil || cores != m.UsableCores {
		t.Errorf("usable cores %d, %v; want %d", cores, err, m.UsableCores)
	}
}

func TestLimitsOfControlGroupsCount(t *testing.T) {
	const v1 = "sys/fs/cgroup/cpu/"
	v2 := map[string]string{
		"proc/self/cgroup":    "0::/kubepods/pod/app\n",
		"proc/self/mountinfo": "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n27 1 254:0 / / rw - ext4 /dev/vda rw\n",
	}
	for name, row := range map[string]struct {
		over  map[string]string
		cores int
		class string
		quota string
	}{
		"none": {cores: 2, class: "-2c-24g"},
		"a quota of version 1 is rounded up": {
			over: map[string]string{v1 + "cpu.cfs_quota_us": "110000"}, cores: 2, class: "-2c-24g", quota: "1.1",
		},
		"half a core is one core": {
			over: map[string]string{v1 + "cpu.cfs_quota_us": "50000"}, cores: 1, class: "-1c-24g", quota: "0.5",
		},
		"a quota above the mask does not add cores": {
			over: map[string]string{v1 + "cpu.cfs_quota_us": "900000"}, cores: 2, class: "-2c-24g", quota: "9",
		},
		"a memory limit of version 1 above this group holds": {
			over: map[string]string{"sys/fs/cgroup/memory/jobs/memory.limit_in_bytes": "4294967296"}, cores: 2, class: "-2c-4g",
		},
		"a small memory limit is 1 GiB in the class": {
			over: map[string]string{"sys/fs/cgroup/memory/jobs/a/memory.limit_in_bytes": "33554432"}, cores: 2, class: "-2c-1g",
		},
		"version 2 says max for none": {
			over: with(v2, map[string]string{
				"sys/fs/cgroup/kubepods/pod/app/cpu.max":    "max 100000",
				"sys/fs/cgroup/kubepods/pod/app/memory.max": "max",
			}),
			cores: 2, class: "-2c-24g",
		},
		"version 2 limits of any ancestor hold, the tightest wins": {
			over: with(v2, map[string]string{
				"sys/fs/cgroup/kubepods/pod/app/cpu.max":    "190000 100000",
				"sys/fs/cgroup/kubepods/pod/cpu.max":        "100000 100000",
				"sys/fs/cgroup/kubepods/pod/app/memory.max": "8589934592",
				"sys/fs/cgroup/kubepods/memory.max":         "2147483648",
			}),
			cores: 1, class: "-1c-2g", quota: "1",
		},
		"a container's mount begins at its own group": {
			over: map[string]string{
				"proc/self/cgroup":                         "1:cpu,cpuacct:/docker/c1\n",
				"proc/self/mountinfo":                      "30 1 0:26 /docker/c1 /sys/fs/cgroup/cpu\\040here ro - cgroup cgroup rw,cpuacct,cpu\n",
				"sys/fs/cgroup/cpu here/cpu.cfs_quota_us":  "100000",
				"sys/fs/cgroup/cpu here/cpu.cfs_period_us": "100000",
			},
			cores: 1, class: "-1c-24g", quota: "1",
		},
		"the affinity mask holds before the machine's count": {
			over:  map[string]string{"proc/self/status": "Cpus_allowed_list:\t1\n"},
			cores: 1, class: "-1c-24g",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := fixture(with(guest(), row.over)).read("/")
			if m.UsableCores != row.cores || !strings.HasSuffix(m.Class, row.class) || m.Detail[cpuQuota] != row.quota {
				t.Errorf("got %d cores, %s, quota %q; want %d, %s, %q", m.UsableCores, m.Class, m.Detail[cpuQuota], row.cores, row.class, row.quota)
			}
		})
	}
}

func TestHintsOfVirtualisationAreGathered(t *testing.T) {
	for want, over := range map[string]map[string]string{
		"none seen": {"proc/cpuinfo": "flags : fpu\n"},
		"virtual machine, xen, Amazon EC2, m7.large, container": {
			"sys/hypervisor/type": "xen\n", "sys/class/dmi/id/sys_vendor": "Amazon EC2\n", "sys/class/dmi/id/product_name": "m7.large\n",
			".dockerenv": " ",
		},
	} {
		if got := fixture(with(guest(), over)).virtualisation(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestACPUWithoutANameIsToldByItsNumbers(t *testing.T) {
	h := fixture(map[string]string{"proc/cpuinfo": "processor : 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n"})
	if got, ok := h.cpuModel(); got != "implementer 0x41 part 0xd40" || !ok {
		t.Errorf("got %q, %v", got, ok)
	}
}

func TestHardwareCountersAreFoundByTheirUnit(t *testing.T) {
	for unit, want := range map[string]bool{"cpu": true, "cpu_core": true, "armv8_pmuv3_0": true, "software": false} {
		h := fixture(map[string]string{path.Join("sys/bus/event_source/devices", unit, "type"): "4"})
		if _, got := h.counters(); got != want {
			t.Errorf("%s: got %v, want %v", unit, got, want)
		}
	}
}

func TestTheLongestAndLatestMountHoldsAFolder(t *testing.T) {
	var mounts []mount
	for _, line := range []string{
		"1 0 8:1 / / rw - ext4 /dev/a rw",
		"2 1 0:1 / /data rw shared:1 master:2 - nfs4 host:/x rw",
		"3 1 0:2 / /data/fast rw - tmpfs tmpfs rw",
		"4 1 0:3 / /data/fast rw - xfs /dev/b rw",
		"not a mount",
		"5 1 0:4 relative relative rw - x y z",
	} {
		if m, ok := parseMount(line); ok {
			mounts = append(mounts, m)
		}
	}
	for folder, want := range map[string]string{
		"/": "ext4", "/datastore": "ext4", "/data": "nfs4", "/data/slow": "nfs4", "/data/fast": "xfs", "/data/fast/deep": "xfs",
	} {
		if got, ok := filesystem(mounts, folder); got != want || !ok {
			t.Errorf("%s: got %q, want %q", folder, got, want)
		}
	}
}

func TestCoreListsAreParsed(t *testing.T) {
	for text, want := range map[string][]int{"0": {0}, "0-1": {0, 1}, "0-2,8,10-11": {0, 1, 2, 8, 10, 11}} {
		got, err := parseCoreList(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "a", "3-1", "1-", "-1", "0-99999999"} {
		if got, err := parseCoreList(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		Read("/")
	}
}

func FuzzParseMount(f *testing.F) {
	f.Add(`36 35 98:0 /mnt1 /mnt\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`)
	f.Add("a - b")
	f.Fuzz(func(t *testing.T, line string) {
		m, ok := parseMount(line)
		if !ok {
			return
		}
		if kind, found := filesystem([]mount{m}, m.point); !found || kind != m.kind {
			t.Errorf("%q: its own point is on %q", line, kind)
		}
	})
}

func FuzzParseCoreList(f *testing.F) {
	f.Add("0-2,8,10-11")
	f.Add("0-99999999,")
	f.Fuzz(func(t *testing.T, text string) {
		cores, err := parseCoreList(text)
		if err == nil && len(cores) == 0 {
			t.Errorf("%q: no cores and no error", text)
		}
	})
}
