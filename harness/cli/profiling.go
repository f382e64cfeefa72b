package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/lab"
	"sluice/harness/profile"
	"sluice/harness/record"
	"sluice/harness/target"
)

// addProfile defines the flag of profiles in extra trials.
func (f *measureFlags) addProfile(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.profile, "profile", nil, "`kinds` of profiles to take in extra trials, comma-separated: "+strings.Join(profile.Kinds(), ", "))
	complete(cmd, "profile", profile.Kinds())
}

// checkProfile refuses unknown kinds, and profiles of what is not our scanner.
func (f *measureFlags) checkProfile() error {
	if len(f.profile) == 0 {
		return nil
	}
	if f.def != nil {
		return fmt.Errorf("--profile is for the scanner: a command's profiles are its own; leave it out")
	}
	kinds, err := profile.ParseKinds(strings.Join(f.profile, ","))
	if err != nil {
		return fmt.Errorf("--profile: %w", err)
	}
	f.profile = kinds
	return nil
}

// profileRepeats is how many trials of each arm are profiled: the profiles are
// merged.
const profileRepeats = 2

// profileArms is how many arms a block of profiling trials holds.
const profileArms = 6

// profiles takes the profiles that were asked for, in trials of their own over one
// sample: a profiler costs time, and no timed trial carries one.
func (ses *session) profiles(ctx context.Context, r *rounds) error {
	if len(r.collect) == 0 {
		return nil
	}
	scan, err := ses.scanner(r.scenario, r.corpus, r.parsed.cores, ses.f.seed)
	if err != nil {
		return err
	}
	timed := r.bench.Measure
	defer func() { r.bench.Measure = timed }()
	r.bench.Measure = func(ctx context.Context, job lab.Job) (record.Trial, error) {
		return ses.profiled(ctx, scan, job, r.collect)
	}
	ses.bar.phase(phaseLabel(r.scenario, record.Profiling), profileRepeats*len(r.arms), 0)
	block := lab.Block{Phase: record.Profiling, Draw: r.size.Draw(r.corpus, ses.f.seed, 0)}
	for arms := range slices.Chunk(r.arms, profileArms) {
		for range profileRepeats {
			block.Arms = arms
			if _, err := r.bench.Block(ctx, block); err != nil {
				return err
			}
			block.Index++
		}
	}
	return nil
}

// profiled is one trial under profilers; what they wrote is kept beside the store.
func (ses *session) profiled(ctx context.Context, scan *target.Scanner, job lab.Job, kinds []string) (record.Trial, error) {
	dir, err := os.MkdirTemp(scan.Folder, "profile-")
	if err != nil {
		return record.Trial{}, fmt.Errorf("folder for profiles: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it lies in the run's own folder
	t, err := scan.Profile(ctx, job, kinds, dir)
	if err != nil || t.Status != record.OK {
		return t, err
	}
	files, err := profile.Keep(ses.store.PutFile, dir)
	t.Files = append(t.Files, files...)
	return t, err
}
