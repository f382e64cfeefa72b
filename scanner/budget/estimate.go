package budget

import (
	"maps"
	"math"
	"sync"
	"sync/atomic"
)

const (
	// startRatio is the bytes of tree expected per byte of source before enough
	// files were parsed: about what trees of Go, JavaScript and Python were
	// measured to take.
	startRatio = 30

	// leastTree is what a parse is taken to hold beside its tree, in bytes: the
	// parser's own stacks and first pages. Without it the ratio of a file of 10 KB is
	// half as large again as that of one of 10 MB; with it, trees of JavaScript take 22
	// to 26 bytes for each of source at any size, of Python 24 to 29, and of Go 24 to
	// 43, the dearest Go 90 (tables of numbers).
	leastTree = 64 << 10

	// enough is the number of parsed files below which a class may only be found
	// dearer than startRatio, not cheaper.
	enough = 16

	// coverage is the share of parsed source bytes that lay in files no dearer
	// than the estimate.
	coverage = 0.95

	// window is the source bytes after which what was learned is halved in weight.
	// A change of the material shows once it has 1 - coverage of the window: some
	// 200 KB, tens of files.
	window = 4 << 20

	// heaviest is the most source bytes that one file counts for: a giant among
	// dwarfs is believed at once, for it passes 1 - coverage of the window, yet
	// does not wipe out what they taught.
	heaviest = window / 8
)

// An Estimator expects how many bytes a file in flight will hold: its source and
// its parse tree.
//
// A budget that is to bound memory is not helped by averages: half of the bytes
// would lie in files dearer than expected. So for each class of files, in
// practice a language, it follows the 95th percentile of the ratio of tree to
// source, weighted by source bytes, since it is the large files that fill the
// memory. It starts at 30 and does not fall before 16 files were parsed; it may
// rise with the first. The percentile is read off a histogram of steps of 4 %,
// rounded up. What every parse takes, 64 KiB, is counted apart.
//
// The same sequence of Learn gives the same answers. Every method is safe for
// concurrent use; Resident takes no lock and allocates nothing.
type Estimator struct {
	classes atomic.Pointer[map[string]*class] // replaced whole when a class is new

	mu sync.Mutex // held by Learn
}

// A class is what is known about one kind of files.
type class struct {
	ratio atomic.Uint64 // the bits of the float64 that Resident multiplies by
	seen  history       // guarded by the estimator's mu
}

// NewEstimator returns an estimator that has learned nothing.
func NewEstimator() *Estimator {
	e := new(Estimator)
	e.classes.Store(&map[string]*class{})
	return e
}

// Resident returns the bytes to expect of a file with so many bytes of source:
// those, the tree's, and 64 KiB for the parser. The class is the
// name of the language, "" where it is not known; each learns for itself.
func (e *Estimator) Resident(class string, source int64) int64 {
	source = max(source, 0)
	tree := e.ratio(class) * float64(source)
	return int64(min(float64(source)+leastTree+tree, 1<<62))
}

// Learn tells what the parse of a file took: source and tree are in bytes.
//
// A file that was not parsed (tree is 0: it was filtered beforehand, or is no
// text) teaches nothing. Whether a file will be filtered is not known when its
// bytes are taken, and those that are parsed weigh no less for the others;
// counted as 0 it would pull the estimate below every tree that comes. Its
// bytes are back in the budget soon anyhow. A parse within the 64 KiB that are
// counted for each teaches nothing either: it tells of the parser, not of trees.
func (e *Estimator) Learn(class string, source, tree int64) {
	if source <= 0 || tree <= leastTree {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.class(class)
	c.seen.add(source, float64(tree-leastTree)/float64(source))
	c.ratio.Store(math.Float64bits(c.seen.ratio()))
}

// ratio is the bytes of tree to expect per byte of source.
func (e *Estimator) ratio(name string) float64 {
	if c := (*e.classes.Load())[name]; c != nil {
		return math.Float64frombits(c.ratio.Load())
	}
	return startRatio
}

// class returns the class of that name, made if it is new. mu is held.
func (e *Estimator) class(name string) *class {
	old := *e.classes.Load()
	if c := old[name]; c != nil {
		return c
	}
	c := new(class)
	c.ratio.Store(math.Float64bits(startRatio))
	classes := maps.Clone(old)
	classes[name] = c
	e.classes.Store(&classes)
	return c
}

// A history is the distribution of one class's ratios: how many source bytes lay
// in files of each. The zero value has seen nothing.
type history struct {
	files  int
	weight [steps]int64 // source bytes by step of the ratio
	total  int64        // their sum
}

// Ratios are kept in steps of 2^(1/16), 4 %, from 1 to 4096.
const (
	perDoubling = 16
	steps       = 12*perDoubling + 1
)

// add takes note of a parsed file.
func (h *history) add(source int64, ratio float64) {
	step := int(math.Ceil(perDoubling * math.Log2(ratio)))
	bytes := min(source, heaviest)
	h.weight[min(max(step, 0), steps-1)] += bytes
	h.total += bytes
	h.files++
	if h.total > window {
		h.fade()
	}
}

// fade halves the weight of all that was seen.
func (h *history) fade() {
	h.total = 0
	for i := range h.weight {
		h.weight[i] /= 2
		h.total += h.weight[i]
	}
}

// ratio returns the upper edge of the step below which coverage of the bytes lie.
func (h *history) ratio() float64 {
	var step int
	below := h.weight[0]
	for step < steps-1 && float64(below) < coverage*float64(h.total) {
		step++
		below += h.weight[step]
	}
	ratio := math.Exp2(float64(step) / perDoubling)
	if h.files < enough {
		return max(ratio, startRatio)
	}
	return ratio
}
