package model

import (
	"fmt"

	"sluice/harness/record"
)

// Memory, where trials do not say, and its doubt as a standard deviation: measured on
// Linux with this scanner.
const (
	usualBase     = 23 << 20
	usualReader   = 20 << 10
	usualAnalyser = 400 << 10
	usualHeap     = 0.8
	doubtBase     = 4 << 20
	doubtReader   = 16 << 10
	doubtAnalyser = 300 << 10
	doubtHeap     = 0.3
	doubtTrial    = 500 << 10 // of one trial's peak
	doubtShare    = 0.03      // and its share of it
)

// learnMemory fits base, reader, analyser and heap to the trials' peaks by least squares,
// drawn towards what is usual as far as the trials do not tell (ridge regression, A. E.
// Hoerl and R. W. Kennard, Technometrics 12(1), 1970).
func (p *Parameters) learnMemory(lessons []lesson) {
	var a [4][4]float64
	var b [4]float64
	for i, prior := range [4][2]float64{{usualBase, doubtBase}, {usualReader, doubtReader}, {usualAnalyser, doubtAnalyser}, {usualHeap, doubtHeap}} {
		a[i][i] = 1 / (prior[1] * prior[1])
		b[i] = prior[0] * a[i][i]
	}
	p.Memory.TreeShare = 1
	seen := map[[2]int]bool{}
	for _, l := range lessons {
		rss, ok := l.metric(record.RSS)
		if !ok {
			continue
		}
		n, o := p.networkOf(l.config, l.scene), p.simulate(l)
		seen[[2]int{n.readers, n.analysers}] = true
		y := rss - p.Memory.TreeShare*o.trees
		x := [4]float64{1, float64(n.readers), float64(n.analysers), heapBytes(l.config, o.peakSource, float64(totalBytes(l.files)))}
		weight := 1 / (doubtTrial*doubtTrial + doubtShare*doubtShare*rss*rss)
		for i := range x {
			for j := range x {
				a[i][j] += weight * x[i] * x[j]
			}
			b[i] += weight * x[i] * y
		}
	}
	switch len(seen) {
	case 0:
		p.lacks("resident memory: not measured by the trials")
	case 1:
		p.lacks(fmt.Sprintf("what a reader and an analyser hold: about %d kB and %d kB taken (calibrate with a second trial that has other workers)", usualReader/1000, usualAnalyser/1000))
	}
	got := solve(a, b)
	p.Memory.BaseBytes, p.Memory.PerReaderBytes, p.Memory.PerAnalyserBytes, p.Memory.HeapShare = max(0, got[0]), max(0, got[1]), max(0, got[2]), max(0, got[3])
}

// solve solves symmetric positive definite equations by elimination.
func solve(a [4][4]float64, b [4]float64) (x [4]float64) {
	for i := range x {
		for j := i + 1; j < len(x); j++ {
			f := a[j][i] / a[i][i]
			for k := i; k < len(x); k++ {
				a[j][k] -= f * a[i][k]
			}
			b[j] -= f * b[i]
		}
	}
	for i := len(x) - 1; i >= 0; i-- {
		x[i] = b[i]
		for j := i + 1; j < len(x); j++ {
			x[i] -= a[i][j] * x[j]
		}
		x[i] /= a[i][i]
	}
	return x
}
