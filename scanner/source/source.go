// Package source says which files a scan reads: a tree walked with git's
// ignore rules, or an explicit list.
//
// A source is an iterator of items. It opens directories and ignore files, never
// the files it yields; reading is the pipeline's work. Every item ends in exactly
// one of scanned, skipped or failed: an item that carries Skip or Err is already
// decided. The order of items is the same on each walk of the same tree.
//
// [Tree] walks, [List] repeats a list, [Order] rearranges by size. [Roots] and
// [ReadList] turn what a user typed into their arguments, and [Dir] opens a
// directory of the operating system as the fs.FS that they read.
package source

import (
	"cmp"
	"io/fs"
	"iter"
	"slices"
)

// Unknown is the Size of an item whose size was not asked for.
const Unknown int64 = -1

// The reasons for which a source skips a file.
const (
	SkipSymlink   = "symlink"   // symbolic links found by a walk are never followed
	SkipIrregular = "irregular" // a device, a pipe, a socket, a directory in a list of files
)

// Item is one file of a source.
type Item struct {
	Path string // slash-separated, relative to the root of the fs.FS
	Size int64  // bytes, Unknown if nobody asked
	Skip string // why it is skipped, empty if it is to be read
	Err  error  // why it cannot be read: an unreadable directory, say; nil if it can
}

// List yields the given paths in their order, as they are: whether each exists
// and is a regular file turns out when it is read.
func List(paths []string) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for _, path := range paths {
			if !yield(Item{Path: path, Size: Unknown}) {
				return
			}
		}
	}
}

// The orders in which a source can be scanned.
const (
	Walk          = "walk"           // as the source yields them
	LargestFirst  = "largest-first"  // giants start early: a shorter scan, a later first result
	SmallestFirst = "smallest-first" // first results early, giants last
)

// Order rearranges seq. Under Walk (or any other word) it is seq itself. The
// orders by size collect the whole sequence first, 56 bytes and a path for each
// file, and ask fsys for the sizes that are unknown; files of equal size keep
// the order of their paths. A file whose size cannot be had counts as empty, and
// its fault turns out when it is read.
func Order(seq iter.Seq[Item], fsys fs.FS, order string) iter.Seq[Item] {
	if order != LargestFirst && order != SmallestFirst {
		return seq
	}
	return func(yield func(Item) bool) {
		items := sized(seq, fsys)
		slices.SortStableFunc(items, func(a, b Item) int {
			bySize := cmp.Compare(a.Size, b.Size)
			if order == LargestFirst {
				bySize = -bySize
			}
			return cmp.Or(bySize, cmp.Compare(a.Path, b.Path))
		})
		for _, item := range items {
			if !yield(item) {
				return
			}
		}
	}
}

// sized collects seq and fills in the sizes that are missing. It asks while it
// collects, so that a seq that ends early, on cancellation, ends the asking too.
func sized(seq iter.Seq[Item], fsys fs.FS) []Item {
	var items []Item
	for item := range seq {
		if item.Size < 0 && item.Skip == "" && item.Err == nil {
			if info, err := fs.Stat(fsys, item.Path); err == nil {
				item.Size = info.Size()
			}
		}
		items = append(items, item)
	}
	return items
}
