package limiters

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"text/tabwriter"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/plant"
	"sluice/harness/record"
)

var (
	contestFile = flag.String("contest", "", "put everybody through every plant and write the contest to this `file` (JSON)")
	seeds       = flag.Int("seeds", 3, "how many seeds the contest has: 1, 2, 3 …")
)

// TestLaboratory puts the peers through one short plant, to see that they are
// wired: none may fail, stand still, run dry or depend on real time. With -contest it is the laboratory
// as sluice limiters has it, with the peers among the contestants.
func TestLaboratory(t *testing.T) {
	if *contestFile == "" {
		short(t)
		return
	}
	c := contest(t, plant.Builtin(), append(plant.Contestants(), Peers()...), *seeds)
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*contestFile, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + ranked(c))
}

func short(t *testing.T) {
	data, err := os.ReadFile("testdata/short.yaml")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := plant.Parse("testdata/short.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	c := contest(t, []plant.Spec{spec}, Peers(), 1)
	t.Log("\n" + ranked(c))
	if diff := cmp.Diff(c, contest(t, []plant.Spec{spec}, Peers(), 1)); diff != "" {
		t.Error("the same contest came out differently:\n" + diff)
	}
	for _, r := range c.Limits {
		if r.Error != "" {
			t.Errorf("%s took no part: %s", r.Name, r.Error)
		}
	}
	for _, s := range c.Plants[0].Scores {
		if s.Utilisation < 0.5 || s.Utilisation > 1.05 {
			t.Errorf("%s: utilisation is %.2f of a saturated plant, want more than half", s.Limiter, s.Utilisation)
		}
	}
}

// contest gives each simulation a bubble, whose clock the peers' gates move along
// with the plant's. Nobody else looks at it, and bubbles do not share one, so
// simulations run side by side.
func contest(t *testing.T, specs []plant.Spec, contestants []plant.Contestant, seeds int) record.Contest {
	t.Helper()
	o := plant.Options{
		Around: func(simulate func()) { synctest.Test(t, func(*testing.T) { simulate() }) },
		Progress: func(done, total int) {
			if done%max(1, total/20) == 0 {
				t.Logf("%d of %d simulations", done, total)
			}
		},
	}
	for i := range seeds {
		o.Seeds = append(o.Seeds, uint64(i+1))
	}
	c, err := plant.Run(t.Context(), specs, contestants, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ranked is the contest in a table, best first.
func ranked(c record.Contest) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "limiter\tkind\tpower\tp99 ×\tworst plant\tpower there ÷ best\tlost")
	for _, r := range c.Limits {
		if r.Error != "" {
			fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, r.Kind, r.Error)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%.1f\t%s\t%.2f\t%d of %d\n", r.Name, r.Kind, r.Power, r.P99, r.Worst, r.Share, len(r.Lost), len(c.Plants))
	}
	w.Flush()
	return text.String()
}
