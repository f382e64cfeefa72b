package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/search/surface"
	"sluice/harness/space"
)

// newCourse is a search on surface E.
func newCourse(launches int, seed uint64, noise float64) *course {
	return &course{problem: closed{surface.E(), noise}, seed: seed, launches: launches}
}

func TestLuckIsNormalAndIndependentOfItsNeighbours(t *testing.T) {
	const seeds, launches = 200, 300
	p := closed{surface.E(), 1}
	luck := make([][]float64, seeds)
	for seed := range luck {
		block := slices.Repeat([]record.Flat{p.Reference()}, launches)
		luck[seed] = p.Measure(uint64(seed), 0, block)
		for i := range block {
			luck[seed][i] -= p.Truth(p.Reference())
		}
	}
	var sum, squares, ahead, across float64
	const n = seeds * launches
	for s := range luck {
		for i, v := range luck[s] {
			sum, squares = sum+v/n, squares+v*v/n
			ahead += v * luck[s][(i+1)%launches] / n
			across += v * luck[(s+1)%seeds][i] / n
		}
	}
	// Five standard errors of 60,000 draws.
	for name, got := range map[string]float64{"mean": sum, "variance − 1": (squares - 1) / math.Sqrt2, "next launch": ahead, "next seed": across} {
		if math.Abs(got) > 5/math.Sqrt(n) {
			t.Errorf("%s is %.4f, want 0", name, got)
		}
	}
}

func TestEverybodyMeetsTheSameLuckAtTheSameLaunch(t *testing.T) {
	p := closed{surface.M(), .03}
	together := p.Measure(7, 10, []record.Flat{p.Reference(), p.surface.Optimum})
	if alone := p.Measure(7, 11, []record.Flat{p.surface.Optimum}); alone[0] != together[1] {
		t.Errorf("launch 11 shows %v alone and %v in a block", alone[0], together[1])
	}
}

func TestKnobsCoverTheSpaceAndComeBack(t *testing.T) {
	s := append(surface.E().Space(),
		space.Param{Name: "from zero", Type: space.Int, Scale: space.Log2, Min: 0, Max: 8},
		space.Param{Name: "bytes", Type: space.Size, Scale: space.Log2, Min: 1, Max: 1 << 20},
		space.Param{Name: "wait", Type: space.Duration, Min: .5, Max: 2},
		space.Param{Name: "levels", Type: space.Int, Scale: space.Log2, Min: 1, Max: 64, Levels: 4},
		space.Param{Name: "list", Type: space.Int, Values: []any{1, 8, 3}},
	)
	for _, indices := range []bool{false, true} {
		offered, err := knobs(s, indices)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			name string
			end  func(knob) float64
			want record.Flat
		}{
			{"lowest", func(k knob) float64 { return k.Low }, record.Flat{
				"io_workers": 1, "cpu_workers": 1, "buffer": 1, "batch": 1, "limiter": "none", "gogc": 25, "reader": "read", "pin": false,
				"from zero": 0, "bytes": int64(1), "wait": .5, "levels": 1, "list": 1, "kept": "yes",
			}},
			{"highest", func(k knob) float64 { return max(k.High, float64(k.Count-1)) }, record.Flat{
				"io_workers": 64, "cpu_workers": 64, "buffer": 4096, "batch": 256, "limiter": "gradient", "gogc": 800, "reader": "mmap", "pin": true,
				"from zero": 8, "bytes": int64(1 << 20), "wait": 2., "levels": 64, "list": 3, "kept": "yes",
			}},
		} {
			answer := make([]float64, len(offered))
			for i, k := range offered {
				answer[i] = row.end(k)
			}
			got, err := decode(record.Flat{"kept": "yes"}, offered, answer)
			if err != nil || got.String() != row.want.String() || !s.Contains(got) {
				t.Errorf("%s: %v (%v), want %v", row.name, got, err, row.want)
			}
		}
		for _, k := range offered {
			if indices && k.Kind == choiceKnob {
				t.Errorf("%s is a choice though indices are asked for", k.Name)
			}
			for _, outside := range []float64{-1, math.Inf(1), math.NaN()} {
				if v, err := k.value(outside); err == nil && !(k.Kind == realKnob && outside >= k.Low) {
					t.Errorf("%s: %v is taken for %v", k.Name, outside, v)
				}
			}
		}
		if _, err := decode(nil, offered, []float64{1}); err == nil {
			t.Error("an answer for one knob of many is taken")
		}
	}
}

func TestWithoutOrderWordsAreChoices(t *testing.T) {
	for _, row := range []struct {
		p    problem
		want string
	}{{closed{surface.E(), 0}, wholeKnob}, {unordered{closed{surface.E(), 0}}, choiceKnob}} {
		offered, err := knobs(row.p.Space(), false)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(offered, func(k knob) bool { return k.Name == "gogc" })
		if offered[i].Kind != row.want {
			t.Errorf("GOGC is offered as %s, want %s", offered[i].Kind, row.want)
		}
	}
}

func TestScoresAreWhatTheyAreSaidToBe(t *testing.T) {
	at := func(shares ...float64) []point {
		points := make([]point, len(shares))
		for i, s := range shares {
			points[i] = point{tried: s, recommended: s}
		}
		return points
	}
	for _, row := range []struct {
		name     string
		points   []point
		hit, rec int
	}{
		{"nothing launched", nil, 0, 0},
		{"never within", at(.5, .9, .94), 0, 0},
		{"within from the first", at(.95, 1, .97), 1, 1},
		{"left again and come back", at(.9, .96, .9, .96, .97), 2, 4},
		{"left for good", at(.9, .96, .9), 2, 0},
	} {
		if h, r := hit(row.points, .05), rec(row.points, .05); h != row.hit || r != row.rec {
			t.Errorf("%s: hit %d, rec %d; want %d, %d", row.name, h, r, row.hit, row.rec)
		}
	}
}

func TestSumsOverSeeds(t *testing.T) {
	var outcomes []outcome
	for i := range 20 {
		o := outcome{Rec5: 10 * (i + 1), True: []float64{.9 + float64(i)/1000}, Bias: .02}
		outcomes = append(outcomes, o)
	}
	outcomes[0].Worse = true
	all := sumUp("E", "x", 10, outcomes)
	if want := (reach{100, 190, 20}); all.Rec5 != want {
		t.Errorf("rec is %v, want %v", all.Rec5, want)
	}
	if all.Hit5 != (reach{}) || all.Worse != 1 || math.Abs(all.Bias-.02) > 1e-12 {
		t.Errorf("hit is %v, worse %d, bias %v", all.Hit5, all.Worse, all.Bias)
	}
	if got := all.True[0]; math.Abs(got.Median-.9095) > 1e-12 || math.Abs(got.Worst5-.901) > 1e-12 {
		t.Errorf("truth is %v", got)
	}
	outcomes[1].Kept, outcomes[1].Bias = true, 0
	if got := sumUp("E", "x", 10, outcomes); got.Kept != 1 || math.Abs(got.Bias-.02) > 1e-12 {
		t.Errorf("with one that claims nothing, the bias of the others is %v (%d kept)", got.Bias, got.Kept)
	}
	outcomes[18], outcomes[19] = outcome{True: []float64{0}, Lost: "gone"}, outcome{True: []float64{0}, Lost: "gone"}
	if got := sumUp("E", "x", 10, outcomes); got.Rec5 != (reach{100, 0, 18}) || got.Lost != 2 || got.True[0].Worst5 != 0 || math.Abs(got.Bias-.02) > 1e-12 {
		t.Errorf("with two of 20 lost: %+v", got)
	}
}

func TestARaceTellsLuckFromWorth(t *testing.T) {
	const noise = .03
	right, bias := 0, 0.0
	for seed := range uint64(40) {
		c := newCourse(60, seed, noise)
		optimum := c.problem.(closed).surface.Optimum
		trials := []trial{{optimum, c.problem.Best() - noise}} // had bad luck
		for workers := 12; workers < 31; workers++ {           // worse, and lucky
			config := record.Flat{}
			for name, value := range optimum {
				config[name] = value
			}
			config["cpu_workers"], config["io_workers"] = workers, 4
			trials = append(trials, trial{config, c.problem.Best() + noise})
		}
		if err := race(c, trials); err != nil {
			t.Fatal(err)
		}
		if c.left() != 0 {
			t.Fatalf("%d launches are left of 60", c.left())
		}
		if c.current.truth == 1 {
			right++
		}
		bias += (c.current.claimed/c.current.truth - 1) / 40
	}
	if right < 38 {
		t.Errorf("the optimum won %d of 40 races against configurations that are far worse", right)
	}
	if math.Abs(bias) > .01 {
		t.Errorf("the claim is off by %.3f, want less than .01 where one is far ahead", bias)
	}
}

func TestARaceStartsEachConfigurationOnce(t *testing.T) {
	c := newCourse(60, 1, .03)
	field := startingField([]trial{{c.problem.Reference(), 1}, {surface.E().Optimum, 2}, {c.problem.Reference(), 3}}, 20)
	if len(field) != 2 || field[0].shown != 3 || field[1].shown != 2 {
		t.Errorf("the field is %v, want the reference as it was seen best, then the optimum", field)
	}
	if err := race(c, nil); err != nil || c.left() != 60 {
		t.Errorf("a race of nobody: %v, %d launches left", err, c.left())
	}
}

func TestContestantsSpendNoMoreThanTheyHaveAndRepeatThemselves(t *testing.T) {
	for _, contestant := range contestants() {
		if contestant.sampler != "" {
			continue // TestOptuna…
		}
		if contestant.name == "sluice-grid" {
			continue // such a space has no grid
		}
		for _, launches := range []int{12, 61} {
			var last []point
			for range 2 {
				c := newCourse(launches, 3, .03)
				if err := contestant.run(c, nil); err != nil {
					t.Fatalf("%s: %v", contestant.name, err)
				}
				if len(c.points) > launches || len(c.points) < launches-2 || c.current.truth <= 0 || c.current.truth > 1 {
					t.Errorf("%s: %d launches of %d, recommends %v", contestant.name, len(c.points), launches, c.current)
				}
				if last != nil && !contestant.unseeded && !slices.Equal(last, c.points) {
					t.Errorf("%s: the same seed gives another search", contestant.name)
				}
				last = c.points
			}
		}
	}
}

func TestOursPayForTheirReferenceAndFallBackOnIt(t *testing.T) {
	open, _ := search.New("random", search.Options{Space: surface.E().Space(), Reference: surface.E().Reference, Seed: 1})
	c := newCourse(60, 1, 0)
	reference := c.share(c.problem.Truth(c.problem.Reference()))
	if err := strategySearch(c, func(search.Options) (search.Strategy, error) { return open, nil }); err != nil {
		t.Fatal(err)
	}
	for launch := 0; launch < 60; launch += search.BlockArms + 1 {
		if c.points[launch].tried != reference {
			t.Errorf("launch %d is %v, want the reference at the head of each block", launch, c.points[launch])
		}
	}
	if c.points[0].recommended != reference {
		t.Errorf("at first %v is recommended, want the reference", c.points[0].recommended)
	}
	better := search.Standing{Candidate: search.Candidate{Config: surface.E().Optimum}, Gain: -math.Log(reference), Feasible: 1}
	worse := search.Standing{Candidate: better.Candidate, Gain: -.1, Feasible: 1}
	doubted := search.Standing{Candidate: better.Candidate, Gain: .1, Feasible: .4}
	keep := recommendation{reference, reference, true}
	for _, row := range []struct {
		standings []search.Standing
		want      recommendation
	}{{nil, keep}, {[]search.Standing{worse}, keep}, {[]search.Standing{doubted, better}, keep}, {[]search.Standing{better, worse}, recommendation{1, 1, false}}} {
		recommendStanding(c, row.standings)
		if c.current.kept != row.want.kept || math.Abs(c.current.truth-row.want.truth) > 1e-12 || math.Abs(c.current.claimed-row.want.claimed) > 1e-12 {
			t.Errorf("of %v %v is recommended, want %v", row.standings, c.current, row.want)
		}
	}
}

// here is the interpreter that has Optuna; the test is skipped where none has.
func here(t *testing.T) (python string, g greeting) {
	t.Helper()
	python, g, missing := findPython(t.Context(), []string{"python3", "/usr/bin/python3"})
	if python == "" {
		t.Skip(missing + "; to run this: " + optunaRemedy)
	}
	return python, g
}

func TestOptunaIsAskedAndTold(t *testing.T) {
	python, g := here(t)
	all, gone := present(contestants(), python, g, "")
	for _, a := range gone {
		t.Logf("left out: %v", a)
	}
	o, err := startOptuna(t.Context(), python)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := o.close(); err != nil {
			t.Error(err)
		}
	}()
	for _, contestant := range all {
		if contestant.sampler == "" {
			continue
		}
		var last []point
		for range 2 { // in one process: a study must leave nothing behind
			c := newCourse(15, 3, .03)
			if err := contestant.run(c, o); err != nil {
				t.Fatalf("%s: %v", contestant.name, err)
			}
			if c.left() > 2 || c.current.truth <= 0 {
				t.Errorf("%s: %d launches left, recommends %v", contestant.name, c.left(), c.current)
			}
			if last != nil && !slices.Equal(last, c.points) {
				t.Errorf("%s: the same seed gives another search", contestant.name)
			}
			last = c.points
		}
	}
}

func TestWhoIsNotInstalledIsLeftOutWithTheRemedy(t *testing.T) {
	all := contestants()
	_, g, missing := findPython(t.Context(), []string{"no-such-python", "false"})
	some, gone := present(all, "", g, missing)
	if len(some) == 0 || len(gone) == 0 || len(some)+len(gone) != len(all) {
		t.Fatalf("%d are here, %d are not, of %d", len(some), len(gone), len(all))
	}
	for _, a := range gone {
		if !strings.HasPrefix(a.Name, "optuna") || !strings.Contains(a.Reason, "apt install python3-optuna") {
			t.Errorf("%v does not say how to install it", a)
		}
	}
	_, gone = present(all, "python3", greeting{Lacking: map[string]string{"cma-es": "cmaes"}}, "")
	if len(gone) != 1 || gone[0].Name != "optuna-cma-es" || !strings.Contains(gone[0].Reason, "no cmaes") {
		t.Errorf("without the module cmaes, these are left out: %v", gone)
	}
}

func TestTheCommandWritesWhatItPrints(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	var text bytes.Buffer
	args := []string{"-seeds", "3", "-launches", "30", "-problems", "M", "-only", "sluice,goptuna-random,optuna", "-python", "no-such-python", "-out", folder}
	if err := run(t.Context(), args, &text, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"30 launches, 3 % noise, 3 seeds", "goptuna-random", "true at 30", "left out: optuna-tpe", "left out: sluice-grid on M"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, &text)
		}
	}
	data, err := os.ReadFile(filepath.Join(folder, "search.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil || d.Schema != schema || len(d.Rows) != len(search.Strategies()) || len(d.Rows[0].Searches) != 3 {
		t.Errorf("the document holds %d rows, %q (%v)", len(d.Rows), d.Schema, err)
	}
	f, err := os.Open(filepath.Join(folder, "search.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) != 1+3*len(d.Rows) {
		t.Errorf("the CSV has %d lines (%v)", len(lines), err)
	}
}

func TestScoresDoNotDependOnTheWorkers(t *testing.T) {
	rows := func(workers int) []row {
		c := contest{
			settings: settings{Seeds: 5, Launches: 30}, problems: []problem{closed{surface.E(), .1}}, workers: workers, progress: io.Discard,
			contestants: selected(contestants(), "sluice"),
		}
		rows, _, err := c.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			rows[i].Seconds = 0
			for k := range rows[i].Searches {
				rows[i].Searches[k].Seconds = 0
			}
		}
		return rows
	}
	one, _ := json.Marshal(rows(1))
	if three, _ := json.Marshal(rows(3)); !bytes.Equal(one, three) {
		t.Errorf("one worker:\n%s\nthree:\n%s", one, three)
	}
}

func TestASearchThatGoesWrongIsCountedAndTheRestGoesOn(t *testing.T) {
	fails := contestant{name: "fails", run: func(c *course, _ *optuna) error {
		if c.seed == 2 {
			return errors.New("lost its way")
		}
		return goptunaRandom(c)
	}}
	c := contest{settings: settings{Seeds: 4, Launches: 20}, problems: []problem{closed{surface.E(), 0}}, contestants: []contestant{fails}, workers: 2, progress: io.Discard}
	rows, _, err := c.run(t.Context())
	if err != nil || rows[0].Lost != 1 || rows[0].Seeds != 4 || rows[0].Searches[1].Lost != "lost its way" {
		t.Errorf("%+v, %v", rows, err)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("enough"))
	if _, _, err := c.run(ctx); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("a contest that was stopped says %v", err)
	}
}

func TestBadArgumentsAreRefused(t *testing.T) {
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"-seeds", "0"}, "seeds is 0"},
		{[]string{"-launches", "3"}, "launches is 3"},
		{[]string{"-noise", "30"}, "noise is 30"},
		{[]string{"-noise", "NaN"}, "noise is NaN"},
		{[]string{"-workers", "0"}, "workers is 0"},
		{[]string{"-problems", "E,X"}, `no surface "X" and no table`},
		{[]string{"-only", "hyperopt"}, `nobody's name begins with "hyperopt"`},
		{[]string{"more"}, "more"},
	} {
		if err := run(t.Context(), row.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v: %v, want an error that says %q", row.args, err, row.want)
		}
	}
}
