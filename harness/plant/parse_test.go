package plant

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/config/strict"
)

func TestEveryPlantOfOursIsReadAndSaysWhatItAsks(t *testing.T) {
	files, err := filepath.Glob("plants/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	specs := Builtin()
	if len(specs) != len(files) {
		t.Fatalf("%d plants, expected %d", len(specs), len(files))
	}
	for i, spec := range specs {
		t.Run(spec.Name, func(t *testing.T) {
			if want := strings.TrimSuffix(filepath.Base(files[i]), ".yaml"); spec.Name != want {
				t.Errorf("the plant of %s is called %s, expected %s", files[i], spec.Name, want)
			}
			if spec.Doc == "" || spec.Length() < 30*time.Second {
				t.Errorf("doc %q, length %v", spec.Doc, spec.Length())
			}
		})
	}
}

// plain is a plant without fault; tests of faults put one line in the place of another.
const plain = `name: plain
doc: a plant
service: {distribution: lognormal, median: 10ms, sigma: 0.25}
station: {kind: fifo}
load: {clients: 40}
phases:
  - {for: 10s, slots: 10}
`

func TestFaultsNameTheirPlace(t *testing.T) {
	for _, row := range []struct{ name, from, to, want string }{
		{"a key nobody knows", "doc:", "dock:", "p.yaml:1:1: doc is missing; a plant needs name, doc, service, station, load and phases\np.yaml:2:1: unknown key \"dock\"; did you mean \"doc\"?"},
		{"an empty name", "name: plain", `name: ""`, `p.yaml:1:7: name: found text "", expected text that is not empty`},
		{"a kind nobody knows", "kind: fifo", "kind: lifo", `p.yaml:4:17: station.kind: found text "lifo", expected fifo, sharing, scalability, two-stations, knee or batch; did you mean "fifo"?`},
		{"no kind", "kind: fifo", "", "p.yaml:4:10: station.kind is missing; use fifo, sharing, scalability, two-stations, knee or batch"},
		{"what another kind has", "kind: fifo", "kind: fifo, alpha: 0.1", "p.yaml:4:30: station.alpha says nothing of a fifo station; remove it"},
		{"what a kind needs", "kind: fifo", "kind: knee, scale: 0.1", "p.yaml:4:10: station.base is missing; station needs scale and base"},
		{"a distribution nobody knows", "distribution: lognormal", "distribution: normal", `p.yaml:3:25: service.distribution: found text "normal", expected lognormal, exponential, constant or pareto`},
		{"no sigma", ", sigma: 0.25", "", "p.yaml:3:10: service.sigma is missing; lognormal needs it"},
		{"a sigma too many", "lognormal", "constant", "p.yaml:3:56: service.sigma says nothing of distribution constant; remove it"},
		{"a median of nothing", "median: 10ms", "median: 0", "p.yaml:3:44: service.median: found number 0, expected a duration from 10µs to 1m0s"},
		{"a median without unit", "median: 10ms", "median: 10", "p.yaml:3:44: service.median: found number 10, expected a duration such as 2ms or 90s"},
		{"a tail without a mean", "lognormal, median: 10ms, sigma: 0.25", "pareto, median: 10ms, alpha: 1", "p.yaml:3:54: service.alpha: found number 1, expected a number from 1.1 to 100"},
		{"half an outlier", "sigma: 0.25", "sigma: 0.25, outliers: {share: 0.1}", "p.yaml:3:73: service.outliers.factor is missing; service.outliers needs share and factor"},
		{"a rate that is no number", "clients: 40", "rate: .nan", "p.yaml:5:14: load.rate: found number .nan, expected a number from 0.001 to 100"},
		{"a rate without end", "clients: 40", "rate: .inf", "p.yaml:5:14: load.rate: found number .inf, expected a number from 0.001 to 100"},
		{"a number too great for one", "slots: 10", "slots: 10, load: 1.0e+400", "p.yaml:7:33: phases[0].load: found text \"1.0e+400\", expected a number from 0 to 100"},
		{"a share that is no number", "slots: 10", "slots: 10, thief: .nan", "p.yaml:7:34: phases[0].thief: found number .nan, expected a number from 0 to 0.95"},
		{"a rate below nothing", "clients: 40", "rate: -1", "p.yaml:5:14: load.rate: found number -1, expected a number from 0.001 to 100"},
		{"no load", "clients: 40", "", "p.yaml:5:7: load has 0 of clients, rate and per_second; use one: clients for closed load, rate (in capacities) or per_second for open load"},
		{"two loads", "clients: 40", "clients: 40, rate: 1", "p.yaml:5:7: load has 2 of clients, rate and per_second; use one: clients for closed load, rate (in capacities) or per_second for open load"},
		{"no clients", "clients: 40", "clients: 0", "p.yaml:5:17: load.clients: found number 0, expected a whole number from 1 to 10000"},
		{"a pause of requests", "clients: 40", "rate: 1, think: 1s", "p.yaml:5:24: load.think is for clients; remove it, or use clients"},
		{"a queue of clients", "clients: 40", "clients: 40, queue: 5", "p.yaml:5:28: load.queue is for open load: clients wait as long as it takes; remove it, or use rate"},
		{"clients that retry", "doc: a plant", "doc: a plant\nretry: {after: 1s, most: 3}", "p.yaml:3:8: retry is for open load: clients come back anyway; remove it, or use load.rate"},
		{"hanging where nothing is held", "kind: fifo}", "kind: sharing}\nhang: {share: 0.1, time: 1s}", "p.yaml:5:7: hang is for a fifo station, whose slots are held; remove it, or use fifo"},
		{"no phases", "\n  - {for: 10s, slots: 10}", " []", "p.yaml:6:9: phases is empty; use one or more, as in phases: [{for: 60s, slots: 10}]"},
		{"a phase without length", "for: 10s, ", "", "p.yaml:7:5: phases[0].for is missing; use a duration such as 60s"},
		{"a phase of nothing", "for: 10s", "for: 0", "p.yaml:7:11: phases[0].for: found number 0, expected a duration from 1s to 1h0m0s"},
		{"a phase of odd length", "for: 10s", "for: 1.05s", "p.yaml:7:11: phases[0].for is 1.05s; use whole tenths of a second"},
		{"no slots at first", ", slots: 10", "", "p.yaml:7:5: phases[0].slots is missing; the first phase says how many there are"},
		{"slots of nothing", "slots: 10", "slots: 0", "p.yaml:7:23: phases[0].slots: found number 0, expected a number from 1 to 500"},
		{"part of a slot", "slots: 10", "slots: 2.5", "p.yaml:7:23: phases[0].slots: found number 2.5, expected a whole number"},
		{"a thief of all", "slots: 10", "slots: 10, thief: 1", "p.yaml:7:34: phases[0].thief: found number 1, expected a number from 0 to 0.95"},
		{"limiters that go with a repeat", "slots: 10}", "slots: 10}\n  - {for: 10s, limiters: 2}\nrepeat: 2", "p.yaml:9:9: repeat would take the late limiters away again; limiters come and do not go: write the phases out"},
		{"limiters that go", "slots: 10}", "slots: 10, limiters: 2}\n  - {for: 10s, limiters: 1}", "p.yaml:8:26: phases[1].limiters is 1 after 2; limiters come and do not go"},
		{"several limiters in open load", "clients: 40}\nphases:\n  - {for: 10s, slots: 10}", "rate: 1}\nphases:\n  - {for: 10s, slots: 10, limiters: 2}", "p.yaml:7:37: phases[0].limiters is 2; several limiters need closed load, each has its own clients"},
		{"slots of a law", "kind: fifo", "kind: scalability, alpha: 0.1, beta: 0.1", "p.yaml:7:23: phases[0].slots says nothing of a scalability station; remove it"},
		{"a median of two stations", "kind: fifo", "kind: two-stations, io: {slots: 2, demand: 1ms}, cpu: {slots: 2, demand: 1ms}", "p.yaml:3:44: service.median says nothing of two stations, which have demands; remove it\np.yaml:7:23: phases[0].slots says nothing of a two-stations station; remove it"},
		{"half a station", "kind: fifo", "kind: two-stations, io: {slots: 2}, cpu: {slots: 0, demand: 1ms}", "p.yaml:3:44: service.median says nothing of two stations, which have demands; remove it\n" +
			"p.yaml:4:35: station.io.demand is missing; station.io needs slots and demand\np.yaml:4:60: station.cpu.slots: found number 0, expected a whole number from 1 to 500\np.yaml:7:23: phases[0].slots says nothing of a two-stations station; remove it"},
		{"too many phases", "phases:", "repeat: 100\nphases:\n  - {for: 1s, slots: 1}\n  - {for: 1s, slots: 1}", "p.yaml:8:3: there are 300 phases in all; use 200 or fewer"},
		{"hours and hours", "phases:", "repeat: 100\nphases:\n  - {for: 1m, slots: 1}", "p.yaml:8:3: phases last 1h56m40s in all; use 1h0m0s or less"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if !strings.Contains(plain, row.from) {
				t.Fatalf("the plain plant has no %q", row.from)
			}
			_, err := Parse("p.yaml", []byte(strings.Replace(plain, row.from, row.to, 1)))
			if diff := cmp.Diff(row.want, fmt.Sprint(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnEmptyFileSaysWhatAPlantNeeds(t *testing.T) {
	for name, data := range map[string]string{"nothing": "", "a comment": "# later\n"} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("p.yaml", []byte(data))
			var faults strict.Faults
			if !errors.As(err, &faults) || len(faults) != 6 {
				t.Fatalf("error is %v, expected a fault for each of six keys", err)
			}
		})
	}
}

func TestWhatAPhaseDoesNotSayStaysAsItWas(t *testing.T) {
	spec := parsed(t, "{kind: fifo}", "{clients: 40}", "[{for: 10s, slots: 10, to: 20}, {for: 5s, service: 2}, {for: 5s, thief: 0.5}]", even+"\nrepeat: 2")
	if got, want := spec.Length(), 40*time.Second; got != want {
		t.Errorf("length is %v, expected %v", got, want)
	}
	for _, row := range []struct {
		phase int
		after time.Duration
		want  conditions
	}{
		{0, 0, conditions{10, 1, 1, 1}},
		{0, 5 * time.Second, conditions{15, 1, 1, 1}},
		{1, time.Second, conditions{20, 2, 1, 1}},
		{2, 0, conditions{10, 2, 1, 1}},
		{3, 0, conditions{10, 1, 1, 1}},
	} {
		if got := spec.phases[row.phase].at(row.after); got != row.want {
			t.Errorf("phase %d after %v: %+v, expected %+v", row.phase, row.after, got, row.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(plain))
	f.Add([]byte("name: x\nphases: [{for: 1s}]\nrepeat: 3\n"))
	files, err := filepath.Glob("plants/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		spec, err := Parse("f.yaml", data)
		if err != nil {
			var faults strict.Faults
			if !errors.As(err, &faults) {
				t.Errorf("error %v is no list of faults", err)
			}
			return
		}
		if spec.Name == "" || spec.Length() < time.Second || spec.Length() > longestPhase {
			t.Errorf("plant %q of %v was taken", spec.Name, spec.Length())
		}
		for _, p := range spec.phases[:min(2, len(spec.phases))] {
			b := spec.best(p.at(0))
			if !(b.limit >= 1 && b.limit <= mostInside && b.capacity > 0) {
				t.Errorf("%+v: the optimum is %+v", p, b)
			}
		}
	})
}
