// Package corpus holds the sets of files that trials scan: where they come
// from, and which part of them one trial sees.
//
// A [Corpus] is a root folder and a list of files with their sizes. It comes
// from a list ([FromFiles]) or by name from a [Registry]: Go's own source tree,
// a synthetic tree with planted findings ([Planted]), or any folder.
//
// [Corpus.Sample] draws a part of it. Files are sorted into strata by size, one
// for each power of two, and every stratum gives its share, so that a sample of
// a tenth has a tenth of the small files and a tenth of the large ones; draws of
// different index are disjoint while the corpus lasts. Everything is a pure
// function of its arguments: a draw can be repeated from its seed and index.
//
// The package reads file contents only to write the planted tree and to warm
// the page cache ([Corpus.Warm]). It knows nothing of what is done with a file.
package corpus

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// File is one file of a corpus.
type File struct {
	Path string `json:"path"` // relative to the root, slash-separated
	Size int64  `json:"size"` // bytes
}

// Corpus is a set of files under one root. It is a value: nothing changes it
// once it is made, and it is safe for concurrent use as long as nobody writes to
// Files.
type Corpus struct {
	Name  string
	Root  string // a folder
	Files []File // sorted by path, no path twice
	Bytes int64  // sum of the sizes

	// Fingerprint is "sha256:" and the digest of all paths and sizes, in order.
	// Contents are left out: it costs no reading, so that it can be taken before
	// every run, and the work of a scan follows the sizes. Equal sizes with other
	// contents are told apart by the digest of the findings.
	Fingerprint string

	// Real tells a corpus that somebody wrote from one that was made from a seed.
	Real bool
}

// FromFiles makes a real corpus of a list of files, which may be in any order.
// Of a path that occurs twice the first is kept; a negative size counts as 0.
// It reads nothing.
func FromFiles(name, root string, files []File) Corpus {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	files = slices.CompactFunc(files, func(a, b File) bool { return a.Path == b.Path })
	for i := range files {
		files[i].Size = max(files[i].Size, 0)
	}
	return Corpus{
		Name:        name,
		Root:        root,
		Files:       files,
		Bytes:       total(files),
		Fingerprint: fingerprint(files),
		Real:        true,
	}
}

func total(files []File) int64 {
	var bytes int64
	for _, f := range files {
		bytes += f.Size
	}
	return bytes
}

// fingerprint digests paths and sizes. A zero byte, which no path holds, ends
// each path, so that no two lists run together alike.
func fingerprint(files []File) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%s\x00%d\n", f.Path, f.Size)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
