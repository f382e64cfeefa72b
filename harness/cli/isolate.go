package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"sluice/harness/target"
	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/journal"
	"sluice/scanner/pipeline"
	"sluice/scanner/source"
)

// Crashed is the reason for which a file fails that ended the process in which it
// was analysed alone.
const Crashed = "crash"

// extras are what a scan says beside the scanner's own statistics.
type extras struct {
	storage   *target.StorageReport // nil on local storage
	isolation *target.Isolation     // nil without --isolate
}

// A childJob is one scan in a process of its own.
type childJob struct {
	paths     []string // root-relative
	analysers int
	alone     bool // one suspect by itself
}

// A childEnd is how a child ended: with its report, or dead.
type childEnd struct {
	report   *childReport // nil if it died
	began    bool         // it died with its journal open, so after it had begun
	inFlight []string     // what the journal named then
	death    string       // in words
}

// A runner runs one child to its end. Its error means that there is nothing to go
// on with: the child could not be started, or ctx ended.
type runner func(ctx context.Context, job childJob) (childEnd, error)

// An isolation is what became of all files of an isolated scan.
type isolation struct {
	report   childReport       // of the last run, which was complete
	culprits []scanner.Failure // sorted by path
	harmless map[string]bool   // suspects that came to their end alone; not asked twice
	remarks  []string          // on deaths that no file is to blame for
	told     target.Isolation
}

// isolate scans the paths in children until one of them comes to its end. Of a
// child that dies the journal names the suspects, at most one for each analyser;
// each is scanned alone, and those that kill that child too are taken out. If
// none does, the files kill together, by the memory that they take at once for
// instance, and the next child has half the analysers. So each round removes a
// file or halves the analysers, and the rounds come to an end.
func isolate(ctx context.Context, paths []string, analysers int, run runner) (isolation, error) {
	all := isolation{harmless: map[string]bool{}}
	for {
		all.told.Runs++
		end, err := run(ctx, childJob{paths: paths, analysers: analysers})
		if err != nil {
			return all, err
		}
		if end.report != nil {
			all.report, all.told.Analysers = *end.report, analysers
			slices.SortFunc(all.culprits, func(a, b scanner.Failure) int { return strings.Compare(a.Path, b.Path) })
			return all, nil
		}
		suspects := among(paths, end.inFlight)
		killers, err := all.convict(ctx, end, suspects, run)
		switch {
		case err != nil:
			return all, err
		case len(killers) > 0:
			paths = all.without(paths, killers)
		case analysers > 1:
			analysers /= 2
			all.remarks = append(all.remarks, fmt.Sprintf("the isolated scan died (%s) over %s, where none does so alone; repeated with analysers: %d",
				end.death, cmp.Or(strings.Join(suspects, ", "), "no file"), analysers))
		default:
			return all, unexplained(end, suspects)
		}
	}
}

// convict scans each suspect alone and returns those that kill, with how.
func (all *isolation) convict(ctx context.Context, end childEnd, suspects []string, run runner) (map[string]string, error) {
	if !end.began {
		return nil, fmt.Errorf("the isolated scan did not come to its end: %s", end.death)
	}
	killers := map[string]string{}
	for _, suspect := range suspects {
		if all.harmless[suspect] {
			continue
		}
		all.told.Alone++
		end, err := run(ctx, childJob{paths: []string{suspect}, analysers: 1, alone: true})
		switch {
		case err != nil:
			return nil, err
		case end.report != nil:
			all.harmless[suspect] = true // its findings come with the rest's
		case !end.began:
			return nil, fmt.Errorf("the isolated scan of %s ended before the file was opened: %s", suspect, end.death)
		default:
			killers[suspect] = end.death
		}
	}
	return killers, nil
}

// without takes the killers out of the paths and books them as failed, as often
// as they were listed.
func (all *isolation) without(paths []string, killers map[string]string) []string {
	rest := make([]string, 0, len(paths))
	for _, path := range paths {
		death, kills := killers[path]
		if !kills {
			rest = append(rest, path)
			continue
		}
		all.told.Crashed++
		all.culprits = append(all.culprits, scanner.Failure{Path: path, Reason: Crashed, Detail: death})
	}
	return rest
}

func unexplained(end childEnd, suspects []string) error {
	if len(suspects) == 0 {
		return fmt.Errorf("the isolated scan dies with one analyser too, while no file is being analysed: %s", end.death)
	}
	return fmt.Errorf("the isolated scan dies with one analyser too (%s), over %s, where scanning that alone does not kill it; leave it out, or give the scan more memory",
		end.death, strings.Join(suspects, ", "))
}

// among returns the paths that the journal names, each once. A name that was too
// long for the journal stands for all paths that begin with it.
func among(paths, inFlight []string) []string {
	var named []string
	for _, path := range paths {
		hit := slices.ContainsFunc(inFlight, func(name string) bool {
			beginning, cut := strings.CutSuffix(name, "…")
			return name == path || cut && len(beginning) == journal.MaxPath && strings.HasPrefix(path, beginning)
		})
		if hit && !slices.Contains(named, path) {
			named = append(named, path)
		}
	}
	return named
}

// merge books the culprits and what the source had decided itself beside the
// report of the last run, so that the account adds up to all that was discovered.
func (all *isolation) merge(decided []source.Item) scanner.Result {
	r := scanner.Result{Findings: all.report.Findings, Failures: all.report.Failures, Stats: all.report.Stats}
	st := &r.Stats
	if st.Skipped == nil {
		st.Skipped = map[string]int64{}
	}
	if st.Failed == nil {
		st.Failed = map[string]int64{}
	}
	st.Warnings = append(st.Warnings, all.remarks...)
	r.Failures = append(r.Failures, all.culprits...)
	if n := int64(len(all.culprits)); n > 0 {
		st.Failed[Crashed] += n
	}
	for _, item := range decided {
		if item.Skip != "" {
			st.Skipped[item.Skip]++
			continue
		}
		reason := unreadable(item.Err)
		st.Failed[reason]++
		r.Failures = append(r.Failures, scanner.Failure{Path: item.Path, Reason: reason, Detail: item.Err.Error()})
	}
	st.Discovered += int64(len(all.culprits) + len(decided))
	slices.SortStableFunc(r.Failures, func(a, b scanner.Failure) int { return strings.Compare(a.Path, b.Path) })
	return r
}

// unreadable is the reason for which a file fails that the source could not see.
func unreadable(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return pipeline.Missing
	case errors.Is(err, fs.ErrPermission):
		return pipeline.Denied
	default:
		return pipeline.Unreadable
	}
}

// runIsolated scans in children of this process, which live apart from it: a file
// that kills the process that parses it is that file's failure.
func runIsolated(ctx context.Context, s *streams, f *scanFlags, in input, cfg config.Config) (scanner.Result, extras, error) {
	var (
		paths   []string
		decided []source.Item
	)
	for item := range in.items {
		switch {
		case ctx.Err() != nil:
			return scanner.Result{}, extras{}, context.Cause(ctx)
		case item.Skip != "" || item.Err != nil:
			decided = append(decided, item)
		default:
			paths = append(paths, item.Path)
		}
	}
	bar := f.progress(s)
	defer bar.stop()
	nursery, err := newNursery(f, in.root, cfg, bar)
	if err != nil {
		return scanner.Result{}, extras{}, err
	}
	defer nursery.close()
	all, err := isolate(ctx, paths, cfg.CPU.Workers, nursery.run)
	if err != nil {
		return scanner.Result{}, extras{}, err
	}
	return all.merge(decided), extras{storage: all.report.Storage, isolation: &all.told}, nil
}
