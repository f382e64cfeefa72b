package model

import (
	"fmt"
	"math"

	"sluice/harness/record"
)

// enoughOverlap is the share of analysing time that several analysers must share for
// their contention to be told from noise.
const enoughOverlap = 0.3

// fit finds the scale of service times, and contention where a trial shows it, such that
// simulated analyses take as long as measured ones. Each is a fixed point: what is
// simulated is proportional to it, but for queueing.
func (p *Parameters) fit(lessons []lesson) {
	calm, busy := 0, -1
	overlaps := make([]float64, len(lessons))
	for i, l := range lessons {
		overlaps[i] = p.simulate(l).overlap
		if overlaps[i] < overlaps[calm] {
			calm = i
		}
	}
	for i := range lessons {
		if overlaps[i] >= enoughOverlap && overlaps[i] > overlaps[calm]+enoughOverlap/2 && (busy < 0 || overlaps[i] > overlaps[busy]) {
			busy = i
		}
	}
	if p.Cores > 1 && busy < 0 {
		p.Contention = usualContention
		p.lacks(fmt.Sprintf("how much workers slow each other down: %.2f taken for %d cores (calibrate with a second trial that has another cpu.workers and keeps them busy)", usualContention, p.Cores))
	}
	for range 4 {
		p.rescale(lessons)
		if busy >= 0 {
			l := lessons[busy]
			ratio := l.busy() / max(1e-12, p.simulate(l).busyMean)
			p.Contention = min(3, max(1, p.Contention*ratio))
		}
	}
}

// rescale has simulated analyses take as long as measured ones, over all trials.
func (p *Parameters) rescale(lessons []lesson) {
	var measured, simulated float64
	for _, l := range lessons {
		n := float64(l.analyse.ServiceS.N)
		measured += n * l.busy()
		simulated += n * p.simulate(l).busyMean
	}
	if simulated > 0 && measured > 0 {
		p.Service.Scale = min(1.5, max(0.05, p.Service.Scale*measured/simulated))
	}
}

// simulate repeats a trial.
func (p *Parameters) simulate(l lesson) outcome {
	var sim simulator
	return sim.run(p.networkOf(l.config, l.scene), p.jobs(nil, l.files, l.scene, l.scene.Block, 0.5))
}

// The least residuals: what held-out trials were seen to differ by when calibration's own
// differed by less. One trial meets its own model too well.
const (
	leastWall = 0.03
	leastP99  = 0.08
	leastRSS  = 0.04
)

// misfit is the residual of wall time from which calibration is said to fit badly: on
// quiet machines trials were seen to stay within half of it.
const misfit = 0.15

// judge takes what the trials differ by from their own predictions.
func (p *Parameters) judge(lessons []lesson) {
	var wall, p99, rss float64
	for _, l := range lessons {
		o := p.simulate(l)
		share := 1 / float64(len(lessons))
		off := func(measured, predicted float64) float64 {
			if measured <= 0 || predicted <= 0 {
				return 0
			}
			d := math.Log(measured / predicted)
			return d * d * share
		}
		wall += off(l.trial.Metrics[record.Wall], o.wall+p.StartS)
		p99 += off(l.trial.Metrics[record.P99], o.p99)
		rss += off(l.trial.Metrics[record.RSS], p.Memory.rss(l.config, p.networkOf(l.config, l.scene), o, float64(totalBytes(l.files))))
	}
	if r := math.Sqrt(wall); r > misfit {
		p.lacks(fmt.Sprintf("why the calibrating trials themselves took times that the model misses by a factor of %.2f: intervals are as wide (were other programs busy? calibrate on a quiet machine)", math.Exp(r)))
	}
	p.Residual = Residual{Wall: max(leastWall, math.Sqrt(wall)), P99: max(leastP99, math.Sqrt(p99)), RSS: max(leastRSS, math.Sqrt(rss))}
}
