package target

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"sluice/harness/record"
	"sluice/harness/trial"
)

// Means are what all trials of a run share, whatever they measure. The zero value
// does without.
type Means struct {
	Guard    *trial.Guard  // kills what trials started if this process is killed
	Launcher []string      // that foreign commands are started through (trial.Spec)
	Every    time.Duration // between two looks at a trial's memory and threads; 0: none
	// Keep keeps what is too large for a record, such as a dump of stacks; nil: it
	// is thrown away.
	Keep func(name string, content io.Reader) (record.File, error)
}

// lend gives a trial the means of its run.
func (m Means) lend(s trial.Spec) trial.Spec {
	s.Guard, s.TimelineEvery = m.Guard, m.Every
	if s.Foreign {
		s.Launcher = m.Launcher
	}
	return s
}

// note adds to a trial's record what was seen of the machine and of the child.
func (m Means) note(t *record.Trial, r trial.Result) error {
	t.Conditions, t.Series = r.Conditions, r.Series
	if len(r.Stacks) == 0 || m.Keep == nil {
		return nil
	}
	file, err := m.Keep("stacks.txt", bytes.NewReader(r.Stacks))
	if err != nil {
		return fmt.Errorf("keep the stacks of a trial: %w", err)
	}
	t.Files = append(t.Files, file)
	return nil
}
