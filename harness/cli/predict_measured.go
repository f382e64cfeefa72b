package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/model"
	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/scanner/config"
)

// Compared is what sluice predict --measured found.
type Compared struct {
	Schema       string           `json:"schema"` // model.PredictionSchema
	Run          string           `json:"run"`
	Scenario     string           `json:"scenario"` // whose trials calibrated
	CalibratedOn []string         `json:"calibrated_on"`
	Parameters   model.Parameters `json:"parameters"`
	Scenarios    []ComparedScene  `json:"scenarios"`
}

// ComparedScene is one scenario of the run.
type ComparedScene struct {
	Scenario string             `json:"scenario"`
	HeldOut  bool               `json:"held_out"` // none of its trials calibrated
	Rows     []ComparedRow      `json:"rows"`
	MAPE     map[string]float64 `json:"mape,omitempty"`    // mean absolute error by metric, 0.05 is 5 %, over held-out configurations; absent without any
	Largest  map[string]float64 `json:"largest,omitempty"` // absolute error
	Noise    map[string]float64 `json:"noise"`             // median absolute difference of a trial from its configuration's median: what no model can foretell
	N        int                `json:"n"`                 // held-out configurations
}

// ComparedRow is one configuration: medians over its trials.
type ComparedRow struct {
	Config     record.Flat        `json:"config"`
	Name       string             `json:"name"` // the knobs that differ within the run
	Trials     int                `json:"trials"`
	Calibrated bool               `json:"calibrated"` // one of its trials calibrated: not held out
	Predicted  map[string]float64 `json:"predicted"`
	Measured   map[string]float64 `json:"measured"`
	Error      map[string]float64 `json:"error"` // predicted ÷ measured − 1
	Doubts     []string           `json:"doubts,omitempty"`
	Ignored    []string           `json:"ignored,omitempty"`
}

// comparedMetrics are what is compared.
func comparedMetrics() []string { return []string{record.Wall, record.P99, record.RSS} }

// compare predicts every configuration that the run measured, each trial with its own
// files and latencies.
func (b *basis) compare(rep record.Report) (Compared, error) {
	c := Compared{Schema: model.PredictionSchema, Run: b.run, Scenario: b.scenario, CalibratedOn: b.addresses, Parameters: b.parameters}
	for _, o := range rep.Outcomes {
		trials := teachers(o.Trials)
		if len(trials) == 0 {
			continue
		}
		scene, err := b.compareScene(o.Scenario, trials)
		if err != nil {
			return c, err
		}
		c.Scenarios = append(c.Scenarios, scene)
	}
	return c, nil
}

func (b *basis) compareScene(sc record.Scenario, trials []record.Trial) (ComparedScene, error) {
	scene := ComparedScene{Scenario: sc.Name, HeldOut: sc.Name != b.scenario, MAPE: map[string]float64{}, Largest: map[string]float64{}, Noise: map[string]float64{}}
	groups := map[string][]record.Trial{}
	var order []string
	for _, t := range trials {
		id := t.Config.ID()
		if groups[id] == nil {
			order = append(order, id)
		}
		groups[id] = append(groups[id], t)
	}
	vary := varying(trials)
	noise := map[string][]float64{}
	for _, id := range order {
		row, err := b.compareRow(sc, groups[id], vary, noise)
		if err != nil {
			return scene, err
		}
		row.Calibrated = !scene.HeldOut && slices.ContainsFunc(b.taught, func(t record.Trial) bool { return t.Config.ID() == id })
		scene.Rows = append(scene.Rows, row)
		if row.Calibrated {
			continue
		}
		scene.N++
		for _, m := range comparedMetrics() {
			scene.MAPE[m] += math.Abs(row.Error[m])
			scene.Largest[m] = max(scene.Largest[m], math.Abs(row.Error[m]))
		}
	}
	if scene.N == 0 { // an error of 0 would be a claim
		scene.MAPE, scene.Largest = nil, nil
	}
	for _, m := range comparedMetrics() {
		if scene.N > 0 {
			scene.MAPE[m] /= float64(scene.N)
		}
		if len(noise[m]) > 0 {
			scene.Noise[m] = stats.Median(noise[m])
		}
	}
	return scene, nil
}

func (b *basis) compareRow(sc record.Scenario, trials []record.Trial, vary []string, noise map[string][]float64) (ComparedRow, error) {
	row := ComparedRow{Config: trials[0].Config, Name: apartBy(trials[0].Config, vary), Trials: len(trials), Predicted: map[string]float64{}, Measured: map[string]float64{}, Error: map[string]float64{}}
	predicted, measured := map[string][]float64{}, map[string][]float64{}
	for _, t := range trials {
		s := b.lists.scene(sc, t)
		cfg, err := config.Default(s.Cores).WithFlat(t.Config)
		if err != nil {
			return row, fmt.Errorf("configuration of trial %s/%d/%d: %w", t.Phase, t.Block, t.Slot, err)
		}
		p, err := model.Predict(b.parameters, cfg, s, model.Options{Simulations: 1})
		if err != nil {
			return row, err
		}
		row.Doubts, row.Ignored = p.Doubts, p.Ignored
		for metric, f := range map[string]model.Figure{record.Wall: p.WallS, record.P99: p.SojournP99S, record.RSS: p.RSSPeakBytes} {
			if m := t.Metrics[metric]; m > 0 {
				predicted[metric], measured[metric] = append(predicted[metric], f.Value), append(measured[metric], m)
			}
		}
	}
	for _, m := range comparedMetrics() {
		if len(measured[m]) == 0 {
			continue
		}
		row.Predicted[m], row.Measured[m] = stats.Median(predicted[m]), stats.Median(measured[m])
		row.Error[m] = row.Predicted[m]/row.Measured[m] - 1
		// Trials of other samples differ because the samples do: what the model foretells of
		// that is taken out first.
		for i, v := range measured[m] {
			noise[m] = append(noise[m], math.Abs(v/predicted[m][i]*row.Predicted[m]/row.Measured[m]-1))
		}
	}
	return row, nil
}

// varying are the knobs that trials differ in, by name.
func varying(trials []record.Trial) []string {
	values := map[string]map[string]bool{}
	for _, t := range trials {
		for knob, v := range t.Config {
			if values[knob] == nil {
				values[knob] = map[string]bool{}
			}
			values[knob][fmt.Sprint(v)] = true
		}
	}
	var names []string
	for knob, seen := range values {
		if len(seen) > 1 {
			names = append(names, knob)
		}
	}
	slices.Sort(names)
	return names
}

// apartBy is a configuration by the knobs that matter.
func apartBy(c record.Flat, knobs []string) string {
	var words []string
	for _, k := range knobs {
		if v, ok := c[k]; ok {
			words = append(words, fmt.Sprintf("%s=%v", k, v))
		}
	}
	if len(words) == 0 {
		return "reference"
	}
	return strings.Join(words, " ")
}
