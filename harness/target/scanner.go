// Package target makes trials of what can be measured. Scanner turns a
// configuration and a sample into a command that anyone can run again, launches
// it through harness/trial and reads what the child says of itself. Command does
// so for any program, which a Definition describes: a YAML file (ParseCommand) or
// a line with its knobs in it (ParseLine). Function computes trials in this
// process, for replays and tests. Each has a Measure for harness/lab; none knows
// of blocks or goals.
package target

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sluice/harness/lab"
	"sluice/harness/machine"
	"sluice/harness/record"
	"sluice/harness/trial"
	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/journal"
	"sluice/workloads/corpus"
)

// Scanner measures `sluice scan` in child processes.
type Scanner struct {
	Exe     string      // the sluice binary to launch
	Folder  string      // where lists, configurations and statistics are kept; absolute
	Root    string      // of the corpus; absolute
	Storage string      // storage profile
	Seed    uint64      // of the simulated latencies
	Cores   []int       // the cores of the scenario
	Scan    record.Scan // what else the child is told; the zero value is nothing
	Means   Means
}

// StorageReport is what a scan says of its simulated storage beside its
// statistics, under the key "storage".
type StorageReport struct {
	Profile    string  `json:"profile"`
	Opens      int64   `json:"opens"`
	AskedMeanS float64 `json:"asked_mean_s"`
	MeanS      float64 `json:"achieved_mean_s"`
	P50S       float64 `json:"achieved_p50_s"`
	P99S       float64 `json:"achieved_p99_s"`
}

// Isolation is what a scan says of --isolate beside its statistics, under the key
// "isolation". All times in the statistics are those of the last run, which came
// to its end; what ran before it is in none of them.
type Isolation struct {
	Runs      int `json:"runs"`      // of all files but those known to crash, the last included
	Alone     int `json:"alone"`     // of one suspect by itself
	Crashed   int `json:"crashed"`   // files that failed as crash
	Analysers int `json:"analysers"` // of the last run; fewer than configured where files crash together only
}

// ScanStats is the object that `sluice scan --stats` writes.
type ScanStats struct {
	scanner.Stats
	Storage   *StorageReport `json:"storage,omitempty"`
	Isolation *Isolation     `json:"isolation,omitempty"`
}

// Measure launches one scan and returns what the kernel and the child say of it.
func (s *Scanner) Measure(ctx context.Context, job lab.Job) (record.Trial, error) {
	return s.measure(ctx, job)
}

// measure launches one scan with more flags.
func (s *Scanner) measure(ctx context.Context, job lab.Job, more ...string) (record.Trial, error) {
	if job.Cores != nil {
		alone := *s // the other arm of a duet has cores of its own
		alone.Cores = job.Cores
		s = &alone
	}
	cfg, err := config.Default(len(s.Cores)).WithFlat(job.Arm.Config)
	if err != nil {
		return record.Trial{}, fmt.Errorf("configuration %s: %w", job.Arm.Name, err)
	}
	cfg = cfg.Resolve(len(s.Cores))
	argv, statsFile, err := s.command(cfg, job)
	if err != nil {
		return record.Trial{}, err
	}
	argv = append(argv, more...)
	defer os.Remove(statsFile)   //nolint:errcheck // a leftover is overwritten by the next trial
	defer os.Remove(s.journal()) //nolint:errcheck // only a child that died leaves one
	result, err := trial.Run(ctx, s.Means.lend(trial.Spec{
		Argv:    argv,
		Env:     append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(cfg.Runtime.GOMAXPROCS)),
		Dir:     s.Folder,
		Cores:   s.Cores,
		Timeout: job.Limit,
	}))
	if err != nil {
		return record.Trial{}, err
	}
	t := s.record(job, result)
	t.Command = argv
	if err := s.Means.note(&t, result); err != nil {
		return t, err
	}
	nameInFlight(&t, s.journal())
	if t.Status == record.OK {
		err = addStats(&t, statsFile)
	}
	return t, err
}

// record keeps what the kernel said.
func (s *Scanner) record(job lab.Job, r trial.Result) record.Trial {
	return record.Trial{
		Sample: record.Sample{
			Seed: s.Seed, Index: job.Draw.Index, Files: len(job.Draw.Files), Bytes: job.Draw.Bytes,
			Fidelity: job.Draw.Fidelity, Fingerprint: job.Draw.Fingerprint,
		},
		Status: r.Status, Reason: r.Reason, Metrics: r.Metrics(), OthersCPUShare: r.OthersCPUShare,
	}
}

// journal is where a trial keeps the names of the files in flight.
func (s *Scanner) journal() string { return filepath.Join(s.Folder, s.mine("trial")+journal.Suffix) }

// mine names a file of one trial apart from those of another that runs at the
// same moment, which has other cores.
func (s *Scanner) mine(name string) string {
	if len(s.Cores) == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, s.Cores[0])
}

// nameInFlight adds to the reason of a trial that went wrong which files were
// being analysed at its end, one for each analyser at most. The child itself had
// no chance to say so.
func nameInFlight(t *record.Trial, path string) {
	if t.Status == record.OK {
		return
	}
	files, err := journal.Read(path)
	if err != nil || len(files) == 0 {
		return // it ended in order, or before its first file, or between two
	}
	for i, file := range files {
		files[i] = strings.ToValidUTF8(file, "\uFFFD")
	}
	const most = 8
	text := strings.Join(files[:min(most, len(files))], ", ")
	if more := len(files) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	t.Reason += "; while these files were being analysed: " + text
}

// addStats adds what the child measured itself. Throughput is taken on the
// parent's clock, over the bytes that the child says it scanned.
func addStats(t *record.Trial, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("statistics of the trial: %w", err)
	}
	var stats ScanStats
	if err := json.Unmarshal(data, &stats); err != nil {
		return fmt.Errorf("statistics of the trial, %s: %w", path, err)
	}
	t.Stats, t.FindingsDigest = data, stats.FindingsDigest
	m := t.Metrics
	m[record.P50], m[record.P99] = stats.SojournP50S, stats.SojournP99S
	m[record.FirstResult] = stats.FirstResultS
	m["service_p99_s"] = stats.ServiceP99S
	m["in_service_mean"] = stats.InServiceMean
	for _, station := range stats.Stations {
		m[station.Name+"_service_sum_s"] = station.ServiceS.Mean * float64(station.ServiceS.N)
		m[station.Name+"_utilisation"] = station.Utilisation
	}
	if wall := m[record.Wall]; wall > 0 {
		m[record.Throughput] = float64(stats.Bytes) / wall
		m[record.FilesPerS] = float64(stats.Scanned) / wall
	}
	if stats.Storage != nil {
		t.AchievedLatency = stats.Storage.MeanS
		m["storage_asked_mean_s"] = stats.Storage.AskedMeanS
		m["storage_achieved_mean_s"] = stats.Storage.MeanS
	}
	addLimits(t, stats.Limiters)
	return addInFlight(m, data)
}

// command writes the list of files and the configuration, once each, and
// returns the command that scans them.
func (s *Scanner) command(cfg config.Config, job lab.Job) (argv []string, stats string, err error) {
	list := filepath.Join(s.Folder, strings.ReplaceAll(job.Draw.Fingerprint, ":", "-")+".list")
	if err := once(list, func() []byte { return listOf(job.Draw.Files) }); err != nil {
		return nil, "", err
	}
	file, err := config.File{Config: cfg}.Marshal()
	if err != nil {
		return nil, "", err
	}
	yaml := filepath.Join(s.Folder, record.Flat(cfg.Flat()).ID()+".yaml")
	if err := once(yaml, func() []byte { return file }); err != nil {
		return nil, "", err
	}
	stats = filepath.Join(s.Folder, s.mine("stats")+".json")
	if err := os.Remove(stats); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", err
	}
	argv = []string{
		s.Exe, "scan", "--quiet", "--format", "json", "--files-from", list, "--root", s.Root, "--config", yaml,
		"--storage", cmp.Or(job.Arm.Storage, s.Storage), "--seed", strconv.FormatUint(s.Seed, 10), "--block", strconv.Itoa(job.Latency), "--stats", stats,
		"--journal", s.journal(),
	}
	return append(argv, scanArgs(s.Scan)...), stats, nil
}

// scanArgs are the flags for what differs from the default, so that the command
// of a usual trial stays as short as it was.
func scanArgs(s record.Scan) (args []string) {
	if s.NoPrefilter {
		args = append(args, "--no-prefilter")
	}
	if s.Rules != "" {
		args = append(args, "--rules", s.Rules)
	}
	if s.Analyser != "" {
		args = append(args, "--analyser", s.Analyser)
	}
	return args
}

func listOf(files []corpus.File) []byte {
	var b strings.Builder
	for _, f := range files {
		b.WriteString(f.Path)
		b.WriteByte(0)
	}
	return []byte(b.String())
}

// once writes a file unless it is there. It is written under another name and
// renamed, so that a killed run leaves no half list behind.
func once(path string, content func() []byte) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("folder for the trial's files: %w", err)
	}
	// Each writer has a name of its own: the arms of a duet write at the same moment.
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-")
	if err != nil {
		return fmt.Errorf("file of the trial: %w", err)
	}
	_, err = temporary.Write(content())
	if err = errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return fmt.Errorf("file of the trial: %w", err)
	}
	return os.Rename(temporary.Name(), path)
}

// Slice returns the first n usable cores of this process.
func Slice(n int) ([]int, error) {
	usable, err := machine.UsableCores()
	if err != nil {
		return nil, err
	}
	mask, err := machine.Affinity()
	if err != nil {
		return nil, err
	}
	if n == 0 {
		n = min(usable, len(mask))
	}
	if n < 1 || n > min(usable, len(mask)) {
		return nil, fmt.Errorf("%d cores asked for, %d usable here; use --cores 1 … %d", n, min(usable, len(mask)), min(usable, len(mask)))
	}
	return mask[:n], nil
}
