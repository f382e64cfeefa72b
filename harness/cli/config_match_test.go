package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/config"
	"sluice/workloads/corpus"
)

func TestATunedFileIsHeldAgainstItsSurroundings(t *testing.T) {
	files := corpus.FromFiles("src", "/src", []corpus.File{{Path: "a.go", Size: 3}})
	edited := corpus.FromFiles("src", "/src", []corpus.File{{Path: "a.go", Size: 4}})
	tuned := config.Provenance{
		Machine: config.Machine{Class: "linux-amd64-2c-24g", UsableCores: 2},
		Corpus:  config.Corpus{Name: "src", Fingerprint: files.Fingerprint, Files: 1, Bytes: 3},
		Storage: config.Storage{Asked: "nfs"},
	}
	here := surroundings{class: "linux-amd64-2c-24g", cores: 2, storage: "nfs", fileSystem: "ext4", corpus: &files}
	for name, row := range map[string]struct {
		change func(*surroundings, *config.Provenance)
		want   []string // what, found, expected
	}{
		"all is as it was":                  {func(*surroundings, *config.Provenance) {}, nil},
		"an empty provenance":               {func(_ *surroundings, p *config.Provenance) { *p = config.Provenance{} }, nil},
		"another class":                     {func(s *surroundings, _ *config.Provenance) { s.class, s.cores = "linux-arm64-8c-16g", 8 }, []string{"machine found linux-arm64-8c-16g, expected linux-amd64-2c-24g"}},
		"a slice of the class":              {func(s *surroundings, _ *config.Provenance) { s.cores = 1 }, []string{"machine found 1 usable core, expected 2"}},
		"another profile":                   {func(s *surroundings, _ *config.Provenance) { s.storage = "network-disk" }, []string{"storage found network-disk, expected nfs"}},
		"the disk as it is":                 {func(s *surroundings, _ *config.Provenance) { s.storage = "local" }, []string{"storage found local (ext4), expected nfs"}},
		"a disk that serves as the profile": {func(s *surroundings, _ *config.Provenance) { s.storage, s.fileSystem = "local", "nfs4" }, nil},
		"a disk of which nothing is known":  {func(s *surroundings, _ *config.Provenance) { s.storage, s.fileSystem = "local", "" }, nil},
		"a block device over a network":     {func(s *surroundings, p *config.Provenance) { s.storage, p.Storage.Asked = "local", "network-disk" }, nil},
		"a mounted bucket": {func(s *surroundings, p *config.Provenance) {
			s.storage, s.fileSystem, p.Storage.Asked = "local", "fuse.s3fs", "object-store"
		}, nil},
		"tuned on a disk, used over a network": {func(s *surroundings, p *config.Provenance) {
			s.storage, s.fileSystem, p.Storage.Asked = "local", "nfs4", "local"
		}, []string{"storage found nfs4, expected local"}},
		"edited code":                {func(s *surroundings, _ *config.Provenance) { s.corpus = &edited }, []string{"corpus found 1 file of 4 bytes (" + short(edited.Fingerprint) + "), expected src, 1 file of 3 bytes (" + short(files.Fingerprint) + ")"}},
		"code that nobody looked at": {func(s *surroundings, _ *config.Provenance) { s.corpus = nil }, nil},
		"everything": {func(s *surroundings, _ *config.Provenance) { s.class, s.storage, s.corpus = "x", "local", &edited }, []string{
			"machine found x, expected linux-amd64-2c-24g", "storage found local (ext4), expected nfs",
			"corpus found 1 file of 4 bytes (" + short(edited.Fingerprint) + "), expected src, 1 file of 3 bytes (" + short(files.Fingerprint) + ")",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			at, p := here, tuned
			row.change(&at, &p)
			var got []string
			for _, m := range at.mismatches(&p) {
				got = append(got, m.What+" found "+m.Found+", expected "+m.Expected)
				if !strings.Contains(m.Remedy, "tune") {
					t.Errorf("%s has remedy %q", m.What, m.Remedy)
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("mismatches (-want +got):\n%s", diff)
			}
		})
	}
}
