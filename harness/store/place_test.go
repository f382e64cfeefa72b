package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sluice/harness/record"
)

func TestTheAddressOfATrialIsRead(t *testing.T) {
	for text, want := range map[string]Place{
		"grid/3/1":                   {Phase: record.Grid, Block: 3, Slot: 1, Attempt: -1},
		"grid/3/1.0":                 {Phase: record.Grid, Block: 3, Slot: 1},
		"comparison/12/0.2":          {Phase: record.Comparison, Block: 12, Attempt: 2},
		"goroot/nfs/2c/search/0/5":   {Scenario: "goroot/nfs/2c", Phase: record.Search, Slot: 5, Attempt: -1},
		"my.dir/local/2c/full/1/0.1": {Scenario: "my.dir/local/2c", Phase: record.Full, Block: 1, Attempt: 1},
	} {
		got, err := ParsePlace(text)
		if got != want || err != nil {
			t.Errorf("%s: got %+v, %v; want %+v", text, got, err, want)
		}
		if again, err := ParsePlace(got.String()); again.Slot != got.Slot || again.Scenario != got.Scenario || err != nil {
			t.Errorf("%s is written as %s, which is read as %+v, %v", text, got, again, err)
		}
	}
	for text, want := range map[string]string{
		"":              "use PHASE/BLOCK/SLOT",
		"grid/3":        "use PHASE/BLOCK/SLOT",
		"grit/3/1":      `names phase "grit"; the phases are warmup`,
		"grid/x/1":      `names block "x"; use a whole number from 0`,
		"grid/-1/1":     `names block "-1"`,
		"grid/1/":       `names slot ""`,
		"grid/1/2.":     `names attempt ""`,
		"grid/1/2.1.1":  `names attempt "1.1"`,
		"grid/1/9e9999": `names slot "9e9999"`,
	} {
		if _, err := ParsePlace(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestTheTrialThatCountsIsFoundAtAnAddress(t *testing.T) {
	s := holding(t, "r1")
	for attempt, aside := range []string{"busy", "", "slower"} {
		trial := withSeries("r1", 0)
		trial.Attempt, trial.SetAside, trial.Started = attempt, aside, trial.Started.Add(time.Duration(attempt))
		must(t, s.PutTrial(trial))
	}
	for text, want := range map[string]int{"search/0/0": 1, "search/0/0.0": 0, "search/0/0.2": 2, "goroot/local/2c/search/0/0": 1} {
		p, err := ParsePlace(text)
		must(t, err)
		got, err := s.FindPlace("r1", p)
		if err != nil || got.Attempt != want || len(got.Series) != 2 {
			t.Errorf("%s: attempt %d with %d series, %v; want attempt %d with 2", text, got.Attempt, len(got.Series), err, want)
		}
	}
}

func TestAnAddressThatFitsNoneOrSeveralSaysWhatThereIs(t *testing.T) {
	s := holding(t, "r1")
	for _, scenario := range []string{"a/local/2c", "a/nfs/2c"} {
		trial := aTrial("r1", 7)
		trial.Scenario = scenario
		must(t, s.PutTrial(trial))
	}
	_, err := s.FindPlace("r1", Place{Phase: record.Search, Block: 1, Slot: 1, Attempt: -1})
	if !errors.Is(err, ErrAmbiguousPlace) || !strings.Contains(err.Error(), "a/local/2c/search/1/1, a/nfs/2c/search/1/1; put the scenario before it") {
		t.Errorf("error %v", err)
	}
	_, err = s.FindPlace("r1", Place{Phase: record.Grid})
	if !errors.Is(err, ErrNoTrial) || !strings.Contains(err.Error(), "the run has 2 of search (blocks 1 … 1)") {
		t.Errorf("error %v", err)
	}
	if _, err := s.FindPlace("nobody", Place{Phase: record.Grid}); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v, want %v", err, ErrNotFound)
	}
}

func FuzzParsePlace(f *testing.F) {
	f.Add("goroot/nfs/2c/grid/3/1.0")
	f.Add("grid/3/1")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePlace(text)
		if err != nil {
			return
		}
		again, err := ParsePlace(p.String())
		again.Attempt, p.Attempt = max(again.Attempt, 0), max(p.Attempt, 0)
		if err != nil || again != p {
			t.Errorf("%q is %+v, written %s, read as %+v, %v", text, p, p, again, err)
		}
	})
}
