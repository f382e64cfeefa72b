package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/machine"
	"sluice/harness/machine/doctor"
	"sluice/harness/record"
	"sluice/harness/store"
	"sluice/harness/unit"
)

func newDoctor(s *streams) *cobra.Command {
	var (
		plan   = doctor.Default()
		format string
		quiet  bool
	)
	cmd := &cobra.Command{
		Use: "doctor", Short: "is it quiet enough to measure, and for what effect?", Args: none,
		Long: `Say whether this machine is quiet enough to measure on, and which effect it
would show: watch what others use, run a fixed computation against itself in
pairs, and look at the settings that change what a measurement shows. Each
finding says what was found, why it matters and what to change. Nothing is
changed. The exit status is 0 whatever the verdict.`,
		Example: `  sluice doctor
  sluice doctor --for 30s --format json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			if err := plan.Validate(); err != nil {
				return &usageError{err}
			}
			report, err := examine(cmd, s, plan, quiet)
			if err != nil {
				return err
			}
			if format == "json" {
				return json.NewEncoder(s.out).Encode(report)
			}
			return doctorText(s.out, report, color(s.out))
		},
	}
	cmd.Flags().DurationVar(&plan.For, "for", plan.For, "how long to `watch` the others")
	cmd.Flags().IntVar(&plan.Pairs, "pairs", plan.Pairs, "`pairs` of a computation of 100 ms with itself")
	cmd.Flags().StringVar(&plan.Store, "store", plan.Store, "`folder` where trials are going to be kept")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress")
	formatFlag(cmd, &format)
	return cmd
}

// examine runs the plan with its progress on stderr.
func examine(cmd *cobra.Command, s *streams, plan doctor.Plan, quiet bool) (doctor.Report, error) {
	p := &doctorProgress{w: s.err, tty: terminal(s.err), quiet: quiet, plan: plan}
	p.watching()
	defer p.clear()
	report, err := plan.Run(cmd.Context(), p.computing, p.pair)
	if err != nil {
		return report, err
	}
	report.Placebo = placebosIn(plan)
	return report, nil
}

// placebosIn is what earlier runs saw of this class of machine, all their scenarios
// together. A store that is not there is not made, and one that cannot be read is
// left to whoever measures.
func placebosIn(plan doctor.Plan) (found []record.Placebo) {
	if _, err := os.Stat(filepath.Join(plan.Store, "store.db")); err != nil {
		return nil
	}
	st, err := store.Open(plan.Store)
	if err != nil {
		return nil
	}
	defer st.Close() //nolint:errcheck // read only
	class := machine.Read(".").Class
	for _, name := range []string{record.Throughput, record.Wall, record.CPU} {
		if p := placeboIn(st, class, "", unit.Describe(name), 0, plan.Pairs); p != nil {
			found = append(found, *p)
		}
	}
	return found
}

// doctorProgress is a line for each of the two parts, on a terminal one that is
// rewritten. It has no goroutine: what is timed is disturbed by nothing of ours.
type doctorProgress struct {
	w          io.Writer
	tty, quiet bool
	plan       doctor.Plan
	done       int
	began      time.Time
	drawn      time.Time
}

func (p *doctorProgress) say(format string, args ...any) {
	switch {
	case p.quiet:
	case p.tty:
		fmt.Fprintf(p.w, "\r\x1b[K"+format, args...)
	default:
		fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *doctorProgress) watching() {
	computing := p.plan.Expected()
	p.say("watching what others do for %s, then computing for about %s", unit.Time(p.plan.For.Seconds()), unit.Time(computing.Seconds()))
}

func (p *doctorProgress) computing() {
	p.began = time.Now()
	p.say("computing A against A, %d pairs, about %s", p.plan.Pairs, unit.Time(p.plan.Expected().Seconds()))
}

// pair redraws between two laps, at most twice a second.
func (p *doctorProgress) pair() {
	p.done++
	if !p.tty || time.Since(p.drawn) < redrawEvery {
		return
	}
	p.drawn = time.Now()
	left := time.Since(p.began).Seconds() / float64(p.done) * float64(p.plan.Pairs-p.done)
	p.say("computing A against A, %d of %d pairs, %s left", p.done, p.plan.Pairs, unit.Time(left))
}

func (p *doctorProgress) clear() {
	if p.tty {
		p.say("")
	}
}
