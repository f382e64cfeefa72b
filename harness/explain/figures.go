package explain

import (
	"encoding/json"
	"fmt"
	"slices"

	"sluice/harness/record"
	"sluice/harness/trial"
	"sluice/workloads/storage"
)

// figures are what is known of a trial, by name. What was not recorded is not
// there.
type figures map[string]float64

// The names of figures. Shares are of the trial's time, 0 … 1.
const (
	wallS        = "wall_s"
	cpuS         = "cpu_s"
	coresBusy    = "cores_busy"     // cpu_s ÷ (wall × cores)
	linkBusy     = "link_busy"      // bytes ÷ the simulated link's speed ÷ wall
	budgetFull   = "budget_full"    // mean bytes in flight ÷ memory.budget; above 1 where a file is dearer than all of it
	othersShare  = "others_share"   // of the machine, used by others
	runDelay     = "run_delay"      // threads that stood ready without a core, on average, for each core
	switchesPerS = "switches_per_s" // voluntary and involuntary
	majorPerS    = "major_faults_per_s"
	outside      = "cpu_outside"   // share of cpu_s that no station accounts for, at least
	longest      = "longest_share" // the longest analysis of one file ÷ wall
	readsPerS    = "reads_per_s"   // files read, those that were then skipped included
	looks        = "looks"         // at each worker
	little       = "littles_ratio"

	readWorkers = "read_workers"
	readBusy    = "read_busy"    // waiting for storage, or copying
	readBudget  = "read_budget"  // waiting for memory budget
	readBlocked = "read_blocked" // waiting for room in the channel, or for a seat: by looks, within what the two above leave
	readIdle    = "read_idle"    // no file to read: the same
	readService = "read_service_mean_s"
	readQueue   = "read_wait_mean_s"

	analyseWorkers = "analyse_workers"
	analyseBusy    = "analyse_busy"
	analyseService = "analyse_service_mean_s"
	analyseQueue   = "analyse_wait_mean_s" // of a file, from read to analysed: channel and batch
)

// quantiles is a distribution as a scan tells it.
type quantiles struct {
	N    float64 `json:"n"`
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

func (q quantiles) total() float64 { return q.N * q.Mean }

// told is what a scan says of itself. Pointers may be absent.
type told struct {
	WallS             float64    `json:"wall_s"`
	CPUS              *float64   `json:"cpu_s"`
	Bytes             float64    `json:"bytes"`
	InFlightMeanBytes *float64   `json:"in_flight_mean_bytes"`
	LittlesRatio      *float64   `json:"littles_ratio"`
	BudgetWait        *quantiles `json:"budget_wait_s"`
	Stations          []struct {
		Name        string     `json:"name"`
		Workers     float64    `json:"workers"`
		Service     quantiles  `json:"service_s"`
		Wait        quantiles  `json:"wait_s"`
		Utilisation float64    `json:"utilisation"`
		Hold        *quantiles `json:"hold_s"`
	} `json:"stations"`
	Watch struct {
		Occupancy []struct {
			Kind    string  `json:"kind"`
			Pool    string  `json:"pool"`
			Workers float64 `json:"workers"`
			Looks   float64 `json:"looks"`
			Idle    float64 `json:"idle"`
			Waiting float64 `json:"waiting"`
		} `json:"occupancy"`
	} `json:"watch"`
	Storage *struct {
		Profile string `json:"profile"`
	} `json:"storage"`
}

// gather takes the figures of one trial.
func gather(t record.Trial, cores int) (figures, error) {
	f := figures{}
	f.fromKernel(t, cores)
	if len(t.Stats) == 0 {
		return f, nil
	}
	var s told
	if err := json.Unmarshal(t.Stats, &s); err != nil {
		return nil, fmt.Errorf("statistics of trial %s/%d/%d: %w", t.Phase, t.Block, t.Slot, err)
	}
	if s.WallS <= 0 || len(s.Stations) == 0 {
		return f, nil
	}
	f.fromStations(s)
	f.fromPools(s)
	f.fromResources(s, t, cores)
	return f, nil
}

// fromKernel takes what is known of any process.
func (f figures) fromKernel(t record.Trial, cores int) {
	wall, ok := t.Metrics[record.Wall]
	if !ok || wall <= 0 {
		return
	}
	f[wallS] = wall
	if cpu, ok := t.Metrics[record.CPU]; ok {
		f[cpuS], f[coresBusy] = cpu, cpu/(wall*float64(cores))
	}
	if delay, ok := t.Metrics[trial.RunDelay]; ok {
		f[runDelay] = delay / (wall * float64(cores))
	}
	voluntary, has := t.Metrics[trial.VoluntarySwitches]
	if involuntary, ok := t.Metrics[trial.InvoluntarySwitches]; ok && has {
		f[switchesPerS] = (voluntary + involuntary) / wall
	}
	if major, ok := t.Metrics[trial.MajorFaults]; ok {
		f[majorPerS] = major / wall
	}
	if t.OthersCPUShare > 0 { // 0 is also what a trial has that could not read it
		f[othersShare] = t.OthersCPUShare
	}
}

func (f figures) fromStations(s told) {
	busy, known := 0.0, true // seconds that stations account for
	for _, st := range s.Stations {
		switch st.Name {
		case "read":
			f[readWorkers], f[readBusy], f[readService], f[readQueue] = st.Workers, st.Utilisation, st.Service.Mean, st.Wait.Mean
			f[readsPerS] = st.Service.N / s.WallS
			if known = st.Hold != nil; known {
				busy += st.Hold.total()
			}
			if s.BudgetWait != nil && st.Workers > 0 {
				f[readBudget] = s.BudgetWait.total() / (st.Workers * s.WallS)
			}
		case "analyse":
			f[analyseWorkers], f[analyseBusy], f[analyseService], f[analyseQueue] = st.Workers, st.Utilisation, st.Service.Mean, st.Wait.Mean
			f[longest] = st.Service.Max / s.WallS
			busy += st.Service.total()
		}
	}
	if known && s.CPUS != nil && *s.CPUS > busy {
		f[outside] = (*s.CPUS - busy) / *s.CPUS
	}
}

// fromPools takes what looks at the workers that read saw.
func (f figures) fromPools(s told) {
	for _, o := range s.Watch.Occupancy {
		if o.Pool == "analyse" || o.Workers <= 0 || o.Looks <= 0 {
			continue
		}
		blocked := max(0, o.Waiting-f[readBudget])
		rest := max(0, 1-f[readBusy]-f[readBudget]) // what the books leave to the looks
		fit := 1.0
		if sampled := blocked + o.Idle; sampled > rest {
			fit = rest / sampled
		}
		f[looks], f[readBlocked], f[readIdle] = o.Looks/o.Workers, blocked*fit, o.Idle*fit
	}
}

// fromResources takes what the stations share.
func (f figures) fromResources(s told, t record.Trial, cores int) {
	if s.CPUS != nil { // of the same moments as the stations
		f[coresBusy] = *s.CPUS / (s.WallS * float64(cores))
	}
	if budget, ok := t.Config.Float("memory.budget"); ok && budget > 0 && s.InFlightMeanBytes != nil {
		f[budgetFull] = *s.InFlightMeanBytes / budget
	}
	if s.LittlesRatio != nil && *s.LittlesRatio > 0 {
		f[little] = *s.LittlesRatio
	}
	if s.Storage == nil {
		return
	}
	if p, err := storage.Lookup(s.Storage.Profile, cores); err == nil && p.LinkBytesPerSec > 0 {
		f[linkBusy] = s.Bytes / p.LinkBytesPerSec / s.WallS
	}
}

// median is the median of each figure over the trials that have it, where most
// do.
func median(each []figures) figures {
	values := map[string][]float64{}
	for _, f := range each {
		for name, v := range f {
			values[name] = append(values[name], v)
		}
	}
	m := figures{}
	for name, vs := range values {
		if 2*len(vs) <= len(each) {
			continue
		}
		slices.Sort(vs)
		m[name] = (vs[(len(vs)-1)/2] + vs[len(vs)/2]) / 2
	}
	return m
}
