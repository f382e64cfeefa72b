package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiffListsWhatDiffersWrittenOrResolved(t *testing.T) {
	set := func(assignments ...string) Config {
		t.Helper()
		c, err := naive(2), error(nil)
		for _, a := range assignments {
			if c, err = c.Set(a); err != nil {
				t.Fatal(err)
			}
		}
		return c
	}
	for name, row := range map[string]struct {
		a, b Config
		want []Difference
	}{
		"equal": {naive(2), naive(2), []Difference{}},
		"a number": {naive(2), set("io.workers=8"), []Difference{{
			Knob: "io.workers", A: Setting{2, 2, "2", "2"}, B: Setting{8, 8, "8", "8"},
		}}},
		"auto that comes to the other's number": {naive(2), set("runtime.gomaxprocs=2"), []Difference{{
			Knob: "runtime.gomaxprocs", A: Setting{"auto", 2, "auto", "2"}, B: Setting{2, 2, "2", "2"}, Same: true,
		}}},
		"a duration in the file's words": {naive(2), set("channel.linger=5ms"), []Difference{{
			Knob: "channel.linger", A: Setting{.002, .002, "2ms", "2ms"}, B: Setting{.005, .005, "5ms", "5ms"},
		}}},
		"a limiter that one side lacks": {naive(2), set("io.limiter=static"), []Difference{
			{Knob: "io.limiter", A: Setting{"none", "none", "none", "none"}, B: Setting{"static", "static", "static", "static"}},
			{Knob: "io.limiter.initial", A: Setting{}, B: Setting{"auto", 2, "auto", "2"}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, Diff(row.a, row.b, 2, false)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiffOfAllListsEveryBuiltKnobInUse(t *testing.T) {
	all := Diff(naive(2), adaptive(2), 2, true)
	if got, want := len(all), len(adaptive(2).Resolve(2).Flat()); got != want {
		t.Errorf("%d knobs, want %d", got, want)
	}
	for _, d := range Diff(naive(2), naive(2), 2, true) {
		if !d.Same {
			t.Errorf("%s differs from itself: %+v", d.Knob, d)
		}
	}
}

func TestAssignmentsMakeTheConfigurationAgain(t *testing.T) {
	for _, p := range Presets() {
		want, err := FromPreset(p.Name, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []Config{want, want.Resolve(3)} {
			got := goIdiom(7)
			for _, a := range want.Assignments() {
				if got, err = got.Set(a.Knob + "=" + a.Text); err != nil {
					t.Fatalf("%s: %v", p.Name, err)
				}
			}
			if diff := cmp.Diff(want.Flat(), got.Flat()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", p.Name, diff)
			}
		}
	}
}
