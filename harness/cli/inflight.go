package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sluice/scanner/journal"
	"sluice/scanner/pipeline"
)

// beforeAnalysis is called with the path of each file before it is analysed. Only
// tests set it, to end the process over a file: what crashes a parser today is
// mended tomorrow.
var beforeAnalysis func(path string) //nolint:gochecknoglobals // set in TestMain alone, before anything runs

// hooked is a journal that calls beforeAnalysis.
type hooked struct{ pipeline.Journal }

func (h hooked) Begin(slot int, path string) {
	h.Journal.Begin(slot, path)
	beforeAnalysis(path)
}

// journalFolder is where scans keep the journals of the files in flight: within
// the user's cache, else the folder for temporary files. The last element is a
// name that no scan ever enters, so that none finds its own journal.
func journalFolder() string {
	const hidden = ".sluice"
	if cache, err := os.UserCacheDir(); err == nil {
		return filepath.Join(cache, "sluice", hidden)
	}
	return filepath.Join(os.TempDir(), "sluice-"+strconv.Itoa(os.Getuid()), hidden)
}

// journalName is a name that no other scan has: containers that share a folder
// may have the same process numbers.
func journalName() string {
	return fmt.Sprintf("scan-%d-%x%s", os.Getpid(), time.Now().UnixNano(), journal.Suffix)
}

// openJournal makes the journal of this scan: at --journal, where a failure is an
// error, else at the default place, where it is a remark for --verbose.
func (f *scanFlags) openJournal(s *streams, analysers int) (*journal.Journal, error) {
	if f.journal != "" {
		j, err := journal.Create(f.journal, analysers)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--journal: %w", err)}
		}
		return j, nil
	}
	folder := journalFolder()
	f.tellStale(s, folder)
	err := os.MkdirAll(folder, 0o700)
	var j *journal.Journal
	if err == nil {
		j, err = journal.Create(filepath.Join(folder, journalName()), analysers)
	}
	if err != nil && f.verbose && !f.quiet {
		s.warn("should this scan crash, nobody will know over which file: %v", err)
	}
	return j, nil
}

// tellStale names the files over which earlier scans ended abruptly, once each.
func (f *scanFlags) tellStale(s *streams, folder string) {
	if f.quiet {
		return // kept for a scan that may speak
	}
	stale, err := journal.Stale(folder)
	if err != nil && f.verbose {
		s.warn("%v", err)
	}
	for _, left := range stale {
		if len(left.Files) > 0 {
			s.warn("an earlier scan (process %d) ended abruptly while these files were being analysed: %s; leave them out, or scan with --isolate",
				left.PID, named(left.Files))
		}
		_ = os.Remove(left.Journal) // a journal that stays is named again
	}
}

// named joins file names for a terminal; a name that might disturb it is quoted.
func named(files []string) string {
	shown := make([]string, 0, len(files))
	for _, file := range files {
		if quoted := strconv.Quote(file); quoted != `"`+file+`"` {
			file = quoted
		}
		shown = append(shown, file)
	}
	return strings.Join(shown, ", ")
}

// noting is the journal as the scan takes it.
func noting(j *journal.Journal) pipeline.Journal {
	if beforeAnalysis != nil {
		return hooked{j}
	}
	return j
}
