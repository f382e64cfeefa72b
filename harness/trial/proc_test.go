package trial

import (
	"testing"
	"time"
)

func TestMemoryIsParsedFromStatus(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		want memory
		bad  bool
	}{
		"a living process": {
			text: "Name:\tsluice\nVmHWM:\t    2416 kB\nVmRSS:\t    1668 kB\nRssAnon:\t     112 kB\nRssFile:\t    1556 kB\n",
			want: memory{peak: 2416 << 10, anon: 112 << 10, file: 1556 << 10},
		},
		"a zombie has no memory": {text: "Name:\tsluice\nState:\tZ (zombie)\n", bad: true},
		"not a number":           {text: "VmHWM:\tmuch kB\nRssAnon:\t1 kB\nRssFile:\t1 kB\n", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseMemory(row.text)
			if got != row.want || (err != nil) != row.bad {
				t.Errorf("got %+v, %v; want %+v, error %v", got, err, row.want, row.bad)
			}
		})
	}
}

func TestRunDelayIsTheSecondColumn(t *testing.T) {
	for text, want := range map[string]time.Duration{"81253000 1500 12\n": 1500, "0 0 0": 0} {
		if got, err := parseSchedstat(text); got != want || err != nil {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "12", "12 x 3"} {
		if _, err := parseSchedstat(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func FuzzParseMemory(f *testing.F) {
	f.Add("VmHWM:\t    2416 kB\nRssAnon:\t     112 kB\nRssFile:\t    1556 kB\n")
	f.Add("VmHWM:")
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := parseMemory(text); err != nil && m != (memory{}) {
			t.Errorf("an error with figures: %+v, %v", m, err)
		}
	})
}

func TestWhoSomebodyIsIsParsedFromStat(t *testing.T) {
	const rest = " S 7 8 9 0 -1 4194560 1 2 3 4 5 6 70 30 20 0 1 0 123456 0 0"
	want := process{parent: 7, session: 9, started: 123456, heirs: time.Second}
	for _, name := range []string{"(sh)", "(a (b) c)", "()"} {
		if got, err := parseStat("12 " + name + rest); got != want || err != nil {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, want)
		}
	}
	for _, text := range []string{"", "12 (sh)", "12 (sh) S 7 8"} {
		if _, err := parseStat(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("12 (sh) S 7 8 9 0 -1 4194560 1 2 3 4 5 6 70 30 20 0 1 0 123456 0 0")
	f.Add(")")
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := parseStat(text); err != nil && p != (process{}) {
			t.Errorf("an error with figures: %+v, %v", p, err)
		}
	})
}
