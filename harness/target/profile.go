package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sluice/harness/lab"
	"sluice/harness/profile"
	"sluice/harness/record"
)

// Profile launches the scan that Measure would launch for the job, under
// profilers of these kinds, which write into dir (absolute). Its figures are not
// to be compared: the profilers are in them. The profiles lie in dir then; what
// keeps them is profile.Keep, which also makes the trial's Files. Those of an
// earlier trial in dir are removed first.
func (s *Scanner) Profile(ctx context.Context, job lab.Job, kinds []string, dir string) (record.Trial, error) {
	if len(kinds) == 0 {
		return record.Trial{}, errors.New("a profiling trial without a kind of profile; give one of " + strings.Join(profile.Kinds(), ", "))
	}
	for _, kind := range profile.Kinds() {
		if err := os.Remove(filepath.Join(dir, profile.FileName(kind))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return record.Trial{}, fmt.Errorf("remove the profiles of an earlier trial: %w", err)
		}
	}
	t, err := s.measure(ctx, job, "--profile", strings.Join(kinds, ","), "--profile-dir", dir)
	t.Phase = record.Profiling
	return t, err
}
