package model

import (
	"math"
	"slices"
)

// An outcome is what a simulation saw. Times are seconds.
type outcome struct {
	wall, first        float64
	p50, p99, mean     float64 // of sojourns
	readMean, workMean float64 // of a file in reading, without waits for memory, and in analysis
	busyMean           float64 // of a file on a processor in analysis: contention stretches it, sharing does not
	inFlight           float64 // files, mean over time
	readBusy, workBusy float64 // shares of workers × time
	cores              float64 // busy on average
	overlap            float64 // share of analysing time in which another file was analysed too
	peakSource         float64 // most bytes of buffers in flight
	trees              float64 // most bytes of trees, and of what arenas keep
	middle             float64 // files per second between the first and the last quarter of results
	done               int
}

func (s *simulator) finish() outcome {
	o := s.out
	n := float64(max(1, o.done))
	o.wall = s.now
	o.mean, o.readMean, o.workMean, o.busyMean = 0, s.sumRead/n, s.sumWork/n, max(0, s.areaBusy-s.sumExtra)/n
	for _, d := range s.taken[:o.done] {
		o.mean += d / n
	}
	if o.done == len(s.jobs) && o.done > 0 {
		o.p99 = quantile(s.taken, 0.99)
		o.p50 = quantile(s.taken, 0.5)
	}
	if span := s.now - s.net.start; span > 0 {
		o.inFlight = s.areaFlight / span
		o.cores = s.areaCPU / span
		o.readBusy = s.sumRead / span / float64(s.net.readers)
		o.workBusy = s.areaWork / span / float64(s.net.analysers)
	}
	if s.areaWork > 0 {
		o.overlap = s.areaBoth / s.areaWork
	}
	if s.t75 > s.t25 {
		o.middle = float64(3*len(s.jobs)/4-(len(s.jobs)+3)/4) / (s.t75 - s.t25)
	}
	return o
}

// quantile is the value of rank ⌈q·n⌉, by Hoare's selection, which reorders x.
func quantile(x []float64, q float64) float64 {
	k := max(0, int(math.Ceil(q*float64(len(x))))-1)
	lo, hi := 0, len(x)-1
	for hi-lo > 64 {
		pivot := max(min(x[lo], x[hi]), min(max(x[lo], x[hi]), x[(lo+hi)/2]))
		i, j := lo, hi
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for x[j] > pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return x[k]
		}
	}
	slices.Sort(x[lo : hi+1])
	return x[k]
}
