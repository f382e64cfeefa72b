package cli

import (
	"testing"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/space"
)

func TestStartersStayInANamedSpace(t *testing.T) {
	params := space.Space{{Name: "io.workers", Type: space.Int, Min: 4, Max: 16}}
	reference := record.Flat{"io.workers": 8, "channel.buffer": 16}
	known := []search.Candidate{{ID: "deep", Config: record.Flat{"io.workers": 64, "channel.buffer": 1000}}, {ID: "lean", Config: record.Flat{"io.workers": 2}}}
	for i, want := range []record.Flat{{"io.workers": 16, "channel.buffer": 16}, {"io.workers": 4, "channel.buffer": 16}} {
		if got := inside(known, params, reference)[i]; got.Config.String() != want.String() || got.ID != known[i].ID {
			t.Errorf("%s became %s, want %s", got.ID, got.Config, want)
		}
	}
}
