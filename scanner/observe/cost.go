package observe

import (
	"math/bits"
	"time"
)

// sizeBins is one bin for each power of two that a file's size can begin with, and
// one for empty files. Files above 2^62 bytes do not occur.
const sizeBins = 64

// A Ledger sums up what analysis cost, by the size of the file and by whether the
// file was parsed: what a model of the pipeline needs to know of a corpus, which
// neither means nor quantiles tell. It takes 4 KB, allocates nothing and costs a few
// nanoseconds a file. One goroutine writes at a time. The zero value is ready.
type Ledger struct {
	plain, parsed [sizeBins]costs
}

// costs are sums over files.
type costs struct {
	files, bytes, tree int64
	service            time.Duration
}

// Record books one file: its size, the bytes of its parse tree (0: it was not
// parsed) and how long its analysis took. A nil ledger drops it.
func (l *Ledger) Record(bytes, tree int64, service time.Duration) {
	if l == nil {
		return
	}
	bins := &l.plain
	if tree > 0 {
		bins = &l.parsed
	}
	c := &bins[bits.Len64(uint64(max(bytes, 0)))]
	c.files++
	c.bytes += bytes
	c.tree += tree
	c.service += service
}

// Add adds what another ledger holds.
func (l *Ledger) Add(other *Ledger) {
	if other == nil {
		return
	}
	for i := range sizeBins {
		l.plain[i].add(other.plain[i])
		l.parsed[i].add(other.parsed[i])
	}
}

func (c *costs) add(o costs) {
	c.files += o.files
	c.bytes += o.bytes
	c.tree += o.tree
	c.service += o.service
}

// SizeCost is the cost of analysing files of at least FromBytes and less than the
// next power of two, those that were parsed apart from those that were not.
type SizeCost struct {
	FromBytes int64 `json:"from_bytes"` // 0, 1, 2, 4 …; empty files are those from 0
	Plain     Cost  `json:"plain,omitzero"`
	Parsed    Cost  `json:"parsed,omitzero"`
}

// Cost sums up files.
type Cost struct {
	Files     int64   `json:"files"`
	Bytes     int64   `json:"bytes"`
	ServiceS  float64 `json:"service_s"`            // sum over the files
	TreeBytes int64   `json:"tree_bytes,omitempty"` // sum over the files
}

// Sizes lists the sizes that occurred, the smallest first.
func (l *Ledger) Sizes() []SizeCost {
	var sizes []SizeCost
	for i := range sizeBins {
		if l.plain[i].files+l.parsed[i].files == 0 {
			continue
		}
		from := int64(0)
		if i > 0 {
			from = 1 << (i - 1)
		}
		sizes = append(sizes, SizeCost{FromBytes: from, Plain: l.plain[i].cost(), Parsed: l.parsed[i].cost()})
	}
	return sizes
}

func (c costs) cost() Cost {
	return Cost{Files: c.files, Bytes: c.bytes, ServiceS: c.service.Seconds(), TreeBytes: c.tree}
}
