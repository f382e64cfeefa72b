package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/trial"
	"sluice/harness/unit"
	"sluice/workloads/interference"
)

// burnFlags are the flags of sluice burn.
type burnFlags struct {
	loops     int64
	threads   int
	wait      string
	rss       string
	calibrate string
	json      bool
}

func newBurn(s *streams) *cobra.Command {
	f := &burnFlags{}
	cmd := &cobra.Command{
		Use: "burn", Short: "do work of known size, to test measurements with", Args: none, Hidden: true,
		Long: `Do work of known size: touch memory, wait, compute. What it costs is known, so
what a measurement of it says can be held against that.

Computing is counted in loops of about 2 µs. Twice the loops are exactly twice
the instructions; --calibrate says how many loops take so long on one core here.
The checksum is of all loops and does not depend on --threads. The memory is
touched page by page and kept to the end.

It speaks the protocol of a trial when one started it. One JSON object on one
line is printed with --json: loops, checksum, elapsed_s.`,
		Example: `  sluice burn --calibrate 500ms
  sluice burn --loops 250000 --threads 2 --wait 500ms --rss 64MiB --json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), s) },
	}
	flags := cmd.Flags()
	flags.Int64Var(&f.loops, "loops", 0, "`loops` of computing in all")
	flags.IntVar(&f.threads, "threads", 1, "`threads` that share the loops; no more than the cores run at once")
	flags.StringVar(&f.wait, "wait", "0", "`time` to wait before computing, without using a core")
	flags.StringVar(&f.rss, "rss", "0", "`size` of the memory to touch and keep, above what the program itself takes")
	flags.StringVar(&f.calibrate, "calibrate", "", "print how many loops take so much `time` of one core, and stop")
	flags.BoolVar(&f.json, "json", false, "print one JSON object on one line")
	return cmd
}

func (f *burnFlags) run(ctx context.Context, s *streams) error {
	if f.calibrate != "" {
		return f.runCalibration(ctx, s)
	}
	work, err := f.work()
	if err != nil {
		return &usageError{err}
	}
	child, err := trial.Attach()
	if err != nil {
		return err
	}
	if err := child.Ready(); err != nil {
		return err
	}
	done, err := work.Run(ctx, child.DoneAndHold)
	if err != nil {
		return fmt.Errorf("burn: %w", err)
	}
	if f.json {
		return json.NewEncoder(s.out).Encode(done)
	}
	_, err = fmt.Fprintf(s.out, "%d loops, checksum %s, in %v\n", done.Loops, done.Checksum,
		time.Duration(done.ElapsedS*float64(time.Second)).Round(time.Microsecond))
	return err
}

// work is what the flags ask for.
func (f *burnFlags) work() (interference.Work, error) {
	wait, err := unit.ParseDuration(f.wait)
	if err != nil {
		return interference.Work{}, fmt.Errorf("--wait: %w", err)
	}
	rss, err := unit.ParseBytes(f.rss)
	if err != nil {
		return interference.Work{}, fmt.Errorf("--rss: %w", err)
	}
	if f.threads < 1 {
		return interference.Work{}, fmt.Errorf("--threads is %d; use 1 or more", f.threads)
	}
	work := interference.Work{Loops: f.loops, Threads: f.threads, Wait: wait, RSSBytes: rss}
	return work, work.Validate()
}

func (f *burnFlags) runCalibration(ctx context.Context, s *streams) error {
	d, err := unit.ParseDuration(f.calibrate)
	if err != nil {
		return usagef("--calibrate: %v", err)
	}
	if d == 0 {
		return usagef("--calibrate %s: nothing takes so long; use a time such as 500ms", f.calibrate)
	}
	loops, err := interference.Calibrate(ctx, d)
	if err != nil {
		return err
	}
	if f.json {
		return json.NewEncoder(s.out).Encode(struct {
			Loops int64   `json:"loops"`
			CPUS  float64 `json:"cpu_s"`
		}{loops, d.Seconds()})
	}
	_, err = fmt.Fprintln(s.out, loops)
	return err
}
