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
)

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
	OneSample bool        `json:",omitempty"`
	Scan      record.Scan `json:",omitzero"`
	Target    string      `json:",omitempty"` // digest of the command that is measured
	Fixed     bool        `json:",omitempty"`
	Placebo   bool        `json:",omitempty"`
	Duet      bool        `json:",omitempty"`
	Repeat    int         `json:",omitempty"`
	Reruns    int         `json:",omitempty"`
	Profile   []string    `json:",omitempty"`
	Strategy  string      `json:",omitempty"` // of the search
	NoModel   bool        `json:",omitempty"`
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
	if _, err := os.Lstat(f.report); err == nil { // a folder that is refused is to be known before the trials, not after
		if err := reports.Prepare(f.report); err != nil {
			return nil, &usageError{err}
		}
	}
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
	ses.run.State = "running" // an interrupted run that goes on is none when it speaks
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
	leading, _, _ := strings.Cut(ses.def.Goal.Objective, ",")
	return slices.Compact([]string{leading, record.Wall, record.CPU, record.RSS})
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
