package target

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"sluice/harness/record"
	"sluice/scanner/journal"
)

func TestATrialThatDiedNamesTheFilesInFlight(t *testing.T) {
	for name, row := range map[string]struct {
		status record.Status
		files  []string
		left   bool
		want   string
	}{
		"two files":         {record.Killed, []string{"a.go", "b/c.py"}, true, "why; while these files were being analysed: a.go, b/c.py"},
		"too slow over one": {record.TimedOut, []string{"a.go"}, true, "why; while these files were being analysed: a.go"},
		"no text":           {record.Killed, []string{"\xff.go"}, true, "why; while these files were being analysed: \uFFFD.go"},
		"between two files": {record.Killed, nil, true, "why"},
		"no journal":        {record.Failed, nil, false, "why"},
		"it went well":      {record.OK, []string{"a.go"}, true, "why"},
		"many files":        {record.Killed, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, true, "why; while these files were being analysed: 0, 1, 2, 3, 4, 5, 6, 7 and 2 more"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "trial"+journal.Suffix)
			if row.left {
				j, err := journal.Create(path, 12)
				if err != nil {
					t.Fatal(err)
				}
				defer j.Close() //nolint:errcheck // it goes with the folder
				for slot, file := range row.files {
					j.Begin(slot, file)
				}
			}
			trial := record.Trial{Status: row.status, Reason: "why"}
			nameInFlight(&trial, path)
			if trial.Reason != row.want {
				t.Errorf("reason is %q, want %q", trial.Reason, row.want)
			}
			if _, err := os.Stat(path); (err == nil) != row.left {
				t.Error(fmt.Errorf("the journal is not as it was: %w", err))
			}
		})
	}
}
