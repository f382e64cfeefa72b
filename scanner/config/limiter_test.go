package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLimitsResolveWhatIsAuto(t *testing.T) {
	type limits struct{ IO, CPU, Clone Limiter }
	none := func(workers int) Limiter { return Limiter{"none", workers, workers, workers, ""} }
	for name, row := range map[string]struct {
		change func(*Config)
		want   limits
	}{
		"without limiters the workers are the limit": {
			func(*Config) {},
			limits{none(6), none(3), none(4)},
		},
		"bounds of none have no effect": {
			func(c *Config) { c.IO.Limiter = Limiter{"none", 8, 2, 9, "raw"} },
			limits{none(6), none(3), none(4)},
		},
		"each pool has its own defaults": {
			func(c *Config) {
				c.IO.Limiter.Algorithm, c.CPU.Limiter.Algorithm, c.Clone.Limiter.Algorithm = "bdp", "vegas", "aimd"
			},
			limits{Limiter{"bdp", 6, 1, 256, "raw"}, Limiter{"vegas", 3, 1, 3, "per-byte"}, Limiter{"aimd", 1, 1, 64, "raw"}},
		},
		"many readers are no fewer with a limiter": {
			func(c *Config) { c.IO.Workers, c.IO.Limiter.Algorithm = 1024, "aimd" },
			limits{Limiter{"aimd", 1024, 1, 1024, "raw"}, none(3), none(4)},
		},
		"what is given stands": {
			func(c *Config) {
				c.IO.Limiter, c.CPU.Limiter = Limiter{"vegas", 2, 2, 8, "per-byte"}, Limiter{"arc", 1, 1, 2, "raw"}
			},
			limits{Limiter{"vegas", 2, 2, 8, "per-byte"}, Limiter{"arc", 1, 1, 2, "raw"}, none(4)},
		},
		"an initial that is not given lies below a max that is": {
			func(c *Config) {
				c.IO.Limiter, c.CPU.Limiter = Limiter{Algorithm: "vegas", Max: 4}, Limiter{Algorithm: "vegas", Max: 2}
			},
			limits{Limiter{"vegas", 4, 1, 4, "raw"}, Limiter{"vegas", 2, 1, 2, "per-byte"}, none(4)},
		},
		"an initial that is not given lies above a min that is": {
			func(c *Config) {
				c.IO.Limiter, c.Clone.Limiter = Limiter{Algorithm: "vegas", Min: 9}, Limiter{Algorithm: "vegas", Min: 2}
			},
			limits{Limiter{"vegas", 9, 9, 256, "raw"}, none(3), Limiter{"vegas", 2, 2, 64, "raw"}},
		},
		"what is static has no bounds": {
			func(c *Config) {
				c.IO.Limiter, c.CPU.Limiter, c.Clone.Limiter = Limiter{"static", 9, 2, 3, "raw"}, Limiter{Algorithm: "static"}, Limiter{Algorithm: "static"}
			},
			limits{Limiter{"static", 9, 9, 9, ""}, Limiter{"static", 3, 3, 3, ""}, Limiter{"static", 1, 1, 1, ""}},
		},
		"latency is nothing to load": {
			func(c *Config) { c.IO.Limiter.Algorithm, c.CPU.Limiter.Algorithm = "occupancy", "load" },
			limits{Limiter{"occupancy", 6, 1, 256, "raw"}, Limiter{"load", 3, 1, 3, ""}, none(4)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := naive(3)
			c.IO.Workers = 6
			row.change(&c)
			var got limits
			got.IO, got.CPU, got.Clone = c.Limits()
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
			resolved := c.Resolve(3)
			var again limits
			again.IO, again.CPU, again.Clone = resolved.Limits()
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("limits once resolved (-before +after):\n%s", diff)
			}
			if before, after := c.Validate(), resolved.Validate(); before != nil || after != nil {
				t.Errorf("not valid: %v, resolved %v", before, after)
			}
			if resolved.Resolve(3) != resolved {
				t.Error("resolving twice is not resolving once")
			}
		})
	}
}

func TestLimitersThatContradictThemselvesAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		assignments string
		want        string // "" is that nothing is wrong
	}{
		"min above max":                         {"io.limiter.min=9 io.limiter.max=8", "io.limiter.min is 9, above io.limiter.max, which is 8; use a min of at most max"},
		"initial above max":                     {"io.limiter=bdp io.limiter.initial=9 io.limiter.max=8", "io.limiter.initial is 9, above io.limiter.max, which is 8; use an initial of at most max"},
		"initial below min":                     {"io.limiter=bdp io.limiter.initial=3 io.limiter.min=4", "io.limiter.initial is 3, below io.limiter.min, which is 4; use an initial of at least min"},
		"initial above what max is":             {"io.limiter=bdp io.limiter.initial=300", "io.limiter.initial is 300, above io.limiter.max, which is 256 unless given; use an initial of at most max"},
		"initial within many workers":           {"io.limiter=bdp io.limiter.initial=300 io.workers=400", ""},
		"clones above what max is":              {"clone.limiter=aimd clone.limiter.initial=65", "clone.limiter.initial is 65, above clone.limiter.max, which is 64 unless given; use an initial of at most max"},
		"an initial beside what static ignores": {"io.limiter=static io.limiter.initial=9 io.limiter.max=8", ""},
		"an initial that none ignores":          {"cpu.limiter.initial=9", ""},
		"max above the analysers":               {"cpu.limiter=vegas cpu.limiter.max=3", "cpu.limiter.max is 3, above cpu.workers, which is 2 and bounds the limiter too; use at most 2, or cpu.workers 3"},
		"max at the analysers, set later":       {"cpu.limiter=vegas cpu.limiter.max=3 cpu.workers=3", ""},
		"all above the analysers": {
			"cpu.limiter=vegas cpu.limiter.initial=5 cpu.limiter.min=4 cpu.limiter.max=6",
			"cpu.limiter.initial is 5, above cpu.workers, which is 2 and bounds the limiter too; use at most 2, or cpu.workers 5\n" +
				"cpu.limiter.min is 4, above cpu.workers, which is 2 and bounds the limiter too; use at most 2, or cpu.workers 4\n" +
				"cpu.limiter.max is 6, above cpu.workers, which is 2 and bounds the limiter too; use at most 2, or cpu.workers 6",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := naive(2)
			for assignment := range strings.FieldsSeq(row.assignments) {
				changed, err := c.Set(assignment)
				if err != nil {
					t.Fatal(err)
				}
				c = changed
			}
			got := ""
			if err := c.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("fault (-want +got):\n%s", diff)
			}
			if err := c.Resolve(2).Validate(); (err == nil) != (row.want == "") {
				t.Errorf("once resolved: %v", err)
			}
		})
	}
}

func TestOfKnobsThatAreWrongNoContradictionIsTold(t *testing.T) {
	for _, data := range []string{
		"{io: {workers: lots, limiter: {algorithm: vegas, initial: 300}}}",
		"{cpu: {workers: lots, limiter: {algorithm: vegas, max: 300}}}",
		"{cpu: {limiter: {algorithm: vega, min: 3, max: 2}}}",
	} {
		_, err := Parse("f", []byte("version: 1\nscanner: "+data), 2)
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want the one fault", data, err)
		}
	}
	c := naive(2)
	c.CPU.Workers, c.CPU.Limiter = 0, Limiter{Algorithm: "vegas", Max: 2}
	if err := c.Validate(); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v; want the one fault", err)
	}
}

// Every algorithm of every pool, bare and with a block.
func limiters(t *testing.T) map[string]Config {
	t.Helper()
	all := make(map[string]Config)
	for _, p := range limited {
		for _, algorithm := range p.algorithms {
			for name, l := range map[string]Limiter{
				"bare": {Algorithm: algorithm}, "partly": {Algorithm: algorithm, Initial: 2}, "whole": {algorithm, 2, 1, 3, "raw"},
			} {
				c := naive(3)
				*p.limiter(&c) = l
				all[p.name+" "+algorithm+" "+name] = c
			}
		}
	}
	return all
}

func TestLimitersReadBackFromTheirFile(t *testing.T) {
	for name, c := range limiters(t) {
		t.Run(name, func(t *testing.T) {
			roundTrip(t, File{Config: c})
			roundTrip(t, File{Config: c.Resolve(3)})
		})
	}
}

// What the algorithm does not look at is not in the flat form, so that the
// configuration read back may differ, but what it does may not.
func TestLimitersReadBackFromTheirFlatForm(t *testing.T) {
	for name, c := range limiters(t) {
		flat := c.Resolve(3).Flat()
		again, err := Default(5).WithFlat(flat)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(flat, again.Resolve(5).Flat()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		type limits struct{ IO, CPU, Clone Limiter }
		var want, got limits
		want.IO, want.CPU, want.Clone = c.Limits()
		got.IO, got.CPU, got.Clone = again.Limits()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limits of %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMarshalWritesABlockOfWhatIsSet(t *testing.T) {
	for want, l := range map[string]Limiter{
		"limiter: none ":  {Algorithm: "none"},
		"limiter: vegas ": {Algorithm: "vegas"},
		"limiter: {algorithm: vegas, initial: 8, max: 256} ": {Algorithm: "vegas", Initial: 8, Max: 256},
		"limiter: {algorithm: none, latency: per-byte} ":     {Algorithm: "none", Latency: "per-byte"},
	} {
		c := naive(2)
		c.IO.Limiter = l
		data, err := File{Config: c}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), "    "+want) {
			t.Errorf("%q is not in\n%s", want, data)
		}
	}
}

func TestFlatHoldsOfALimiterWhatItsAlgorithmUses(t *testing.T) {
	for algorithm, want := range map[string]map[string]any{
		"none":   {"io.limiter": "none"},
		"static": {"io.limiter": "static", "io.limiter.initial": 2},
		"load":   {"io.limiter": "load", "io.limiter.initial": 2, "io.limiter.min": 1, "io.limiter.max": 256},
		"vegas":  {"io.limiter": "vegas", "io.limiter.initial": 2, "io.limiter.min": 1, "io.limiter.max": 256, "io.limiter.latency": "raw"},
	} {
		c := naive(2)
		c.IO.Limiter.Algorithm = algorithm
		got := c.Resolve(2).Flat()
		for name := range got {
			if !strings.HasPrefix(name, "io.limiter") {
				delete(got, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", algorithm, diff)
		}
	}
	c := naive(2)
	c.IO.Limiter = Limiter{Algorithm: "vegas", Max: 8}
	flat := c.Flat()
	if flat["io.limiter.initial"] != "auto" || flat["io.limiter.max"] != 8 || flat["io.limiter.latency"] != "auto" {
		t.Errorf("before autos are resolved flat is %v", flat)
	}
}

func TestValueTellsWhatFlatLeavesOut(t *testing.T) {
	c := naive(2)
	c.IO.Limiter.Initial = 8
	for name, want := range map[string]any{"io.limiter.initial": 8, "io.limiter.max": "auto", "io.limiter": "none", "clone.workers": 4, "io.worker": nil} {
		if got, ok := c.Value(name); got != want || ok != (want != nil) {
			t.Errorf("%s is %v, %v; want %v", name, got, ok, want)
		}
	}
}

func TestANameKeepsALimitersBoundsAndABlockDoesNot(t *testing.T) {
	c := naive(2)
	c.IO.Limiter = Limiter{"vegas", 8, 2, 9, "raw"}
	file, err := File{Config: c, Given: []string{"io.workers"}}.Set("io.limiter=bdp")
	if want := (Limiter{"bdp", 8, 2, 9, "raw"}); err != nil || file.Config.IO.Limiter != want {
		t.Errorf("by name: %+v, %v", file.Config.IO.Limiter, err)
	}
	file, err = file.Set("io.limiter={max: 8, algorithm: arc}")
	if want := (Limiter{Algorithm: "arc", Max: 8}); err != nil || file.Config.IO.Limiter != want {
		t.Errorf("as a block: %+v, %v", file.Config.IO.Limiter, err)
	}
	if diff := cmp.Diff([]string{"io.workers", "io.limiter", "io.limiter", "io.limiter.max"}, file.Given); diff != "" {
		t.Errorf("given (-want +got):\n%s", diff)
	}
	if _, err := file.Set("io.limiter={algorithm: arc, max: 0}"); err == nil {
		t.Error("a max of 0 is accepted")
	}
}
