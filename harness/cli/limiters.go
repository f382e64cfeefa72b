package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sluice/harness/plant"
	"sluice/harness/record"
	"sluice/harness/target"
	"sluice/harness/unit"
	"sluice/reports"
	"sluice/reports/view"
)

// limitersFlags are the flags of sluice limiters.
type limitersFlags struct {
	plants   []string
	limiters []string
	vary     string
	seeds    int
	seed     seedText
	list     bool
	report   string
	format   string
	quiet    bool
}

func newLimiters(s *streams) *cobra.Command {
	f := &limitersFlags{seed: "1"}
	cmd := &cobra.Command{
		Use: "limiters", Short: "put the limiters through plants whose optimum is known, and rank them", Args: none,
		Long: `Put limiters in front of plants whose best limit is known, in virtual time, and
rank them by power: the share of what the plant can do, over the median latency
in units of that without queueing. Nothing is measured on this machine and
nothing has noise but what the seeds draw: the figures come out the same each
time.

Without flags every limiter goes through every plant. An oracle, which is told
the best limit of each moment, and static limits always take part: what a rule
is worth shows only beside them.

--plant takes a plant by its name, or a file in the form of docs/limiters.md.
--limiter takes names; our own rules can be started elsewhere, and bounded, as
in bdp:8 or bdp:8:100, and static:40 is a limit of 40. --vary puts one of our
rules against itself with each of its parameters halved and doubled, and from
other limits at the start.`,
		Example: `  sluice limiters --list
  sluice limiters --plant steps --limiter bdp,vegas:50,static:30
  sluice limiters --plant my-service.yaml --report limiters-report
  sluice limiters --vary bdp`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.execute(cmd, s) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.plants, "plant", nil, "`name|file` of a plant; repeatable (default all that have a name)")
	flags.StringSliceVar(&f.limiters, "limiter", nil, "`name[:initial[:max]],…` of those who take part beside the oracle and static limits (default all)")
	flags.StringVar(&f.vary, "vary", "", "`name` of a rule of ours: vary its parameters and its first limit")
	flags.IntVar(&f.seeds, "seeds", 3, "simulations of each limiter on each plant; figures are their medians")
	flags.Var(&f.seed, "seed", "the first seed; the others follow it")
	flags.BoolVar(&f.list, "list", false, "list plants and limiters and simulate nothing")
	flags.StringVar(&f.report, "report", "", "`folder` for a page, a summary, pictures and contest.json (default none)")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	formatFlag(cmd, &f.format)
	_ = cmd.RegisterFlagCompletionFunc("plant", cobra.FixedCompletions(plantNames(), cobra.ShellCompDirectiveDefault)) // files too
	_ = cmd.RegisterFlagCompletionFunc("limiter", completeLimiters)
	complete(cmd, "vary", algorithmNames())
	return cmd
}

func (f *limitersFlags) execute(cmd *cobra.Command, s *streams) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	specs, contestants, first, err := f.parse(cmd.Flags().Changed)
	if err != nil {
		return err
	}
	if f.list {
		return listLaboratory(s, specs, contestants, f.format)
	}
	if f.report != "" { // before the work, not after it
		if err := reports.Prepare(f.report); err != nil {
			return &usageError{err}
		}
	}
	c, err := f.hold(cmd.Context(), s, specs, contestants, first)
	if err != nil {
		return err
	}
	return f.print(s, c)
}

// hold runs the contest from the first seed on, with its progress on stderr.
func (f *limitersFlags) hold(ctx context.Context, s *streams, specs []plant.Spec, contestants []plant.Contestant, first uint64) (record.Contest, error) {
	bar := newProgress(s.err, f.quiet, "")
	bar.unit = "simulations"
	defer bar.stop()
	o := plant.Options{Progress: func(int, int) { bar.step("") }}
	for i := range f.seeds {
		o.Seeds = append(o.Seeds, first+uint64(i))
	}
	bar.phase("limiters", len(specs)*len(contestants)*f.seeds, 0)
	return plant.Run(ctx, specs, contestants, o)
}

// print gives the result to stdout and draws the report where one is asked for.
func (f *limitersFlags) print(s *streams, c record.Contest) error {
	asked := view.Asked{Command: target.ShellLine(append([]string{"sluice"}, os.Args[1:]...)), Base: f.vary}
	if f.format == "json" {
		if err := json.NewEncoder(s.out).Encode(c); err != nil {
			return err
		}
	} else if err := reports.ContestText(s.out, c, asked, color(s.out)); err != nil {
		return err
	}
	if f.report == "" {
		return nil
	}
	if _, err := reports.WriteContest(f.report, c, asked); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if !f.quiet {
		fmt.Fprintf(s.err, "report: %s\n", filepath.Join(f.report, "index.html"))
	}
	return nil
}

// LaboratorySchema names the JSON object that limiters --list prints.
const LaboratorySchema = "sluice.laboratory/v1"

// listLaboratory prints what could take part.
func listLaboratory(s *streams, specs []plant.Spec, contestants []plant.Contestant, format string) error {
	if format == "json" {
		return json.NewEncoder(s.out).Encode(laboratory(specs, contestants))
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "plants")
	for _, p := range specs {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", view.Clean(p.Name), unit.Time(p.Length().Seconds()), view.Clean(p.Doc))
	}
	fmt.Fprintln(w, "limiters")
	for _, c := range contestants {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", c.Name, c.Kind, c.Doc)
	}
	return w.Flush()
}

func laboratory(specs []plant.Spec, contestants []plant.Contestant) any {
	type ground struct {
		Name   string  `json:"name"`
		Doc    string  `json:"doc"`
		Length float64 `json:"length_s"`
	}
	type rule struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
		Doc  string `json:"doc"`
	}
	all := struct {
		Schema   string   `json:"schema"`
		Plants   []ground `json:"plants"`
		Limiters []rule   `json:"limiters"`
	}{LaboratorySchema, []ground{}, []rule{}}
	for _, p := range specs {
		all.Plants = append(all.Plants, ground{p.Name, p.Doc, p.Length().Seconds()})
	}
	for _, c := range contestants {
		all.Limiters = append(all.Limiters, rule{c.Name, c.Kind, c.Doc})
	}
	return all
}
