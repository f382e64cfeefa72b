package profile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sluice/harness/record"
)

// Keep hands every profile that a trial left in dir to put, which keeps it under
// the digest of its content, and returns what put says, in the order of Kinds. What
// was not taken is left out, and so is the empty file of a trial that did not come
// to its end.
func Keep(put func(name string, r io.Reader) (record.File, error), dir string) (kept []record.File, err error) {
	for _, kind := range Kinds() {
		file, err := os.Open(filepath.Join(dir, FileName(kind)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return kept, fmt.Errorf("profile of a trial: %w", err)
		}
		if info, err := file.Stat(); err == nil && info.Size() == 0 {
			_ = file.Close() // nothing was read
			continue
		}
		stored, err := put(FileName(kind), file)
		if err := errors.Join(err, file.Close()); err != nil {
			return kept, fmt.Errorf("keep the profile %s: %w", FileName(kind), err)
		}
		kept = append(kept, stored)
	}
	return kept, nil
}

// Of gathers and merges the profiles of a kind that trials left behind: open reads
// a kept file by its digest. Trials that were set aside, or came to no good end, are
// left out; nil where there is none.
func Of(trials []record.Trial, kind string, open func(digest string) (io.ReadCloser, error)) (*Profile, error) {
	var all []*Profile
	for _, trial := range trials {
		if trial.SetAside != "" || trial.Status != record.OK {
			continue
		}
		for _, file := range trial.Files {
			if file.Name != FileName(kind) {
				continue
			}
			r, err := open(file.Digest)
			if err != nil {
				return nil, fmt.Errorf("profile %s of a trial of %s: %w", file.Name, trial.Arm, err)
			}
			p, err := Load(file.Name, r)
			if err := errors.Join(err, r.Close()); err != nil {
				return nil, err
			}
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return Merge(all)
}
