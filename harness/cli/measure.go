package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/machine"
	"sluice/harness/record"
	"sluice/harness/space"
	"sluice/harness/store"
	"sluice/harness/target"
	"sluice/harness/trial"
	"sluice/harness/tuner"
	"sluice/harness/unit"
	"sluice/reports"
	"sluice/workloads/corpus"
	"sluice/workloads/storage"
)

// measureFlags are shared by the commands that launch trials.
type measureFlags struct {
	storage   []string
	goal      string
	require   []string
	budget    time.Duration
	trials    int
	cores     int
	seed      uint64
	margin    string
	reference string
	store     string
	fresh     bool
	report    string
	format    string
	quiet     bool
	verbose   bool
	plan      bool
	scan      record.Scan // how trials scan
	target    string
	def       *target.Definition // what is measured in place of the scanner; nil: the scanner
	placebo   bool
	wait      time.Duration // for quiet, before a block
	reruns    int           // of a disturbed block
	profile   []string      // kinds of profiles, collected in extra trials
}

// add defines the flags that every measuring command has.
func (f *measureFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.goal, "goal", "", "`objective`: balanced, throughput, p99, rss, wall, cpu")
	flags.IntVar(&f.cores, "cores", 0, "cores of the scenario (default: all that are usable)")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of samples, orders, latencies and search")
	flags.StringVar(&f.margin, "margin", "", "smallest change of the objective that matters (default 2%, 10% for p99 and rss)")
	flags.StringVar(&f.store, "store", ".sluice", "`folder` of the store")
	flags.BoolVar(&f.fresh, "fresh", false, "measure anew instead of resuming an unfinished run")
	flags.StringVar(&f.report, "report", "sluice-report", "`folder` for the report")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "print each trial and the command that repeats it")
	formatFlag(cmd, &f.format)
	complete(cmd, "goal", []string{"balanced", "throughput", "p99", "rss", "wall", "cpu"})
}

func (f *measureFlags) addStorage(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.storage, "storage", []string{"local"}, "storage `profiles`, comma-separated: "+strings.Join(storageNames(), ", "))
	complete(cmd, "storage", storageNames())
}

// addScan defines the flags that say how trials scan.
func (f *measureFlags) addScan(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.scan.NoPrefilter, "no-prefilter", false, "parse files in which no rule can match, too, in every trial")
	flags.StringVar(&f.scan.Rules, "rules", "", "`set` of rules of every trial: "+strings.Join(record.RuleSets(), ", "))
	complete(cmd, "rules", record.RuleSets())
}

// addQuiet defines the flags of what is done about others who use the machine.
func (f *measureFlags) addQuiet(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.wait, "await-quiet", 5*time.Second, "wait at most so long before a block while others use the machine; 0 does not wait")
	cmd.Flags().IntVar(&f.reruns, "reruns", 2, "measure a block that others disturbed again, so often at most")
}

// addPlacebo defines the flag of the placebo.
func (f *measureFlags) addPlacebo(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.placebo, "placebo", true, "also measure the reference against itself")
}

// checkScan refuses unknown rules. The default's name means the default, so that
// saying it makes no other run of the same work.
func (f *measureFlags) checkScan() error {
	if f.scan.Rules == "" {
		return nil
	}
	if err := known("--rules", f.scan.Rules, record.RuleSets()); err != nil {
		return err
	}
	if f.scan.Rules == record.RulesBuiltin {
		f.scan.Rules = ""
	}
	return nil
}

// parsed is what the shared flags mean.
type parsed struct {
	goal   decide.Goal
	cores  []int
	margin float64 // 0: each metric's own
	// fidelity is the share of the corpus that each trial of a fixed design scans; 0: as
	// the sizing of trials finds.
	fidelity float64
}

// parse checks the shared flags, all faults at once.
func (f *measureFlags) parse(defaultGoal string) (parsed, error) {
	var faults []error
	var p parsed
	if f.margin != "" {
		var err error
		if p.margin, err = unit.ParsePercent(f.margin); err != nil {
			faults = append(faults, fmt.Errorf("--margin: %w", err))
		} else if p.margin < 0 || p.margin >= 1 {
			faults = append(faults, fmt.Errorf("--margin is %s; use a percentage below 100 such as 2%%", f.margin))
		}
	}
	var err error
	if f.def != nil {
		p.goal, err = f.targetGoal(p.margin)
	} else {
		p.goal, err = decide.ParseGoal(cmpOr(f.goal, defaultGoal), f.require, p.margin)
	}
	if err != nil {
		faults = append(faults, err)
	}
	p.goal.Given = f.margin != ""
	if p.cores, err = target.Slice(f.cores); err != nil {
		faults = append(faults, err)
	}
	for _, name := range f.storage {
		if _, err := storage.Lookup(name, 1); err != nil {
			faults = append(faults, fmt.Errorf("--storage: %w", err))
		}
	}
	if f.budget < 0 || f.trials < 0 {
		faults = append(faults, errors.New("--budget and --trials must be positive"))
	}
	if f.wait < 0 || f.reruns < 0 {
		faults = append(faults, errors.New("--await-quiet and --reruns must not be negative; 0 turns them off"))
	}
	if err := checkFormat(f.format); err != nil {
		faults = append(faults, err)
	}
	faults = append(faults, f.checkScan(), f.checkProfile())
	if err := errors.Join(faults...); err != nil {
		return p, &usageError{err}
	}
	return p, nil
}

// findCorpus resolves PATH…: corpus:NAME, a folder, or several paths. Without
// one it is Go's own source tree, else the synthetic corpus.
func findCorpus(ctx context.Context, s *streams, storeDir string, args []string) (corpus.Corpus, error) {
	if len(args) == 0 {
		args = []string{"corpus:" + corpus.GorootName}
		if _, err := corpus.Goroot(ctx); err != nil {
			s.warn("no Go source tree here (%v); a synthetic corpus is used instead", err)
			args = []string{"corpus:" + corpus.PlantedName}
		}
	}
	name, named := strings.CutPrefix(args[0], "corpus:")
	if !named {
		in, err := tree(args)
		if err != nil {
			return corpus.Corpus{}, err
		}
		return collected(s, filepath.Base(in.root), in)
	}
	if len(args) > 1 {
		return corpus.Corpus{}, usagef("corpus:%s stands alone; found %q beside it", name, args[1])
	}
	registry := newRegistry(storeDir)
	if names := registry.Names(); !slices.Contains(names, name) {
		return corpus.Corpus{}, usagef("unknown corpus %q; the corpora are %s (or give a folder)", name, strings.Join(names, ", "))
	}
	shown := newGenProgress(s)
	registry.Progress = shown.file
	c, err := registry.Find(ctx, name)
	shown.stop()
	if err != nil {
		return c, &usageError{err}
	}
	return notEmpty(c)
}

// newRegistry finds corpora by name. Folders are listed as the scanner would
// list them, so that what it leaves out is no part of a corpus.
func newRegistry(storeDir string) corpus.Registry {
	return corpus.Registry{Cache: absolute(filepath.Join(storeDir, "corpora")), List: func(_ context.Context, root string) ([]corpus.File, error) {
		in, err := tree([]string{root})
		if err != nil {
			return nil, err
		}
		files, _ := listed(in)
		return files, nil
	}}
}

// absolute makes a path absolute, if the working directory can be told.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func collected(s *streams, name string, in input) (corpus.Corpus, error) {
	files, unreadable := listed(in)
	if len(unreadable) > 0 && len(files) == 0 {
		return corpus.Corpus{}, usagef("%s: nothing there can be read: %w", in.root, unreadable[0])
	}
	if len(unreadable) > 0 {
		s.warn("%d entries below %s cannot be read and are no part of the corpus, the first: %v", len(unreadable), in.root, unreadable[0])
	}
	return notEmpty(corpus.FromFiles(name, absolute(in.root), files))
}

func notEmpty(c corpus.Corpus) (corpus.Corpus, error) {
	if c.Bytes == 0 {
		return c, usagef("%s holds no file to scan; name a folder with source code, or corpus:%s", c.Root, corpus.GorootName)
	}
	return c, nil
}

// listed lists the files of an input once, and what could not be read. Trials
// scan that list, so they do not walk. What the source skips is no part of a
// corpus.
func listed(in input) (files []corpus.File, unreadable []error) {
	for item := range in.items {
		if item.Err != nil {
			unreadable = append(unreadable, item.Err)
		}
		if item.Skip != "" || item.Err != nil {
			continue
		}
		if item.Size < 0 {
			info, err := os.Stat(filepath.Join(in.root, filepath.FromSlash(item.Path)))
			if err != nil {
				unreadable = append(unreadable, err)
				continue
			}
			item.Size = info.Size()
		}
		files = append(files, corpus.File{Path: item.Path, Size: item.Size})
	}
	return files, unreadable
}

// session is an open store, a run in it and the machine it runs on.
type session struct {
	f        *measureFlags
	s        *streams
	store    *store.Store
	run      record.Run
	machine  record.Machine
	exe      string
	image    os.FileInfo // of exe, as it was when the run was opened
	bar      *progress
	command  string
	lock     *store.Lock
	said     []record.Outcome   // of the scenarios so far
	def      *target.Definition // what is measured; nil: the scanner
	guard    *trial.Guard
	launcher []string // that commands are started through
	timed    bool     // the objective depends on time: a busy machine matters
	launches int      // of the scenarios so far
}

// design is all that the trials of a run depend on. Two commands with equal
// designs are the same work: one resumes the other.
type design struct {
	Kind      string
	Version   string
	Program   string // digest of this binary: another build is another system under test
	Seed      uint64
	Margin    string
	Goal      record.Goal
	Scenarios []record.Scenario
	Arms      []lab.Arm
	Spaces    []space.Space // of each scenario that is searched
	Budget    time.Duration
	Trials    int
	Blocks    int
	Fidelity  float64     `json:",omitzero"` // that each trial is to have; 0: as the sizing of trials finds
	Scan      record.Scan `json:",omitzero"`
	Target    string      `json:",omitempty"` // digest of the command that is measured
	Fixed     bool        `json:",omitempty"`
	Placebo   bool        `json:",omitempty"`
	Duet      bool        `json:",omitempty"`
	Repeat    int         `json:",omitempty"`
	Reruns    int         `json:",omitempty"`
	Profile   []string    `json:",omitempty"`
}

// key is the digest of a design.
func (d design) key() (string, error) {
	data, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("key of the run: %w", err)
	}
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:]), nil
}

// program finds this binary, which the trials launch, and its digest.
func program() (path, digest string, err error) {
	if path, err = os.Executable(); err != nil {
		return "", "", fmt.Errorf("find this program: %w", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", "", fmt.Errorf("read this program: %w", err)
	}
	defer file.Close() //nolint:errcheck // read only
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", "", fmt.Errorf("read this program: %w", err)
	}
	return path, hex.EncodeToString(h.Sum(nil)), nil
}

// open opens the store and finds the unfinished run of the same design, or
// creates the given one.
func (f *measureFlags) open(s *streams, run record.Run, d design) (*session, error) {
	exe, digest, err := program()
	if err != nil {
		return nil, err
	}
	d.Kind, d.Version, d.Program, d.Seed, d.Margin = run.Kind, Version, digest, f.seed, f.margin
	d.Scan, run.Scan = f.scan, f.scan
	d.Reruns, d.Profile = f.reruns, f.profile
	if f.def != nil {
		d.Target, run.Foreign = f.def.Digest()+" "+programDigest(f.def), true
		for _, own := range f.def.Metrics {
			run.Metrics = append(run.Metrics, record.Metric{Name: own.Name, HigherBetter: own.HigherBetter})
		}
	}
	key, err := d.key()
	if err != nil {
		return nil, err
	}
	st, err := store.Open(f.store)
	if err != nil {
		return nil, err
	}
	image, err := os.Stat(exe)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("find this program: %w", err), st.Close())
	}
	ses := &session{f: f, s: s, store: st, exe: exe, image: image, def: f.def, timed: f.def == nil || f.def.Timed(), machine: machine.Read("."), command: target.ShellLine(append([]string{"sluice"}, os.Args[1:]...))}
	if ses.guard, ses.launcher, err = watchOver(exe); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if err := ses.begin(run, key); err != nil {
		return nil, errors.Join(err, ses.guard.Close(), st.Close())
	}
	return ses, nil
}

// begin takes up the unfinished run of that key, or creates the run, and locks it.
func (ses *session) begin(run record.Run, key string) (err error) {
	found := false
	if !ses.f.fresh {
		if ses.run, found, err = ses.store.FindUnfinished(key); err != nil {
			return err
		}
	}
	if !found {
		run.Command, run.Seed, run.Version, run.Started, run.State, run.Machine = ses.command, ses.f.seed, Version, time.Now().UTC(), "running", ses.machine
		if ses.run, err = ses.store.CreateRun(key, run); err != nil {
			return err
		}
	}
	if ses.lock, err = ses.store.Lock(ses.run.ID); err != nil {
		return err
	}
	if found && !ses.f.quiet {
		fmt.Fprintf(ses.s.err, "resuming run %s\n", ses.run.ID)
	}
	ses.bar = newProgress(ses.s.err, ses.f.quiet, ses.shown()[0])
	return nil
}

// bench makes the bench of one scenario. Repetitions of a whole design differ by
// their seed.
func (ses *session) bench(sc record.Scenario, c corpus.Corpus, p parsed, repeat uint64) (*lab.Bench, error) {
	seed := ses.f.seed + repeat
	bench := &lab.Bench{
		Run: ses.run.ID, Scenario: sc.Name, Seed: seed, Journal: ses.store, Cores: p.cores, Earlier: ses.launches,
		Listen: ses.listen, Limit: 10 * time.Minute, Quiet: ses.quiet(),
	}
	if ses.def != nil {
		command, err := ses.def.New(target.Options{Corpus: sc.Root, Seed: seed, Cores: p.cores, Means: ses.means()})
		if err != nil {
			return nil, &usageError{err}
		}
		bench.Measure = command.Measure
		return bench, nil
	}
	scan, err := ses.scanner(sc, c, p.cores, seed)
	if err != nil {
		return nil, err
	}
	bench.Measure = func(ctx context.Context, job lab.Job) (record.Trial, error) {
		if err := ses.unchanged(); err != nil {
			return record.Trial{}, err
		}
		return scan.Measure(ctx, job)
	}
	bench.Prepare = func(ctx context.Context, d corpus.Draw) error {
		_, err := c.Warm(ctx, distinct(d.Files))
		return err
	}
	return bench, nil
}

// unchanged refuses to go on with another build than the one that the run began
// with: a build in another terminal must not mix two programs in one comparison.
func (ses *session) unchanged() error {
	now, err := os.Stat(ses.exe)
	if err == nil && os.SameFile(now, ses.image) && now.ModTime().Equal(ses.image.ModTime()) && now.Size() == ses.image.Size() {
		return nil
	}
	return fmt.Errorf("%s was replaced while its run was being measured; start the command again: another build is another run", ses.exe)
}

// scanner is the scanner as it is measured in a scenario.
func (ses *session) scanner(sc record.Scenario, c corpus.Corpus, cores []int, seed uint64) (*target.Scanner, error) {
	folder, err := filepath.Abs(filepath.Join(ses.f.store, "work", ses.run.ID, strings.ReplaceAll(sc.Name, "/", "-")))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("folder for the trials' files: %w", err)
	}
	return &target.Scanner{Exe: ses.exe, Folder: folder, Root: c.Root, Storage: sc.Storage, Seed: seed, Cores: cores, Scan: ses.f.scan, Means: ses.means()}, nil
}

// timelineEvery is how often a trial's memory and threads are looked at: a look
// costs some 100 µs with its wake-up, so that this is 0.1 % of a core.
const timelineEvery = 200 * time.Millisecond

// means are what all trials of this run share.
func (ses *session) means() target.Means {
	return target.Means{Guard: ses.guard, Launcher: ses.launcher, Every: timelineEvery, Keep: ses.store.PutFile}
}

// quiet says what is done about others who use the machine: nothing where the
// objective does not depend on time.
func (ses *session) quiet() lab.Quiet {
	if !ses.timed {
		return lab.Quiet{}
	}
	return lab.Quiet{Share: tuner.BusyShare, Wait: ses.f.wait, Repeats: ses.f.reruns, Await: awaitQuiet}
}

// quietWindow is how long the machine is watched at a time.
const quietWindow = 100 * time.Millisecond

// awaitQuiet waits until others leave the machine alone.
func awaitQuiet(ctx context.Context, share float64, most time.Duration) (time.Duration, float64, error) {
	return machine.AwaitQuiet(ctx, share, quietWindow, most)
}

// distinct leaves out the repeats of a small corpus that is listed several times.
func distinct(files []corpus.File) []corpus.File {
	for i, f := range files {
		if i > 0 && f == files[0] {
			return files[:i]
		}
	}
	return files
}

// listen tells the progress, and with --verbose each trial.
func (ses *session) listen(e lab.Event) {
	ses.bar.trial(e)
	if !ses.f.verbose {
		return
	}
	t := e.Trial
	fmt.Fprintf(ses.s.err, "%s %d.%d %-10s %-11s", t.Phase, t.Block, t.Slot, t.Arm, t.Status)
	for _, metric := range ses.shown() {
		if value, ok := t.Metrics[metric]; ok {
			fmt.Fprintf(ses.s.err, " %s %s ", unit.Short(metric), unit.Format(metric, value))
		}
	}
	fmt.Fprintf(ses.s.err, " others %s\n    %s%s\n", unit.Percent(t.OthersCPUShare), map[bool]string{true: "SLUICE_TRIAL= "}[ses.def == nil], target.ShellLine(t.Command))
}

// shown are the metrics that progress speaks of: the leading one first.
func (ses *session) shown() []string {
	if ses.def == nil {
		return []string{record.Throughput, record.P99, record.RSS}
	}
	return slices.Compact([]string{ses.def.Goal.Objective, record.Wall, record.CPU, record.RSS})
}

// scenario describes corpus × storage × cores.
func scenario(c corpus.Corpus, storageName string, cores int) record.Scenario {
	return record.Scenario{
		Name: fmt.Sprintf("%s/%s/%dc", c.Name, storageName, cores), Corpus: c.Name, Root: c.Root, Fingerprint: c.Fingerprint,
		Files: len(c.Files), Bytes: c.Bytes, Storage: storageName, Cores: cores,
	}
}

// keep stores what a run says of one scenario.
func (ses *session) keep(o record.Outcome) error {
	_, err := ses.put(o)
	return err
}

func (ses *session) put(o record.Outcome) (data []byte, err error) {
	kind, said := store.Grid, any(o.Grid)
	switch {
	case o.Recommendation != nil:
		kind, said = store.Recommendation, o.Recommendation
	case o.Compare != nil:
		kind, said = store.Compare, o.Compare
	}
	if data, err = json.Marshal(said); err != nil {
		return nil, fmt.Errorf("%s of %s: %w", kind, o.Scenario.Name, err)
	}
	return data, ses.store.PutOutcome(ses.run.ID, o.Scenario.Name, kind, data)
}

// conclude stores what a run says of one scenario. As JSON it is printed at
// once, a line for each scenario; in words all scenarios are printed at the end.
func (ses *session) conclude(o record.Outcome) error {
	data, err := ses.put(o)
	if err != nil {
		return err
	}
	ses.bar.finish()
	ses.said = append(ses.said, o)
	if ses.f.format == "json" {
		_, err = fmt.Fprintf(ses.s.out, "%s\n", data)
	}
	return err
}

// close ends the session. A run that did not finish stays open for resuming.
func (ses *session) close(err error) error {
	ses.bar.stop()
	switch _, dead := errors.AsType[*lab.DeadEnd](err); {
	case err == nil:
		ses.run.State, ses.run.Finished = "done", time.Now().UTC()
	case dead:
		ses.run.State = "failed"
	default:
		ses.run.State = "interrupted"
	}
	err = errors.Join(err, ses.store.UpdateRun(ses.run))
	if ses.run.State == "interrupted" {
		trials, countErr := ses.store.CountTrials(ses.run.ID)
		if countErr == nil && errors.Is(err, context.Canceled) {
			fmt.Fprintf(ses.s.err, "stopped; %d finished trials are kept in %s. To go on, run the same command again:\n  %s\n", trials, ses.f.store, ses.command)
		}
	}
	return errors.Join(err, ses.guard.Close(), ses.lock.Release(), ses.store.Close())
}

// finish prints what was found, in words, and draws the run's report from the
// store.
func (ses *session) finish() error {
	ses.bar.stop()
	if ses.f.format == "text" {
		if err := reports.Text(ses.s.out, record.Report{Run: ses.run, Outcomes: ses.said}, color(ses.s.out)); err != nil {
			return err
		}
	}
	rep, err := ses.store.Outcomes(ses.run.ID)
	if err != nil {
		return err
	}
	rep.Run.State, rep.Run.Finished = "done", time.Now().UTC()
	if _, err := reports.Write(ses.f.report, rep); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if !ses.f.quiet {
		fmt.Fprintf(ses.s.err, "report: %s\n", filepath.Join(ses.f.report, "index.html"))
	}
	return nil
}

// watchOver prepares this process for trials: what they leave behind comes to
// it, and a guard cleans up if it is killed. The caller closes the guard.
func watchOver(exe string) (guard *trial.Guard, launcher []string, err error) {
	if err := trial.AdoptOrphans(); err != nil {
		return nil, nil, err
	}
	guard, err = trial.NewGuard(exe, guardCommand)
	return guard, []string{exe, launchCommand}, err
}
