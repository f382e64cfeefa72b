package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/model"
	"sluice/harness/record"
	"sluice/harness/store"
	"sluice/reports/plots"
	"sluice/scanner/config"
	"sluice/workloads/storage"
)

// predictFlags are what `sluice predict` is asked.
type predictFlags struct {
	dir, format, plot     string
	storage, curve, from  string
	cores, learn          int
	sets                  []string
	measured              bool
	coresGiven, fromGiven bool
}

func newPredict(s *streams) *cobra.Command {
	var f predictFlags
	cmd := &cobra.Command{
		Use: "predict [RUN]", Short: "say what a configuration would do, from trials that were measured",
		Long: `Say what a configuration of the scanner would do without measuring it: wall time,
sojourn times, memory, and which station is the bottleneck. A queueing model of
the pipeline is calibrated with the first one or two trials of a stored run (the
latest, unless RUN says another) and then simulated.

Without --set it predicts the run's reference. --cores and --storage ask for
another machine or storage; what lies beyond the calibration is said with the
answer. --measured compares predictions with all that the run measured.

A prediction is no measurement: sluice compare measures.`,
		Example: `  sluice predict --set io.workers=32
  sluice predict 20261121 --storage nfs --curve io.workers --plot curve.png
  sluice predict 20261121 --measured`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes the id of one run, or its beginning, found %d arguments", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.coresGiven, f.fromGiven = cmd.Flags().Changed("cores"), cmd.Flags().Changed("calibrate-on")
			if err := f.check(); err != nil {
				return err
			}
			return withStore(f.dir, func(st *store.Store) error { return predict(s, st, f, args) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "store", ".sluice", "`folder` of the store")
	flags.IntVar(&f.cores, "cores", 0, "cores to predict for; without it those of the trials")
	flags.StringVar(&f.storage, "storage", "", "storage `profile` to predict for: "+strings.Join(storageNames(), ", ")+"; without it that of the trials")
	flags.StringArrayVar(&f.sets, "set", nil, "change a `knob=value` of the reference; repeatable")
	flags.StringVar(&f.curve, "curve", "", "predict each value of a `knob`")
	flags.StringVar(&f.plot, "plot", "", "draw the curve into a PNG `file`")
	flags.BoolVar(&f.measured, "measured", false, "compare predictions with what the run measured")
	flags.IntVar(&f.learn, "calibrate", 2, "`trials` to calibrate with")
	flags.StringVar(&f.from, "calibrate-on", "", "`storage` or scenario, as in goroot/nfs/1c, whose trials calibrate, where a run has several; without it the first")
	complete(cmd, "storage", storageNames())
	complete(cmd, "calibrate-on", storageNames())
	formatFlag(cmd, &f.format)
	return cmd
}

// check refuses what no run could make right.
func (f predictFlags) check() error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	switch {
	case f.coresGiven && f.cores < 1:
		return usagef("--cores %d; use 1 or more", f.cores)
	case f.learn < 1:
		return usagef("--calibrate %d; use 1 trial or more", f.learn)
	case f.measured && (f.curve != "" || f.storage != "" || f.coresGiven || len(f.sets) > 0):
		return usagef("--measured predicts what the run measured; leave --curve, --storage, --cores and --set away")
	case f.plot != "" && f.curve == "":
		return usagef("--plot draws a curve; name its knob: --curve io.workers")
	}
	if f.plot != "" && !strings.EqualFold(filepath.Ext(f.plot), ".png") {
		return usagef("--plot is %s; the picture is a PNG, name it so", f.plot)
	}
	for i, set := range f.sets {
		knob, _, _ := strings.Cut(set, "=")
		if slices.ContainsFunc(f.sets[:i], func(before string) bool { return strings.HasPrefix(before, knob+"=") }) {
			return usagef("--set %s: %s is set twice; keep one", set, knob)
		}
	}
	asked := []string{f.storage}
	if !strings.Contains(f.from, "/") { // else a scenario: the run knows its own
		asked = append(asked, f.from)
	}
	for _, name := range asked {
		if name == "" {
			continue
		}
		if _, err := storage.Lookup(name, 1); err != nil {
			return &usageError{err}
		}
	}
	return nil
}

func predict(s *streams, st *store.Store, f predictFlags, args []string) error {
	rep, err := toPredict(st, args)
	if err != nil {
		return noSuch(err)
	}
	parses, release, err := foreteller(rep.Run.Scan)
	if err != nil {
		return err
	}
	defer release()
	b, err := newBasis(rep, f, &fileLists{known: map[string][]model.File{}, parses: parses})
	if err != nil {
		return err
	}
	for _, w := range b.warnings {
		s.warn("%s", w)
	}
	if f.measured {
		answer, err := b.compare(rep)
		if err != nil {
			return err
		}
		return printed(s, f.format, answer, func() error { return drawCompared(s.out, answer) })
	}
	return b.answer(s, f)
}

// printed writes an answer as JSON, or in words.
func printed(s *streams, format string, answer any, words func() error) error {
	if format == "json" {
		return json.NewEncoder(s.out).Encode(answer)
	}
	return words()
}

// toPredict is the run that is asked for, or the latest that has trials of the
// scanner.
func toPredict(st *store.Store, args []string) (record.Report, error) {
	if len(args) == 1 {
		return stored(st, args[0])
	}
	runs, err := st.Runs()
	if err != nil {
		return record.Report{}, err
	}
	for _, run := range runs {
		rep, err := st.Outcomes(run.ID)
		if err != nil {
			return rep, err
		}
		if slices.ContainsFunc(rep.Outcomes, func(o record.Outcome) bool { return len(teachers(o.Trials)) > 0 }) {
			return rep, nil
		}
	}
	return record.Report{}, usagef("no stored run has trials of the scanner; measure something first (sluice tune)")
}

// Asked is the answer to sluice predict: the reference and what it was changed to.
type Asked struct {
	Schema       string            `json:"schema"` // model.PredictionSchema
	Run          string            `json:"run"`
	Scenario     string            `json:"scenario"`
	CalibratedOn []string          `json:"calibrated_on"` // addresses of trials
	Parameters   model.Parameters  `json:"parameters"`
	Changed      []string          `json:"changed,omitempty"` // assignments
	Reference    model.Prediction  `json:"reference"`
	Prediction   *model.Prediction `json:"prediction,omitempty"` // nil where nothing is changed
	Knob         string            `json:"knob,omitempty"`       // of the curve
	Curve        []model.Point     `json:"curve,omitempty"`
	Knee         *model.Point      `json:"knee,omitempty"`
}

// answer predicts the reference, or what it is changed to, or a curve.
func (b *basis) answer(s *streams, f predictFlags) error {
	cfg, err := changed(b.reference, f.sets)
	if err != nil {
		return err
	}
	scene, err := b.scene(f)
	if err != nil {
		return err
	}
	o := model.Options{Redraw: true}
	a := Asked{Schema: model.PredictionSchema, Run: b.run, Scenario: b.scenario, CalibratedOn: b.addresses, Parameters: b.parameters, Changed: f.sets, Knob: f.curve}
	home := b.scenes[0]
	if a.Reference, err = model.Predict(b.parameters, b.reference, home, o); err != nil {
		return err
	}
	got, err := model.Predict(b.parameters, cfg, scene, o)
	if err != nil {
		return &usageError{err}
	}
	if len(f.sets) > 0 || f.coresGiven || f.storage != "" {
		a.Prediction = &got
	}
	if f.curve != "" {
		if err := b.follow(&a, cfg, scene, f); err != nil {
			return err
		}
	}
	return printed(s, f.format, a, func() error { return drawAsked(s.out, a) })
}

// follow adds the curve, and draws it.
func (b *basis) follow(a *Asked, cfg config.Config, scene model.Scenario, f predictFlags) error {
	values, err := model.Values(f.curve, cfg, scene)
	if err != nil {
		return &usageError{err}
	}
	if a.Curve, err = model.Curve(b.parameters, cfg, f.curve, values, scene, model.Options{Redraw: true, Simulations: 3}); err != nil {
		return &usageError{err}
	}
	if knee, ok := model.Knee(a.Curve); ok {
		a.Knee = &knee
	}
	if f.plot == "" {
		return nil
	}
	chart, err := plots.Forecast(forecast(*a))
	if err != nil {
		return &usageError{err}
	}
	png, err := chart.PNG()
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.plot, png, 0o644); err != nil {
		return fmt.Errorf("picture of the curve: %w", err)
	}
	return nil
}

// changed is a configuration after assignments.
func changed(c config.Config, sets []string) (config.Config, error) {
	var errs []error
	for _, set := range sets {
		next, err := c.Set(set)
		if err != nil {
			errs = append(errs, fmt.Errorf("--set %s: %w", set, err))
			continue
		}
		c = next
	}
	if err := errors.Join(errs...); err != nil {
		return c, &usageError{err}
	}
	if err := c.Validate(); err != nil {
		return c, &usageError{err}
	}
	return c, nil
}
