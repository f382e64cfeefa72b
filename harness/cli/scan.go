package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/machine"
	"sluice/harness/profile"
	"sluice/harness/profile/capture"
	"sluice/harness/record"
	"sluice/harness/trial"
	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/pipeline"
	"sluice/workloads/storage"
)

// scanFlags are the flags of sluice scan.
type scanFlags struct {
	config    string
	set       []string
	print     bool
	stats     string
	format    string
	failOn    string
	filesFrom string
	root      string
	storage   string
	match     string // what of machine, storage and corpus a tuned file must match; empty: nothing
	seed      uint64
	block     int
	maxBytes  string
	noFilter  bool
	rules     string
	analyser  string
	quiet     bool
	verbose   bool
	isolate   bool
	isolated  bool   // this is the child of a scan with --isolate
	journal   string // empty for the default place

	cpuProfile  string
	profile     string
	profileDir  string
	stallAfter  time.Duration
	stall       string // what was said of it
	failStalled bool
}

func newScan(s *streams) *cobra.Command {
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:   "scan [PATH…]",
		Short: "scan source code with sluice.yaml",
		Long: `Scan files and folders for security findings and leaked secrets.

The concurrency configuration is read from --config FILE, else from sluice.yaml
in the working directory, else it is the default preset. The findings do not
depend on it.

Exit status: 0 done; 1 --fail-on said no; 2 wrong command line or file;
3 the work itself failed; 130 interrupted.`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), s, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "configuration `file` or preset (default sluice.yaml, if there is one)")
	flags.StringArrayVar(&f.set, "set", nil, "set one knob, as in --set io.workers=8 (repeatable)")
	flags.BoolVar(&f.print, "print-config", false, "print the configuration in effect, with auto resolved, and stop")
	flags.StringVar(&f.stats, "stats", "", "write statistics to `file` as one JSON object (- for stdout)")
	flags.StringVar(&f.failOn, "fail-on", "", "exit with 1 at a finding of this `severity` or above: error, warning, note")
	flags.StringVar(&f.filesFrom, "files-from", "", "scan the files listed in `file`, one a line or separated by NUL (- for stdin)")
	flags.StringVar(&f.root, "root", "", "`folder` that the listed paths are relative to")
	flags.StringVar(&f.storage, "storage", "local", "simulate a storage `profile`: "+strings.Join(storageNames(), ", "))
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the simulated latencies")
	flags.IntVar(&f.block, "block", 0, "block of the simulated latencies")
	flags.StringVar(&f.maxBytes, "max-file-size", "32MiB", "skip larger files")
	flags.BoolVar(&f.noFilter, "no-prefilter", false, "parse files in which no rule can match, too; finds the same, slower")
	flags.StringVar(&f.rules, "rules", record.RulesBuiltin, "`set` of rules: "+strings.Join(record.RuleSets(), ", "))
	flags.StringVar(&f.analyser, "analyser", record.TreeSitter, "what analyses, for experiments: "+strings.Join(record.Analysers(), ", "))
	_ = flags.MarkHidden("analyser") // a defined flag
	flags.StringVar(&f.cpuProfile, "cpuprofile", "", "write a profile of processor time, with the label pool, to `file` (go tool pprof reads it)")
	flags.StringVar(&f.profile, "profile", "", "take profiles of these `kinds` while scanning: "+strings.Join(profile.Kinds(), ", ")+" (separated by commas)")
	flags.StringVar(&f.profileDir, "profile-dir", "", "write the profiles of --profile into `folder`")
	flags.DurationVar(&f.stallAfter, "stall-after", 30*time.Second, "warn when no file is done for so long while a worker computes or is stuck; 0 never")
	flags.BoolVar(&f.failStalled, "fail-stalled", false, "end a scan that --stall-after would warn of, with every goroutine's stack and exit status 3")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress, no summary, no warnings")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "say why each file failed or was skipped")
	flags.BoolVar(&f.isolate, "isolate", false, "scan in a child process; a file that crashes it fails alone, and the rest is scanned")
	flags.BoolVar(&f.isolated, "isolated", false, "report to the parent that scans with --isolate")
	flags.StringVar(&f.journal, "journal", "", "keep the journal of the files in flight in `file`")
	for _, hidden := range []string{"isolated", "journal"} {
		_ = flags.MarkHidden(hidden)
	}
	formatFlag(cmd, &f.format)
	complete(cmd, "storage", storageNames())
	complete(cmd, "fail-on", severities())
	complete(cmd, "rules", record.RuleSets())
	f.addMatch(cmd)
	return cmd
}

func storageNames() []string {
	var names []string
	for _, p := range storage.Profiles(1) {
		names = append(names, p.Name)
	}
	return names
}

func severities() []string { return []string{"error", "warning", "note"} }

func complete(cmd *cobra.Command, flag string, values []string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// run scans. As the child of a trial it reports to its parent when its workers
// stand ready and when the last result is in, and holds there to be measured.
func (f *scanFlags) run(ctx context.Context, s *streams, args []string) error {
	maxBytes, err := f.check()
	if err != nil {
		return err
	}
	cfg, tuned, err := f.configuration(s)
	if err != nil {
		return err
	}
	if f.print {
		if err := f.matches(s, tuned, nil); err != nil {
			return err
		}
		if f.format == "json" {
			return json.NewEncoder(s.out).Encode(cfg.Flat())
		}
		text, err := config.File{Config: cfg}.Marshal()
		if err != nil {
			return err
		}
		_, err = s.out.Write(text)
		return err
	}
	if err := readable("--storage", cfg.IO.Reader, f.storage); err != nil {
		return err
	}
	in, err := f.input(ctx, s, args)
	if err != nil {
		return err
	}
	if err := f.matches(s, tuned, &in); err != nil {
		return err
	}
	if f.isolate {
		result, extra, err := runIsolated(ctx, s, f, in, cfg)
		if errors.Is(err, context.Canceled) {
			s.warn("stopped; nothing is reported")
		}
		if err != nil {
			return err
		}
		return f.report(s, in, result, extra)
	}
	slow, err := f.slow(in)
	if err != nil {
		return err
	}
	defer slow.Close() //nolint:errcheck // nothing is written through it
	child, err := trial.Attach()
	if err != nil {
		return err
	}
	restore, err := scanner.Apply(cfg.Memory, cfg.Runtime)
	if err != nil {
		return &usageError{err}
	}
	defer restore()
	var (
		notReady error
		profiles *capture.Capture
	)
	options := scanner.Options{
		Config: cfg, FS: slow, Items: in.items, MaxFileBytes: maxBytes, Seed: f.seed + uint64(f.block)<<32,
		Started: func() { notReady = errors.Join(child.Ready(), profiles.Begin()) },
	}
	f.watch(s, &options)
	release, err := f.analyse(&options, child != nil)
	if err != nil {
		return err
	}
	inFlight, err := f.openJournal(s, seats(cfg))
	if err != nil {
		return err
	}
	stuck := false
	defer func() {
		if stuck { // who is left behind uses the engine, and the journal names what it is at
			return
		}
		_ = inFlight.Close() // what is left of it names no file
		release()
	}()
	options.Journal = noting(inFlight)
	bar := f.progress(s)
	options.Progress = bar.scan
	if f.isolated {
		offer()
		options.Progress = sendProgress(s.out)
	}
	profiled, err := f.cpuOnly()
	if err != nil {
		return err
	}
	if profiles, err = f.profiles(); err != nil {
		return errors.Join(err, profiled())
	}
	result, err := scanner.Scan(ctx, options)
	err = errors.Join(err, profiled())
	stuck = result.Stuck
	bar.stop()
	if err == nil {
		err = errors.Join(notReady, child.DoneAndHold())
	}
	err = errors.Join(err, profiles.End(result.Stats.Scanned)) // what it takes to write them is nobody's time
	if errors.Is(err, context.Canceled) {
		s.warn("stopped after %d of the files discovered so far; nothing is reported", result.Stats.Scanned)
		return err
	}
	if errors.Is(err, pipeline.ErrStalled) {
		return fmt.Errorf("%w: %s (--stall-after 0 waits for ever)", err, f.stall)
	}
	if err != nil {
		return err
	}
	extra := extras{storage: f.achieved(slow)}
	if f.isolated {
		return sendReport(s.out, result, extra)
	}
	return f.report(s, in, result, extra)
}

// configuration is --config, else sluice.yaml, else the default preset, with
// --set on top, and the file that it came from.
func (f *scanFlags) configuration(s *streams) (config.Config, config.File, error) {
	cores, err := machine.UsableCores()
	if err != nil {
		return config.Config{}, config.File{}, err
	}
	file, err := configuration(cmpOr(f.config, "sluice.yaml"), f.config == "", cores)
	if err != nil {
		return config.Config{}, config.File{}, err
	}
	var faults []error
	for _, assignment := range f.set {
		if file, err = file.Set(assignment); err != nil {
			faults = append(faults, fmt.Errorf("--set %s: %w", assignment, err))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return file.Config, file, &usageError{err}
	}
	cfg := file.Config.Resolve(cores)
	if err := cfg.Validate(); err != nil {
		return cfg, file, &usageError{err}
	}
	if file.Provenance == nil && !f.quiet { // a tuned file names every knob, asked for or not
		for _, warning := range file.Warnings() {
			s.warn("%s", warning)
		}
	}
	return cfg, file, nil
}
