package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/search/replay"
	"sluice/harness/unit"
	"sluice/reports/plots"
)

// searchReplayFlags are the flags of sluice search replay.
type searchReplayFlags struct {
	strategies []string
	seeds      int
	seed       seedText
	launches   int
	noise      string
	eps        []string
	confirm    int
	start      string
	model      bool
	format     string
	plot       string
	out        string
	quiet      bool
}

func newSearchReplay(s *streams) *cobra.Command {
	f := &searchReplayFlags{seed: "1"}
	cmd := &cobra.Command{
		Use: "replay TABLE|surface:NAME…", Short: "let strategies search recorded tables or known surfaces, many times, and score them",
		Long: `Let strategies search tables that were recorded once (sluice search table), or
surfaces whose best configuration is known, many times over, and score what
they recommend by what it is truly worth. Nothing is measured on this machine:
the figures come out the same each time, however many cores there are.

Every launch counts, repeats and the reference's included. A search's
measurements are drawn from half of a table's rounds; the other half says what
is true. With --confirm what a search recommends meets the reference again in
so many fresh blocks, and is judged as tune judges it.`,
		Example: `  sluice search replay surface:E surface:M --plot searches.png
  sluice search replay experiments/tables/nfs.table --launches 120 --confirm 20
  sluice search replay nfs.table --strategy halving,random --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("replay needs a table, or a surface (%s); as in: sluice search replay surface:E", strings.Join(surfaceNames(), ", "))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return surfaceNames(), cobra.ShellCompDirectiveDefault // files too
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.execute(cmd, s, args) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.strategies, "strategy", nil, "`name,…` of the strategies (default all; sluice search list names them)")
	flags.IntVar(&f.seeds, "seeds", 200, "searches of each strategy on each table")
	flags.Var(&f.seed, "seed", "the first seed; the others follow it")
	flags.IntVar(&f.launches, "launches", 300, "trials of each search, the reference's included")
	flags.StringVar(&f.noise, "noise", "3%", "standard deviation of a measurement of a surface; tables have their own")
	flags.StringSliceVar(&f.eps, "eps", []string{"2%", "5%"}, "`shares,…` of the best within which a search is to come")
	flags.IntVar(&f.confirm, "confirm", 0, "fresh `blocks` in which the recommended meets the reference again (default none)")
	flags.StringVar(&f.start, "start", "table", "table, whose known configurations are tried first, or none")
	flags.BoolVar(&f.model, "model", false, "strategies begin with what the pipeline's model expected of a table; the launches that calibrated it count")
	flags.StringVar(&f.plot, "plot", "", "`file` for a picture, as PNG (default none)")
	flags.StringVar(&f.out, "out", "", "`folder` for replay.jsonl, replay.txt and replay.png (default none)")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	formatFlag(cmd, &f.format)
	_ = cmd.RegisterFlagCompletionFunc("strategy", completeEntrants)
	complete(cmd, "start", []string{"table", "none"})
	return cmd
}

// asked is what the flags come to.
type asked struct {
	entrants []search.Spec
	grounds  []replay.Ground
	options  replay.Options
}

func (f *searchReplayFlags) execute(cmd *cobra.Command, s *streams, args []string) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	a, err := f.parse(cmd.Flags().Changed, args)
	if err != nil {
		return err
	}
	if err := f.prepare(); err != nil {
		return err
	}
	all, runErr := f.replayAll(cmd.Context(), s, a)
	if runErr != nil && cmd.Context().Err() == nil {
		return runErr
	}
	if runErr != nil {
		s.warn("interrupted: what had ended by then is kept (%d of %d replays, the last perhaps in part)", len(all), len(a.grounds)*len(a.entrants))
	}
	return errors.Join(runErr, f.deliver(s, all))
}

// mostSearches bounds seeds and launches to what a day of computing holds.
const (
	mostSearches = 100_000
	mostLaunches = 100_000
	mostConfirm  = 1000
	leastConfirm = 6 // pairs that an exact interval of 95 % needs
)

// parse reads the flags; all faults are told at once.
func (f *searchReplayFlags) parse(given func(string) bool, args []string) (asked, error) {
	var a asked
	errs := f.checkNumbers()
	note := func(err error) { errs = append(errs, err) }
	first, err := strconv.ParseUint(string(f.seed), 10, 63)
	if err != nil {
		note(fmt.Errorf("--seed is %q; use a whole number, 0 or more (default 1)", string(f.seed)))
	}
	noise, err := f.parseNoise(given("noise"), args)
	note(err)
	eps, err := parseEps(f.eps)
	note(err)
	if given("strategy") && f.strategies == nil {
		f.strategies = []string{}
	}
	a.entrants, err = findEntrants(f.strategies)
	note(err)
	a.grounds, err = grounds(args, noise)
	note(err)
	a.options = replay.Options{Seeds: f.seeds, First: first, Launches: f.launches, Eps: eps, Confirm: f.confirm, Start: f.start == "table", Model: f.model}
	if f.strategies != nil || f.model { // what was asked for by name is not left out
		for _, g := range a.grounds {
			for _, e := range a.entrants {
				note(replay.Opens(g, e, a.options))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return a, &usageError{err}
	}
	return a, nil
}

// checkNumbers finds numbers out of bounds, and a word that is none of two.
func (f *searchReplayFlags) checkNumbers() []error {
	var errs []error
	within := func(flag string, value, least, most int) {
		if value < least || value > most {
			errs = append(errs, fmt.Errorf("--%s is %d; use %d to %d", flag, value, least, most))
		}
	}
	within("seeds", f.seeds, 1, mostSearches)
	within("launches", f.launches, 3, mostLaunches)
	if f.confirm != 0 && (f.confirm < leastConfirm || f.confirm > mostConfirm) {
		errs = append(errs, fmt.Errorf("--confirm is %d; use %d to %d, or 0 for none: fewer pairs have no interval of 95 %%", f.confirm, leastConfirm, mostConfirm))
	}
	if f.start != "table" && f.start != "none" {
		errs = append(errs, fmt.Errorf("--start is %q; use table or none", f.start))
	}
	return errs
}

// parseNoise reads the noise of surfaces, which tables have no use for.
func (f *searchReplayFlags) parseNoise(given bool, args []string) (float64, error) {
	noise, err := unit.ParsePercent(f.noise)
	switch {
	case err != nil:
		return 0, fmt.Errorf("--noise: %w", err)
	case noise > 1:
		return 0, fmt.Errorf("--noise is %s; use at most 100%%, such as 3%%", f.noise)
	case given && !anySurface(args):
		return 0, errors.New("--noise is for surfaces; a table has the noise that was recorded")
	}
	return noise, nil
}

func anySurface(args []string) bool {
	for _, arg := range args {
		if strings.HasPrefix(arg, surfaceWord) {
			return true
		}
	}
	return false
}

func parseEps(texts []string) ([]float64, error) {
	var all []float64
	var errs []error
	for _, text := range texts {
		eps, err := unit.ParsePercent(text)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("--eps: %w", err))
		case !(eps > 0 && eps < 1):
			errs = append(errs, fmt.Errorf("--eps is %s; use shares above 0 and below 100%%, such as 2%%,5%%", text))
		}
		all = append(all, eps)
	}
	if len(texts) == 0 {
		errs = append(errs, errors.New("--eps is empty; use shares such as 2%,5%"))
	}
	return all, errors.Join(errs...)
}

// prepare finds out before the work whether its results can be written.
func (f *searchReplayFlags) prepare() error {
	if f.plot != "" && !strings.EqualFold(filepath.Ext(f.plot), ".png") {
		return usagef("--plot is %s; the picture is a PNG, name it so", f.plot)
	}
	if f.plot != "" {
		if info, err := os.Stat(filepath.Dir(f.plot)); err != nil || !info.IsDir() {
			return usagef("--plot: there is no folder %s", filepath.Dir(f.plot))
		}
	}
	if f.out == "" {
		return nil
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return usagef("--out: %w", err)
	}
	return nil
}

// replayAll replays every strategy on every ground. Where the context ends it
// returns what there is by then, and the context's cause.
func (f *searchReplayFlags) replayAll(ctx context.Context, s *streams, a asked) ([]record.Replay, error) {
	bar := newProgress(s.err, f.quiet, "")
	bar.unit = "searches"
	defer bar.stop()
	var all []record.Replay
	for _, g := range a.grounds {
		for _, e := range a.entrants {
			o := a.options
			if err := replay.Opens(g, e, o); err != nil {
				s.warn("left out: %v", err)
				continue
			}
			o.Progress = func() { bar.step("") }
			bar.phase(e.Name+" on "+g.About().Name, o.Seeds, 0)
			r, err := replay.Run(ctx, g, e, o)
			if r.Seeds > 0 {
				all = append(all, r)
			}
			if err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// deliver prints and writes what came of it.
func (f *searchReplayFlags) deliver(s *streams, all []record.Replay) error {
	if len(all) == 0 {
		return nil
	}
	for _, r := range all {
		if r.Seeds < r.Asked {
			s.warn("%s on %s has %d of %d searches", r.Strategy, r.Ground, r.Seeds, r.Asked)
		}
	}
	var text, lines bytes.Buffer
	replayText(&text, all)
	for _, r := range all {
		if err := json.NewEncoder(&lines).Encode(r); err != nil {
			return fmt.Errorf("write %s on %s as JSON: %w", r.Strategy, r.Ground, err)
		}
	}
	shown := &text
	if f.format == "json" {
		shown = &lines
	}
	if _, err := s.out.Write(shown.Bytes()); err != nil {
		return err
	}
	return f.keep(all, text.Bytes(), lines.Bytes())
}

// keep writes picture and folder, where asked for.
func (f *searchReplayFlags) keep(all []record.Replay, text, lines []byte) error {
	if f.plot == "" && f.out == "" {
		return nil
	}
	picture, err := plots.Replays(all).PNG()
	if err != nil {
		return err
	}
	var errs []error
	if f.plot != "" {
		errs = append(errs, writeWhole(f.plot, picture))
	}
	if f.out != "" {
		for name, data := range map[string][]byte{"replay.jsonl": lines, "replay.txt": text, "replay.png": picture} {
			errs = append(errs, writeWhole(filepath.Join(f.out, name), data))
		}
	}
	return errors.Join(errs...)
}
