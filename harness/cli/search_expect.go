package cli

import (
	"sluice/harness/model"
	"sluice/harness/record"
	"sluice/harness/search/replay"
)

// expect asks the pipeline's model, calibrated by two trials of the run, about every
// configuration of the table.
func expect(table *replay.Table, rep record.Report, o record.Outcome) error {
	parses, release, err := foreteller(rep.Run.Scan)
	if err != nil {
		return err
	}
	defer release()
	one := record.Report{Run: rep.Run, Outcomes: []record.Outcome{o}}
	b, err := newBasis(one, predictFlags{learn: 2}, &fileLists{known: map[string][]model.File{}, parses: parses})
	if err != nil {
		return err
	}
	asked, ok := foretold(table.Objective)
	if !ok {
		asked = table.Objective
	}
	prior, err := model.Prior(b.parameters, table.Reference, b.scenes[0], model.PriorOptions{Metric: asked})
	if err != nil {
		return err
	}
	return table.Expect(b.addresses, prior)
}
