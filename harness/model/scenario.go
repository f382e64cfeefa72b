package model

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"sluice/workloads/storage"
)

// A File is a file to be scanned.
type File struct {
	Path  string // draws its latency
	Bytes int64
	Fate  Fate
}

// Fate says what analysis does with a file, where that is known.
type Fate int8

// The fates of files. The zero value is not to know.
const (
	Unknown Fate = iota
	Plain        // no rule can match: it is looked through, not parsed
	Parsed
)

// A Scenario is what is scanned, and where. Files are in the order of the walk.
type Scenario struct {
	Corpus      string
	Fingerprint string
	Files       []File
	Storage     storage.Profile
	Seed        uint64 // of the latencies
	Block       int    // likewise
	Cores       int

	// Drawn says that the files are not the ones that will be scanned but like them.
	Drawn bool
}

// Limits of what can be asked. A file takes 100 bytes while it is simulated.
const (
	mostFiles = 20_000_000
	mostCores = 4096
)

func (s Scenario) validate() error {
	switch {
	case len(s.Files) == 0:
		return fmt.Errorf("scenario %s has no files to scan", cmp.Or(s.Corpus, "(unnamed)"))
	case len(s.Files) > mostFiles:
		return fmt.Errorf("scenario %s has %d files; at most %d are simulated: use a sample", s.Corpus, len(s.Files), mostFiles)
	case s.Cores < 1 || s.Cores > mostCores:
		return fmt.Errorf("cores is %d; use 1 … %d", s.Cores, mostCores)
	case s.Storage.Sigma < 0 || s.Storage.Sigma > 10 || math.IsNaN(s.Storage.Sigma):
		return fmt.Errorf("storage %s has a sigma of %v; use 0 … 10", s.Storage.Name, s.Storage.Sigma)
	}
	return nil
}

// Draw makes files where the real ones are not known: so many, so many bytes in
// all, sizes lognormal with the spread of a source tree (sigma 1.5: the files above
// the 99th percentile hold a fifth of the bytes).
func Draw(files int, bytes int64, seed uint64) []File {
	const sigma = 1.5
	rng := rand.New(rand.NewPCG(seed, 0x66696c6573))
	drawn := make([]File, max(0, files))
	sizes, sum := make([]float64, len(drawn)), 0.0
	for i := range sizes {
		sizes[i] = math.Exp(sigma * rng.NormFloat64())
		sum += sizes[i]
	}
	for i, size := range sizes {
		drawn[i] = File{Path: fmt.Sprintf("drawn/%d", i), Bytes: int64(size / sum * float64(bytes))}
	}
	return drawn
}

// ordered are the files as source.order takes them: see scanner/source.Order.
func ordered(files []File, order string) []File {
	sign := 0
	switch order {
	case "largest-first":
		sign = -1
	case "smallest-first":
		sign = 1
	default:
		return files
	}
	sorted := slices.Clone(files)
	slices.SortStableFunc(sorted, func(a, b File) int {
		return cmp.Or(sign*cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Path, b.Path))
	})
	return sorted
}

// jobs are the files with what each asks: its latency as the storage draws it in
// that block, its service as the calibration spreads it. They are appended to into.
func (p Parameters) jobs(into []job, files []File, s Scenario, block int, phase float64) []job {
	costs := newCosts(p.Service, phase)
	into = slices.Grow(into, len(files))
	for _, f := range files {
		service, tree := costs.next(float64(f.Bytes), f.Fate)
		into = append(into, job{
			latency: s.Storage.Latency(s.Seed, block, f.Path).Seconds(),
			service: service, tree: tree, bytes: float64(f.Bytes),
		})
	}
	return into
}
