package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sluice/harness/model"
	"sluice/harness/record"
	"sluice/scanner/config"
	"sluice/workloads/storage"
)

// A basis is what predictions rest on: a run's calibrated model and what its trials
// scanned.
type basis struct {
	run, scenario string
	addresses     []string // of the trials that calibrated
	taught        []record.Trial
	parameters    model.Parameters
	scenes        []model.Scenario // of the trials that calibrated
	reference     config.Config
	lists         *fileLists
	warnings      []string
}

// newBasis calibrates the model with a run.
func newBasis(rep record.Report, f predictFlags, lists *fileLists) (*basis, error) {
	o, err := calibrating(rep, f.from)
	if err != nil {
		return nil, err
	}
	b := &basis{run: rep.Run.ID, scenario: o.Scenario.Name, lists: lists}
	b.taught = apart(teachers(o.Trials), f.learn, o.Scenario.Cores)
	for _, t := range b.taught {
		b.addresses = append(b.addresses, fmt.Sprintf("%s/%d/%d", t.Phase, t.Block, t.Slot))
		b.scenes = append(b.scenes, b.lists.scene(o.Scenario, t))
	}
	if b.scenes[0].Drawn {
		b.warnings = append(b.warnings, "the files that the trials scanned are not here (moved, or measured on another machine): sizes and latencies are drawn")
	}
	if usual := 2; f.learn > max(usual, len(b.taught)) {
		b.warnings = append(b.warnings, fmt.Sprintf("--calibrate %d: the run's deciding blocks hold %s, and no more can teach", f.learn, counted(len(b.taught), "configuration")))
	}
	if b.parameters, err = model.Calibrate(b.taught, b.scenes); err != nil {
		return nil, err
	}
	b.reference, err = referenceOf(o, b.taught[0], b.scenes[0].Cores)
	return b, err
}

// calibrating is the outcome whose trials calibrate.
func calibrating(rep record.Report, from string) (record.Outcome, error) {
	trials, there := 0, []string{}
	for _, o := range rep.Outcomes {
		trials += len(o.Trials)
		if len(teachers(o.Trials)) == 0 {
			continue
		}
		if from == "" || o.Scenario.Storage == from || o.Scenario.Name == from {
			return o, nil
		}
		there = append(there, o.Scenario.Name)
	}
	switch {
	case from != "" && len(there) > 0:
		return record.Outcome{}, usagef("run %s has no trials of the scanner on %s; it has some of %s", rep.Run.ID, from, strings.Join(there, ", "))
	case from != "":
		return record.Outcome{}, usagef("run %s has no trials of the scanner on %s", rep.Run.ID, from)
	case trials > 0:
		return record.Outcome{}, &usageError{fmt.Errorf("run %s: %w: the model is of the scanner, and this run measured a command, or no trial of it ended well", rep.Run.ID, model.ErrNoStations)}
	}
	return record.Outcome{}, usagef("run %s has no trials to calibrate with yet", rep.Run.ID)
}

// teachers are the trials that can calibrate, in the order in which they were
// measured.
func teachers(trials []record.Trial) []record.Trial {
	good := slices.DeleteFunc(slices.Clone(trials), func(t record.Trial) bool {
		return t.Status != record.OK || t.SetAside != "" || t.Phase == record.Warmup || t.Phase == record.Profiling ||
			len(t.Stats) == 0 || !strings.Contains(string(t.Stats), `"stations"`)
	})
	slices.SortStableFunc(good, func(a, b record.Trial) int { return a.Started.Compare(b.Started) })
	return good
}

// apart are the trials that calibrate, of the phase whose figures the run reports: the
// first with no more analysers than cores, since those that share cores hide what
// analysing takes; then the first that differs in the number of analysers, of few if
// there are any; then others that differ.
func apart(trials []record.Trial, n, cores int) []record.Trial {
	if phase, ok := decisive(trials); ok {
		trials = slices.DeleteFunc(trials, func(t record.Trial) bool { return t.Phase != phase })
	}
	analysers := func(t record.Trial) float64 {
		knob := "cpu.workers"
		if t.Config["cpu.scheduler"] == "inline" {
			knob = "io.workers"
		}
		w, _ := t.Config.Float(knob)
		return w
	}
	few := func(of float64) func(record.Trial) bool {
		return func(t record.Trial) bool { return analysers(t) <= of*float64(max(1, cores)) }
	}
	picked := []record.Trial{trials[max(0, slices.IndexFunc(trials, few(1)))]}
	for _, useful := range []func(record.Trial, record.Trial) bool{
		func(p, t record.Trial) bool { return few(2)(t) && analysers(p) != analysers(t) },
		func(p, t record.Trial) bool { return analysers(p) != analysers(t) },
		func(p, t record.Trial) bool { return p.Config.ID() != t.Config.ID() },
	} {
		for _, t := range trials {
			if len(picked) >= n {
				return picked
			}
			if !slices.ContainsFunc(picked, func(p record.Trial) bool { return !useful(p, t) }) {
				picked = append(picked, t)
			}
		}
	}
	return picked
}

// referenceOf is the configuration that changes are made to.
func referenceOf(o record.Outcome, first record.Trial, cores int) (config.Config, error) {
	flat := first.Config
	switch {
	case o.Recommendation != nil:
		flat = o.Recommendation.Reference.Config
	case o.Compare != nil:
		flat = o.Compare.A.Config
	case o.Grid != nil:
		flat = o.Grid.Reference.Config
	}
	c, err := config.Default(cores).WithFlat(flat)
	if err != nil {
		return c, fmt.Errorf("configuration of the reference: %w", err)
	}
	if c.Runtime.GOMAXPROCS == cores {
		c.Runtime.GOMAXPROCS = 0 // trials are stored with auto resolved; other cores would resolve it otherwise
	}
	return c, nil
}

// scene is what is asked about: that of the first trial, on other cores or storage
// where the flags say so.
func (b *basis) scene(f predictFlags) (model.Scenario, error) {
	s := b.scenes[0]
	if f.coresGiven {
		s.Cores = f.cores
	}
	if f.coresGiven || f.storage != "" {
		p, err := storage.Lookup(cmp.Or(f.storage, s.Storage.Name), s.Cores)
		if err != nil {
			return s, &usageError{err}
		}
		s.Storage = p
	}
	return s, nil
}

// fileLists remembers what lists of files hold, since all trials of a sample share one.
type fileLists struct {
	known  map[string][]model.File
	parses func(path string, src []byte) (bool, error) // whether a file will be parsed; may be nil
}

// scene is what a trial met, as the command that repeats it says.
func (l *fileLists) scene(sc record.Scenario, t record.Trial) model.Scenario {
	s := model.Scenario{
		Corpus: sc.Corpus, Fingerprint: sc.Fingerprint, Cores: cmp.Or(t.Cores, sc.Cores, 1), Seed: t.Sample.Seed,
	}
	name := cmp.Or(flagOf(t.Command, "--storage"), t.Storage, sc.Storage, "local")
	if p, err := storage.Lookup(name, s.Cores); err == nil {
		s.Storage = p
	} else {
		s.Storage = storage.Profile{Name: name}
	}
	if seed, err := strconv.ParseUint(flagOf(t.Command, "--seed"), 10, 64); err == nil {
		s.Seed = seed
	}
	if block, err := strconv.Atoi(flagOf(t.Command, "--block")); err == nil {
		s.Block = block
	}
	list, root := flagOf(t.Command, "--files-from"), flagOf(t.Command, "--root")
	if s.Files = l.files(list, root); len(s.Files) != t.Sample.Files || len(s.Files) == 0 {
		s.Files, s.Drawn = model.Draw(max(1, t.Sample.Files), t.Sample.Bytes, t.Sample.Seed), true
	}
	return s
}

// flagOf is the argument after a flag, or "".
func flagOf(argv []string, flag string) string {
	if i := slices.Index(argv, flag); i >= 0 && i+1 < len(argv) {
		return argv[i+1]
	}
	return ""
}

// files reads a list and asks for its files' sizes; nil if one is not there any more.
func (l *fileLists) files(list, root string) []model.File {
	if list == "" || root == "" {
		return nil
	}
	if files, ok := l.known[list]; ok {
		return files
	}
	files, err := sizedList(list, root)
	if err != nil {
		files = nil
	}
	l.foretell(files, root)
	l.known[list] = files
	return files
}

// errGone says that what a list names is not there.
var errGone = errors.New("not there any more")

func sizedList(list, root string) ([]model.File, error) {
	data, err := os.ReadFile(list)
	if err != nil {
		return nil, err
	}
	var files []model.File
	for path := range strings.SplitSeq(strings.TrimRight(string(data), "\x00"), "\x00") {
		info, err := os.Stat(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil || !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s: %w", path, errGone)
		}
		files = append(files, model.File{Path: path, Bytes: info.Size()})
	}
	return files, nil
}

// mostLooked is how many bytes of files are looked through for what rules they could
// match: a second's work.
const mostLooked = 512 << 20

// foretell fills in which files will be parsed, by looking through them as the
// scanner does. What was scanned otherwise (another analyser) is left unknown.
func (l *fileLists) foretell(files []model.File, root string) {
	var sum int64
	for _, f := range files {
		sum += f.Bytes
	}
	if l.parses == nil || sum > mostLooked {
		return
	}
	for i := range files {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(files[i].Path)))
		if err != nil {
			return
		}
		parsed, err := l.parses(files[i].Path, text)
		switch {
		case err != nil:
			return
		case parsed:
			files[i].Fate = model.Parsed
		default:
			files[i].Fate = model.Plain
		}
	}
}

// foreteller looks through files with the rules of a run's trials; nil where something
// else analysed.
func foreteller(scan record.Scan) (parses func(string, []byte) (bool, error), release func(), err error) {
	if scan.Analyser != "" && scan.Analyser != record.TreeSitter {
		return nil, func() {}, nil
	}
	flags := scanFlags{rules: cmp.Or(scan.Rules, record.RulesBuiltin), noFilter: scan.NoPrefilter}
	engine, err := flags.engine(config.Default(1).Memory)
	if err != nil {
		return nil, func() {}, err
	}
	worker := engine.Worker()
	return worker.Parses, func() { worker.Close(); engine.Close() }, nil
}
