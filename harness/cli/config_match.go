package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/machine"
	"sluice/scanner/config"
	"sluice/workloads/corpus"
)

// What --require-match can ask for.
const (
	matchMachine = "machine"
	matchStorage = "storage"
	matchCorpus  = "corpus"
)

func matchWords() []string { return []string{matchMachine, matchStorage, matchCorpus} }

// surroundings are what a tuned configuration is about to be used on.
type surroundings struct {
	class      string // of the machine
	cores      int    // usable
	storage    string // profile that is asked for; local is the disk as it is
	fileSystem string // that holds the files; empty where not known
	corpus     *corpus.Corpus
}

// mismatch is one thing in which a tuned file does not fit its surroundings.
type mismatch struct {
	What     string `json:"what"` // machine, storage or corpus
	Found    string `json:"found"`
	Expected string `json:"expected"` // by the file's provenance
	Remedy   string `json:"remedy"`
}

func (m mismatch) String() string {
	return fmt.Sprintf("%s: found %s, expected %s; %s", m.What, m.Found, m.Expected, m.Remedy)
}

// mismatches compares what the provenance says with the surroundings. What the
// provenance, or the surroundings, do not say is not compared.
func (here surroundings) mismatches(p *config.Provenance) []mismatch {
	var all []mismatch
	const again = "tune again for this machine (sluice tune)"
	switch {
	case p.Machine.Class != "" && p.Machine.Class != here.class:
		all = append(all, mismatch{matchMachine, here.class, p.Machine.Class, again})
	case p.Machine.UsableCores > 0 && p.Machine.UsableCores != here.cores:
		all = append(all, mismatch{matchMachine, counted(here.cores, "usable core"), fmt.Sprint(p.Machine.UsableCores), again})
	}
	if found, ok := here.storageFits(p.Storage.Asked); !ok {
		remedy := fmt.Sprintf("use a file that was tuned for it (sluice tune --storage %s)", cmpOr(here.storage, local))
		all = append(all, mismatch{matchStorage, found, p.Storage.Asked, remedy})
	}
	if c := here.corpus; c != nil && p.Corpus.Fingerprint != "" && p.Corpus.Fingerprint != c.Fingerprint {
		found := fmt.Sprintf("%s of %d bytes (%s)", counted(len(c.Files), "file"), c.Bytes, short(c.Fingerprint))
		expected := fmt.Sprintf("%s, %s of %d bytes (%s)", cmpOr(p.Corpus.Name, "a corpus"), counted(p.Corpus.Files, "file"), p.Corpus.Bytes, short(p.Corpus.Fingerprint))
		all = append(all, mismatch{matchCorpus, found, expected, "confirm it over these files (sluice tune --check FILE PATH), or tune again"})
	}
	return all
}

// short is the beginning of a fingerprint.
func short(fingerprint string) string {
	const digits = len("sha256:") + 12
	return fingerprint[:min(digits, len(fingerprint))]
}

// storageFits says whether files lie on what a configuration was tuned for. A scan of
// the disk as it is fits a profile that may stand for that disk: a network file
// system, say, for nfs. A block device over a network looks like any other disk.
func (here surroundings) storageFits(asked string) (found string, ok bool) {
	if asked == "" || here.storage == "" || asked == here.storage {
		networked := here.storage == local && remote(here.fileSystem)
		return here.fileSystem, asked != local || !networked
	}
	found = here.storage
	if here.storage != local || here.fileSystem == "" {
		return found, here.storage == local // nothing is known of the disk
	}
	switch asked {
	case "nfs":
		ok = remote(here.fileSystem)
	case "object-store":
		ok = strings.HasPrefix(here.fileSystem, "fuse")
	case "network-disk":
		ok = !remote(here.fileSystem)
	}
	return fmt.Sprintf("%s (%s)", found, here.fileSystem), ok
}

// remote tells file systems that are served over a network.
func remote(kind string) bool {
	return strings.HasPrefix(kind, "fuse.") ||
		slices.Contains([]string{"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "lustre", "9p", "afs", "beegfs", "fuse"}, kind)
}

// addMatch adds --require-match.
func (f *scanFlags) addMatch(cmd *cobra.Command) {
	const flag = "require-match"
	cmd.Flags().StringVar(&f.match, flag, "", "fail with 2 unless the configuration was tuned here: `what` of machine, storage and corpus must match, separated by commas (without a value all three)")
	cmd.Flags().Lookup(flag).NoOptDefVal = strings.Join(matchWords(), ",")
	complete(cmd, flag, matchWords())
}

// checkMatch refuses unknown words.
func (f *scanFlags) checkMatch() error {
	if f.match == "" {
		return nil
	}
	for word := range strings.SplitSeq(f.match, ",") {
		if err := known("--require-match", word, matchWords()); err != nil {
			return &usageError{err}
		}
	}
	return nil
}

// matches holds a tuned file against this machine, this storage and, under
// --require-match, these files: a fingerprint takes a walk of its own, and code
// changes every day. It warns once, or fails.
func (f *scanFlags) matches(s *streams, file config.File, in *input) error {
	required := f.match != ""
	if file.Provenance == nil {
		if !required {
			return nil
		}
		return usagef("%s has no provenance, so that --require-match cannot hold; use a file that sluice tune wrote", cmpOr(file.Path, "the default preset"))
	}
	if !required && f.quiet {
		return nil
	}
	here := surroundings{class: machine.Read(".").Class, storage: f.storage}
	var err error
	if here.cores, err = machine.UsableCores(); err != nil {
		return err
	}
	if in != nil {
		here.fileSystem = machine.Look(in.root).FileSystem
		if strings.Contains(f.match, matchCorpus) {
			files, _ := listed(*in)
			c := corpus.FromFiles(filepath.Base(in.root), in.root, files)
			here.corpus = &c
		}
	}
	return f.tell(s, file, here.mismatches(file.Provenance))
}

// tell warns of mismatches, or fails of those that --require-match names.
func (f *scanFlags) tell(s *streams, file config.File, all []mismatch) error {
	if f.match != "" {
		wanted := strings.Split(f.match, ",")
		all = slices.DeleteFunc(all, func(m mismatch) bool { return !slices.Contains(wanted, m.What) })
	}
	if len(all) == 0 {
		return nil
	}
	if f.match != "" {
		lines := []string{fmt.Sprintf("%s was not tuned for this scan (--require-match)", file.Path)}
		for _, m := range all {
			lines = append(lines, "  "+m.String())
		}
		return usagef("%s", strings.Join(lines, "\n"))
	}
	s.warn("%s", tunedElsewhere(file.Path, all))
	return nil
}

// tunedElsewhere is one sentence of all mismatches.
func tunedElsewhere(path string, all []mismatch) string {
	var tuned, found []string
	for _, m := range all {
		on := map[string]string{matchMachine: "on ", matchStorage: "for storage ", matchCorpus: "over "}[m.What]
		tuned, found = append(tuned, on+m.Expected), append(found, m.Found)
	}
	return fmt.Sprintf("%s was tuned %s, this is %s; %s", path, strings.Join(tuned, ", "), strings.Join(found, ", "), all[0].Remedy)
}
