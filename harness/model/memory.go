package model

import "sluice/scanner/config"

// The garbage collector's pace (the Go runtime's GC guide: the heap grows to
// live × (1 + GOGC ÷ 100), to no less than 4 MB × GOGC ÷ 100).
const (
	leastHeap = 4 << 20
	liveHeap  = 1 << 20 // of a scan without files: rules, channels, books
	regrowth  = 0.25    // of the source's bytes that stay allocated where nothing is collected
)

// heapBytes is the Go heap at its peak, with that many bytes of source in flight and
// in all.
func heapBytes(c config.Config, peak, total float64) float64 {
	if c.Memory.GOGC < 0 {
		return liveHeap + peak + regrowth*total
	}
	pace := float64(c.Memory.GOGC) / 100
	return max(leastHeap*pace, (liveHeap+peak)*(1+pace))
}

// rss is what is resident at the peak of a simulated run.
func (m Memory) rss(c config.Config, n network, o outcome, total float64) float64 {
	return m.BaseBytes + m.PerReaderBytes*float64(n.readers) + m.PerAnalyserBytes*float64(n.analysers) +
		m.HeapShare*heapBytes(c, o.peakSource, total) + m.TreeShare*o.trees
}
