package trial

import "testing"

func TestOnlyWhatIsAsInTheFileIsGivenBack(t *testing.T) {
	for line, want := range map[string]bool{
		"00400000-0048a000 r-xp 00000000 fd:01 1234 /usr/bin/sluice":        true,
		"0048a000-004a0000 r--p 0008a000 fd:01 1234 /usr/bin/sluice":        true,
		"004a0000-004b0000 rw-p 000a0000 fd:01 1234 /usr/bin/sluice":        false,
		"004b0000-004c0000 r--s 000a0000 fd:01 1234 /dev/shm/x":             false,
		"c000000000-c000400000 rw-p 00000000 00:00 0":                       false,
		"7ffe1000-7ffe3000 r-xp 00000000 00:00 0                    [vdso]": false,
	} {
		from, to, ok := parseMapping([]byte(line))
		if !ok || from >= to || isFromFile([]byte(line)) != want {
			t.Errorf("%q: %x to %x, %v; want it to be a mapping, of a file %v", line, from, to, ok, want)
		}
	}
	for line, want := range map[string]bool{"Anonymous:             0 kB\n": true, "Anonymous:             8 kB\n": false, "AnonHugePages: 0 kB": false} {
		if _, _, ok := parseMapping([]byte(line)); ok || isNothingAnonymous([]byte(line)) != want {
			t.Errorf("%q: a mapping %v, nothing anonymous %v; want false, %v", line, ok, !want, want)
		}
	}
}

func TestTheLauncherIsSmall(t *testing.T) {
	s := shell("exit 0")
	s.Launcher = as("launch")
	if r := runOK(t, s); r.RSSFloorBytes > 32<<20 {
		t.Errorf("the launcher's floor is %d KiB, want 32 MiB or less, the race detector included", r.RSSFloorBytes>>10)
	}
}
