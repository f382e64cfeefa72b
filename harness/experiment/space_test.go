package experiment

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/config"
)

// built are knobs as they may be described once more of them are built.
func built() []config.Knob {
	choice := func(name string, ready bool, values ...string) config.Knob {
		return config.Knob{Name: name, Type: config.TypeChoice, Values: values, Built: ready}
	}
	return []config.Knob{
		choice("source.order", true, "walk", "largest-first"),
		{Name: "io.workers", Type: config.TypeInt, Min: 1, Max: 4096, Built: true},
		choice("io.reader", true, "read", "mmap"),
		choice("io.limiter", true, "none", "vegas", "occupancy"),
		choice("io.limiter.latency", true, "raw", "per-byte", "auto"),
		choice("cpu.scheduler", true, "queue", "per-file", "steal", "threads", "inline"),
		choice("cpu.pin", true, "none", "locked", "partition"),
		choice("clone.limiter", true, "none", "aimd"),
	}
}

func TestChoicesFollowWhatIsBuilt(t *testing.T) {
	describe := func(local bool) (list []string) {
		for _, p := range choices(built(), local) {
			list = append(list, fmt.Sprintf("%s %v %v", p.Name, p.Values, p.Rare))
		}
		return list
	}
	want := []string{"source.order [walk largest-first] false", "io.reader [read mmap] true", "cpu.scheduler [queue per-file steal] false", "cpu.pin [none locked partition] true"}
	if diff := cmp.Diff(want, describe(true)); diff != "" {
		t.Errorf("on local storage (-want +got)\n%s", diff)
	}
	// Files are mapped on local storage alone; slow storage may be read by as many as it takes.
	want[1] = "io.limiter [none occupancy] true"
	if diff := cmp.Diff(want, describe(false)); diff != "" {
		t.Errorf("on simulated storage (-want +got)\n%s", diff)
	}
}

func TestDefaultSpaceIsValidAndHoldsWhatTheScannerTakes(t *testing.T) {
	for _, cores := range []int{1, 2, 64} {
		for _, local := range []bool{true, false} {
			s := DefaultSpace(cores, local)
			if err := s.Validate(); err != nil {
				t.Errorf("%d cores: %v", cores, err)
			}
			for _, p := range s {
				for _, value := range p.Values {
					if _, err := config.Default(cores).Set(fmt.Sprintf("%s=%v", p.Name, value)); err != nil {
						t.Errorf("%d cores: %v", cores, err)
					}
				}
			}
		}
	}
}
