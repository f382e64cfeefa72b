package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"sluice/harness/machine"
	"sluice/harness/record"
	"sluice/harness/target"
	"sluice/harness/trial"
	"sluice/harness/unit"
	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/finding"
	"sluice/scanner/observe"
	"sluice/scanner/pipeline"
	"sluice/scanner/source"
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
	cfg, err := f.configuration(s)
	if err != nil {
		return err
	}
	if f.print {
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
	var notReady error
	options := scanner.Options{
		Config: cfg, FS: slow, Items: in.items, MaxFileBytes: maxBytes, Seed: f.seed + uint64(f.block)<<32,
		Started: func() { notReady = child.Ready() },
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
	profiled, err := f.profile()
	if err != nil {
		return err
	}
	result, err := scanner.Scan(ctx, options)
	err = errors.Join(err, profiled())
	stuck = result.Stuck
	bar.stop()
	if err == nil {
		err = errors.Join(notReady, child.DoneAndHold())
	}
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

// watch says what the watchdog sees while the scan runs: where it makes no
// progress, and with --verbose each worker that computes or blocks where it should
// not. The summary has the first of those in any case.
func (f *scanFlags) watch(s *streams, o *scanner.Options) {
	o.Stall, o.FailStalled = f.stallAfter, f.failStalled
	if f.verbose {
		o.Watch = func(r observe.Report) { s.warn("%s\n%s", r, r.Stack) }
	}
	o.Stalled = func(stall observe.Stall) {
		f.stall = stall.String()
		if !f.failStalled {
			f.warn(s, f.stall)
		}
		if f.failStalled || f.verbose {
			fmt.Fprintf(s.err, "%s\n", stall.Dump)
		}
	}
}

// profile starts a profile of processor time, if one is asked for, and returns
// what ends it.
func (f *scanFlags) profile() (stop func() error, err error) {
	if f.cpuProfile == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(f.cpuProfile)
	if err != nil {
		return nil, usagef("--cpuprofile: %w (name a file that can be written)", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, fmt.Errorf("--cpuprofile: %w", err)
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

// seats is how many files a configuration analyses at once.
func seats(c config.Config) int {
	if c.CPU.Scheduler == "inline" {
		return c.IO.Workers
	}
	return c.CPU.Workers
}

func (f *scanFlags) warn(s *streams, text string) {
	if !f.quiet {
		s.warn("%s", text)
	}
}

// check looks at the flags alone.
func (f *scanFlags) check() (maxBytes int64, err error) {
	if err := checkFormat(f.format); err != nil {
		return 0, err
	}
	if f.stallAfter < 0 || f.failStalled && f.stallAfter == 0 {
		return 0, usagef("--stall-after %v is no time to wait; use one such as 30s", f.stallAfter)
	}
	if f.failOn != "" && !slices.Contains(severities(), f.failOn) {
		return 0, usagef("unknown severity %q for --fail-on; use %s", f.failOn, strings.Join(severities(), ", "))
	}
	if err := f.checkAnalyser(); err != nil {
		return 0, err
	}
	maxBytes, err = unit.ParseBytes(f.maxBytes)
	if err != nil || maxBytes <= 0 {
		return 0, usagef("--max-file-size %q is not a size; use one such as 32MiB", f.maxBytes)
	}
	return maxBytes, nil
}

// configuration is --config, else sluice.yaml, else the default preset, with
// --set on top. A tuned file that does not fit this machine is named once.
func (f *scanFlags) configuration(s *streams) (config.Config, error) {
	cores, err := machine.UsableCores()
	if err != nil {
		return config.Config{}, err
	}
	file, err := configuration(cmpOr(f.config, "sluice.yaml"), f.config == "", cores)
	if err != nil {
		return config.Config{}, err
	}
	cfg := file.Config
	var faults []error
	for _, assignment := range f.set {
		changed, err := cfg.Set(assignment)
		if err != nil {
			faults = append(faults, fmt.Errorf("--set %s: %w", assignment, err))
			continue
		}
		cfg = changed
	}
	if err := errors.Join(faults...); err != nil {
		return cfg, &usageError{err}
	}
	cfg = cfg.Resolve(cores)
	if err := cfg.Validate(); err != nil {
		return cfg, &usageError{err}
	}
	if f.quiet {
		return cfg, nil
	}
	if file.Provenance == nil { // a tuned file names every knob, asked for or not
		file.Config = cfg
		for _, assignment := range f.set {
			name, _, _ := strings.Cut(assignment, "=")
			file.Given = append(file.Given, strings.TrimSpace(name))
		}
		for _, warning := range file.Warnings() {
			s.warn("%s", warning)
		}
	}
	if p := file.Provenance; p != nil {
		if here := machine.Read(".").Class; p.Machine.Class != "" && p.Machine.Class != here {
			s.warn("%s was tuned on %s, this is %s; tune again for this machine (sluice tune)", file.Path, p.Machine.Class, here)
		}
	}
	return cfg, nil
}

// input is what a scan reads: a root, the files below it, and how their paths are shown.
type input struct {
	root   string
	prefix string // put before root-relative paths when they are shown
	items  iter.Seq[source.Item]
}

func (f *scanFlags) input(ctx context.Context, s *streams, args []string) (input, error) {
	if f.filesFrom == "" {
		if f.root != "" {
			return input{}, usagef("--root goes with --files-from; give the folder as PATH instead")
		}
		return treeUntil(ctx.Done(), args)
	}
	if len(args) > 0 {
		return input{}, usagef("--files-from and PATH exclude each other; found PATH %q", args[0])
	}
	paths, err := readList(s, f.filesFrom)
	if err != nil {
		return input{}, &usageError{err}
	}
	root := cmpOr(f.root, ".")
	if err := isFolder(root); err != nil {
		return input{}, err
	}
	return input{root: root, prefix: f.root, items: source.List(paths)}, nil
}

func readList(s *streams, name string) ([]string, error) {
	r := s.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("--files-from: %w", err)
		}
		defer file.Close() //nolint:errcheck // read only
		r = file
	}
	paths, err := source.ReadList(r)
	if err != nil {
		return nil, fmt.Errorf("--files-from %s: %w", name, err)
	}
	return paths, nil
}

func isFolder(root string) error {
	info, err := os.Stat(root)
	if err != nil {
		return usagef("--root: %w (name an existing folder)", err)
	}
	if !info.IsDir() {
		return usagef("--root %s is a file, not a folder", root)
	}
	return nil
}

// tree walks the given paths, or the working directory, to the end.
func tree(args []string) (input, error) { return treeUntil(nil, args) }

// treeUntil walks until done is closed.
func treeUntil(done <-chan struct{}, args []string) (input, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	for _, arg := range args {
		if arg == "" {
			return input{}, usagef("an empty PATH was given; use . for the working directory")
		}
	}
	root, starts, err := source.Roots(args)
	if err != nil {
		return input{}, &usageError{fmt.Errorf("%w (name an existing file or folder)", err)}
	}
	prefix := root
	if wd, err := os.Getwd(); err == nil && !filepath.IsAbs(args[0]) {
		if rel, err := filepath.Rel(wd, root); err == nil {
			prefix = rel
		}
	}
	return input{root: root, prefix: prefix, items: source.Tree(source.Dir(root), source.TreeOptions{Starts: starts, Above: source.Surroundings(root), Done: done})}, nil
}

// slow puts the storage profile under the reader.
func (f *scanFlags) slow(in input) (*storage.FS, error) {
	cores, err := machine.UsableCores()
	if err != nil {
		return nil, err
	}
	profile, err := storage.Lookup(f.storage, cores)
	if err != nil {
		return nil, &usageError{err}
	}
	return storage.New(source.Dir(in.root), profile, f.seed, f.block), nil
}

// report writes findings, statistics and summary, and lets --fail-on speak. Where
// the statistics cannot be written the findings are not lost.
func (f *scanFlags) report(s *streams, in input, r scanner.Result, extra extras) error {
	for i := range r.Findings {
		r.Findings[i].Path = path.Join(filepath.ToSlash(in.prefix), r.Findings[i].Path)
	}
	for i := range r.Failures {
		r.Failures[i].Path = path.Join(filepath.ToSlash(in.prefix), r.Failures[i].Path)
	}
	if f.stats != "-" {
		write := func() error { return finding.WriteText(s.out, r.Findings, color(s.out)) }
		if f.format == "json" {
			write = func() error { return finding.WriteJSON(s.out, r.Findings) }
		}
		if err := write(); err != nil {
			return fmt.Errorf("write the findings: %w", err)
		}
	}
	if err := f.writeStats(s, r, extra); err != nil {
		return err
	}
	if !f.quiet {
		f.summary(s, r)
	}
	if worst := above(r.Findings, f.failOn); worst > 0 {
		return &policyError{fmt.Sprintf("%d findings of severity %s or above", worst, f.failOn)}
	}
	if failed := total(r.Stats.Failed); failed > 0 && r.Stats.Scanned == 0 {
		first := r.Failures[0]
		return fmt.Errorf("nothing could be scanned, the first to fail was %s (%s): %s; make it readable, or leave it out", harmless(first.Path, ""), first.Reason, harmless(first.Detail, "\n\t"))
	}
	return nil
}

// achieved says how the simulated storage did.
func (f *scanFlags) achieved(slow *storage.FS) *target.StorageReport {
	if f.storage == "local" {
		return nil
	}
	a := slow.Achieved()
	return &target.StorageReport{Profile: f.storage, Opens: a.Opens, AskedMeanS: a.AskedMeanS, MeanS: a.MeanS, P50S: a.P50S, P99S: a.P99S}
}

func (f *scanFlags) writeStats(s *streams, r scanner.Result, extra extras) error {
	if f.stats == "" {
		return nil
	}
	stats := target.ScanStats{Stats: r.Stats, Storage: extra.storage, Isolation: extra.isolation}
	data, err := json.Marshal(stats)
	if err != nil {
		return fmt.Errorf("statistics: %w", err)
	}
	data = append(data, '\n')
	if f.stats == "-" {
		_, err = s.out.Write(data)
	} else {
		err = os.WriteFile(f.stats, data, 0o644)
	}
	if err != nil {
		return usagef("write the statistics: %w (name a file that can be written with --stats, or - for stdout)", err)
	}
	return nil
}

// summary says what became of every file.
func (f *scanFlags) summary(s *streams, r scanner.Result) {
	st := r.Stats
	fmt.Fprintf(s.err, "%d findings in %d files (%s) scanned in %s, %s\n", len(r.Findings), st.Scanned,
		unit.Bytes(st.Bytes), unit.Time(st.WallS), unit.Format("throughput_bytes_per_s", st.ThroughputBytesPerS))
	for _, left := range []struct {
		what    string
		reasons map[string]int64
	}{{"skipped", st.Skipped}, {"failed", st.Failed}} {
		if n := total(left.reasons); n > 0 {
			fmt.Fprintf(s.err, "%d %s: %s\n", n, left.what, reasons(left.reasons))
		}
	}
	if !sources(st.Languages) && total(st.Failed) == 0 {
		s.warn("no source file in a language that the rules know was found (Go, Python, JavaScript)")
	}
	for _, warning := range append(slices.Clone(st.Warnings), st.Watch.Warnings()...) {
		s.warn("%s", warning)
	}
	for i, failure := range r.Failures {
		if !f.verbose && i == 3 {
			fmt.Fprintf(s.err, "… %d more; see --verbose\n", len(r.Failures)-i)
			break
		}
		fmt.Fprintf(s.err, "  %s: %s: %s\n", harmless(failure.Path, ""), failure.Reason, harmless(failure.Detail, "\n\t"))
	}
}

// harmless escapes what could command a terminal, the characters in keep apart:
// files may have any name, and errors repeat it.
func harmless(text, keep string) string {
	var out strings.Builder
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case strconv.IsPrint(r) || strings.ContainsRune(keep, r):
			out.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return out.String()
}

func sources(languages map[string]int64) bool {
	for language, files := range languages {
		if language != "text" && files > 0 {
			return true
		}
	}
	return false
}

func total(reasons map[string]int64) (n int64) {
	for _, count := range reasons {
		n += count
	}
	return n
}

func reasons(of map[string]int64) string {
	var parts []string
	for reason, count := range of {
		parts = append(parts, fmt.Sprintf("%s %d", reason, count))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// above counts the findings of a severity or worse.
func above(findings []finding.Finding, severity string) (n int) {
	at := slices.Index(severities(), severity)
	for _, f := range findings {
		if slices.Index(severities(), string(f.Severity)) <= at {
			n++
		}
	}
	return n
}
