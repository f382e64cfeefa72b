package config

import (
	"time"

	"sluice/scanner/config/strict"
)

// Provenance says how a tuned configuration came about, so that a scan elsewhere
// can tell that it does not match. Nothing in it changes a scan. What is zero was
// not measured and is not written.
type Provenance struct {
	Machine   Machine         `yaml:"machine,omitempty"`
	Corpus    Corpus          `yaml:"corpus,omitempty"`
	Storage   Storage         `yaml:"storage,omitempty"`
	Goal      Goal            `yaml:"goal,omitempty"`
	Reference string          `yaml:"reference,omitempty"` // what the gain is over
	Verdict   string          `yaml:"verdict,omitempty"`   // better, worse, no difference or undecided
	Gain      map[string]Gain `yaml:"gain,omitempty"`      // by metric: throughput, p99, rss
	Fidelity  float64         `yaml:"fidelity,omitempty"`  // share of the corpus's bytes in a confirmation sample, 0 … 1
	Version   string          `yaml:"version,omitempty"`   // of sluice
	Date      time.Time       `yaml:"date,omitempty"`
	Run       string          `yaml:"run,omitempty"`    // its name in the store
	Chosen    string          `yaml:"chosen,omitempty"` // how, where not by the run itself: from its stored trials, under another goal
}

// Machine is where the configuration was measured.
type Machine struct {
	Class       string            `yaml:"class,omitempty"` // coarse: a kind of machine in a fleet
	UsableCores int               `yaml:"usable_cores,omitempty"`
	MemoryBytes int64             `yaml:"memory_bytes,omitempty"`
	Detail      map[string]string `yaml:"detail,omitempty"`
}

// Corpus is what was scanned.
type Corpus struct {
	Name              string   `yaml:"name,omitempty"`
	Fingerprint       string   `yaml:"fingerprint,omitempty"`
	Files             int      `yaml:"files,omitempty"`
	Bytes             int64    `yaml:"bytes,omitempty"`
	SampleFingerprint []string `yaml:"sample_fingerprints,omitempty"` // of the confirmation's samples
}

// Storage is the profile asked for and what it came to.
type Storage struct {
	Asked         string  `yaml:"asked,omitempty"`
	AskedMeanS    float64 `yaml:"asked_mean_s,omitempty"`    // seconds a file
	AchievedMeanS float64 `yaml:"achieved_mean_s,omitempty"` // seconds a file
}

// Goal is what the tuning tried to reach.
type Goal struct {
	Objective string   `yaml:"objective,omitempty"`
	Require   []string `yaml:"require,omitempty"`
}

// Gain is a ratio to the reference, above 1 better, with its interval.
type Gain struct {
	Ratio      float64 `yaml:"ratio,omitempty"`
	Low        float64 `yaml:"low,omitempty"`
	High       float64 `yaml:"high,omitempty"`
	Confidence float64 `yaml:"confidence,omitempty"` // 0.95
	N          int     `yaml:"n,omitempty"`          // pairs
	Verdict    string  `yaml:"verdict,omitempty"`
}

// verdicts are SPEC's words for a ratio's interval.
var verdicts = []string{"better", "worse", "no difference", "undecided"} //nolint:gochecknoglobals // immutable

func readProvenance(node *strict.Node) *Provenance {
	if node == nil {
		return nil
	}
	fields := node.Fields("machine", "corpus", "storage", "goal", "reference", "verdict", "gain", "fidelity", "version", "date", "run", "chosen")
	p := &Provenance{
		Machine: readMachine(fields["machine"]),
		Corpus:  readCorpus(fields["corpus"]),
		Storage: readStorage(fields["storage"]),
		Goal:    readGoal(fields["goal"]),
		Gain:    readGains(fields["gain"]),
	}
	p.Reference, _ = fields["reference"].Text()
	p.Verdict, _ = fields["verdict"].Word(verdicts...)
	p.Fidelity, _ = fields["fidelity"].Float()
	p.Version, _ = fields["version"].Text()
	p.Date, _ = fields["date"].Time()
	p.Run, _ = fields["run"].Text()
	p.Chosen, _ = fields["chosen"].Text()
	return p
}

func readMachine(node *strict.Node) (m Machine) {
	if node == nil {
		return m
	}
	fields := node.Fields("class", "usable_cores", "memory_bytes", "detail")
	m.Class, _ = fields["class"].Text()
	m.UsableCores, _ = fields["usable_cores"].Int()
	m.MemoryBytes, _ = fields["memory_bytes"].Size()
	for name, value := range fields["detail"].Each() {
		if m.Detail == nil {
			m.Detail = make(map[string]string)
		}
		m.Detail[name], _ = value.Text()
	}
	return m
}

func readCorpus(node *strict.Node) (c Corpus) {
	if node == nil {
		return c
	}
	fields := node.Fields("name", "fingerprint", "files", "bytes", "sample_fingerprints")
	c.Name, _ = fields["name"].Text()
	c.Fingerprint, _ = fields["fingerprint"].Text()
	c.Files, _ = fields["files"].Int()
	c.Bytes, _ = fields["bytes"].Size()
	c.SampleFingerprint, _ = fields["sample_fingerprints"].Strings()
	return c
}

func readStorage(node *strict.Node) (s Storage) {
	if node == nil {
		return s
	}
	fields := node.Fields("asked", "asked_mean_s", "achieved_mean_s")
	s.Asked, _ = fields["asked"].Text()
	s.AskedMeanS, _ = fields["asked_mean_s"].Float()
	s.AchievedMeanS, _ = fields["achieved_mean_s"].Float()
	return s
}

func readGoal(node *strict.Node) (g Goal) {
	if node == nil {
		return g
	}
	fields := node.Fields("objective", "require")
	g.Objective, _ = fields["objective"].Text()
	g.Require, _ = fields["require"].Strings()
	return g
}

func readGains(node *strict.Node) map[string]Gain {
	var gains map[string]Gain
	for metric, value := range node.Each() {
		fields := value.Fields("ratio", "low", "high", "confidence", "n", "verdict")
		var g Gain
		g.Ratio, _ = fields["ratio"].Float()
		g.Low, _ = fields["low"].Float()
		g.High, _ = fields["high"].Float()
		g.Confidence, _ = fields["confidence"].Float()
		g.N, _ = fields["n"].Int()
		g.Verdict, _ = fields["verdict"].Word(verdicts...)
		if gains == nil {
			gains = make(map[string]Gain)
		}
		gains[metric] = g
	}
	return gains
}
