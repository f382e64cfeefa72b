package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/decide"
	"sluice/harness/record"
	"sluice/harness/target"
	"sluice/harness/unit"
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
	flags.StringVar(&f.goal, "goal", "", "`objective`: balanced, throughput, p99, rss, wall, cpu; or two to four of them in their order: throughput,p99,rss")
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
	fidelity  float64
	oneSample bool // of all rounds
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
