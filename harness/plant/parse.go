package plant

import (
	"embed"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"sluice/scanner/config/strict"
)

//go:embed plants/*.yaml
var files embed.FS

// Builtin are the plants that come with the program, in the order of their names.
func Builtin() []Spec {
	names, err := fs.Glob(files, "plants/*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	specs := make([]Spec, len(names))
	for i, name := range names {
		data, err := files.ReadFile(name)
		if err == nil {
			specs[i], err = Parse(name, data)
		}
		if err != nil {
			panic(err) // a test parses them all
		}
	}
	return specs
}

// Bounds of what a file may ask for: a contest of it ends while somebody waits.
const (
	shortestTime  = 10 * time.Microsecond // of service
	longestTime   = time.Minute
	shortestPhase = time.Second
	longestPhase  = time.Hour
	mostSlots     = 500
	mostClients   = 10_000
	mostRepeats   = 100
	mostPhases    = 200
)

// Parse reads a plant. The name is what faults call the file; the error is all of
// them, each with its line and column.
func Parse(name string, data []byte) (Spec, error) {
	root, err := strict.Decode(name, data)
	if err != nil {
		return Spec{}, err
	}
	var s Spec
	f := root.Fields("name", "doc", "service", "station", "load", "timeout", "retry", "hang", "phases", "repeat")
	for _, required := range []string{"name", "doc", "service", "station", "load", "phases"} {
		if f[required] == nil {
			root.Fault("%s is missing; a plant needs name, doc, service, station, load and phases", required)
		}
	}
	words(f["name"], &s.Name)
	words(f["doc"], &s.Doc)
	s.readStation(f["station"])
	s.readService(f["service"])
	s.readLoad(f["load"])
	span(f["timeout"], shortestTime, longestTime, &s.timeout)
	s.readRetry(f["retry"])
	s.readHang(f["hang"])
	s.readPhases(f["phases"], f["repeat"])
	if err := root.Err(); err != nil {
		return Spec{}, err
	}
	return s, nil
}

// words reads text that is not empty.
func words(n *strict.Node, into *string) {
	text, ok := n.Text()
	if ok && text == "" {
		n.Mismatch("text that is not empty")
	}
	*into = text
}

// number reads a number from low to high.
func number(n *strict.Node, low, high float64, into *float64) {
	if n == nil {
		return
	}
	value := math.NaN()
	switch scalar, ok := n.Scalar(); scalar := scalar.(type) {
	case int64:
		value = float64(scalar)
	case float64:
		if ok { // neither NaN nor infinite
			value = scalar
		}
	}
	if !(value >= low && value <= high) {
		n.Mismatch(fmt.Sprintf("a number from %g to %g", low, high))
		return
	}
	*into = value
}

// whole reads a whole number from low to high.
func whole(n *strict.Node, low, high int, into *int) {
	if value, ok := n.IntIn(low, high); ok {
		*into = value
	}
}

// span reads a duration from low to high.
func span(n *strict.Node, low, high time.Duration, into *time.Duration) {
	value, ok := n.Duration()
	if !ok {
		return
	}
	if value < low || value > high {
		n.Mismatch(fmt.Sprintf("a duration from %v to %v", low, high))
		return
	}
	*into = value
}

// need records which keys of a mapping are missing.
func need(n *strict.Node, fields map[string]*strict.Node, keys ...string) {
	for _, key := range keys {
		if fields[key] == nil {
			n.Fault("%s.%s is missing; %s needs %s", n.Path(), key, n.Path(), strings.Join(keys, " and "))
		}
	}
}

// parameters of each kind of station.
var stationKeys = map[kind][]string{ //nolint:gochecknoglobals // an immutable table
	fifo:        nil,
	sharing:     nil,
	scalability: {"alpha", "beta"},
	twoStations: {"io", "cpu"},
	knee:        {"scale", "base"},
	batch:       {"size", "linger"},
}

// readStation reads what serves.
func (s *Spec) readStation(n *strict.Node) {
	if n == nil {
		return
	}
	f := n.Fields("kind", "alpha", "beta", "io", "cpu", "scale", "base", "size", "linger")
	l := &s.station
	word, ok := f["kind"].Word(string(fifo), string(sharing), string(scalability), string(twoStations), string(knee), string(batch))
	if f["kind"] == nil {
		n.Fault("station.kind is missing; use fifo, sharing, scalability, two-stations, knee or batch")
	}
	if !ok {
		return
	}
	l.kind = kind(word)
	keys := stationKeys[l.kind]
	need(n, f, keys...)
	for key, value := range f {
		if key != "kind" && !slices.Contains(keys, key) {
			value.Fault("station.%s says nothing of a %s station; remove it", key, word)
		}
	}
	number(f["alpha"], 0, 1, &l.alpha)
	number(f["beta"], 0, 1, &l.beta)
	readStage(f["io"], &l.io)
	readStage(f["cpu"], &l.cpu)
	number(f["scale"], 0, 10, &l.scale)
	number(f["base"], 1, 10, &l.base)
	whole(f["size"], 1, mostSlots, &l.size)
	span(f["linger"], 0, longestTime, &l.linger)
}

func readStage(n *strict.Node, into *stage) {
	if n == nil {
		return
	}
	f := n.Fields("slots", "demand")
	need(n, f, "slots", "demand")
	whole(f["slots"], 1, mostSlots, &into.slots)
	span(f["demand"], shortestTime, longestTime, &into.demand)
}

// readService reads how long serving takes. Two stations bring means of their own:
// of them the shape alone is read.
func (s *Spec) readService(n *strict.Node) {
	if n == nil {
		return
	}
	f := n.Fields("distribution", "median", "sigma", "alpha", "outliers")
	word, _ := f["distribution"].Word(string(lognormal), string(exponential), string(constant), string(pareto))
	need(n, f, "distribution")
	v := &s.service
	v.shape, v.median, v.factor = distribution(word), float64(time.Millisecond), 1
	if s.station.kind == twoStations {
		f["median"].Fault("service.median says nothing of two stations, which have demands; remove it")
	} else {
		var median time.Duration
		need(n, f, "median")
		span(f["median"], shortestTime, longestTime, &median)
		v.median = float64(median)
	}
	shaped(n, f, "sigma", v.shape, lognormal, 0.001, 3, &v.sigma)
	shaped(n, f, "alpha", v.shape, pareto, 1.1, 100, &v.alpha)
	if f["outliers"] != nil {
		o := f["outliers"].Fields("share", "factor")
		need(f["outliers"], o, "share", "factor")
		number(o["share"], 0, 0.5, &v.outlier)
		number(o["factor"], 1, 1000, &v.factor)
	}
}

// shaped reads the parameter that one distribution alone has, and must have.
func shaped(n *strict.Node, f map[string]*strict.Node, key string, shape, of distribution, low, high float64, into *float64) {
	switch {
	case shape == of && f[key] == nil:
		n.Fault("service.%s is missing; %s needs it", key, of)
	case shape != of && shape != "":
		f[key].Fault("service.%s says nothing of distribution %s; remove it", key, shape)
	default:
		number(f[key], low, high, into)
	}
}

// readLoad reads who asks: clients, or a rate.
func (s *Spec) readLoad(n *strict.Node) {
	if n == nil {
		return
	}
	f := n.Fields("clients", "think", "rate", "per_second", "queue")
	l := &s.load
	ways := 0
	for _, key := range []string{"clients", "rate", "per_second"} {
		if f[key] != nil {
			ways++
		}
	}
	if ways != 1 {
		n.Fault("load has %d of clients, rate and per_second; use one: clients for closed load, rate (in capacities) or per_second for open load", ways)
	}
	whole(f["clients"], 1, mostClients, &l.clients)
	span(f["think"], 0, longestTime, &l.think)
	number(f["rate"], 0.001, 100, &l.rate)
	number(f["per_second"], 0.001, 1e6, &l.perSec)
	whole(f["queue"], 0, mostClients, &l.queue)
	if f["clients"] == nil {
		f["think"].Fault("load.think is for clients; remove it, or use clients")
	} else {
		f["queue"].Fault("load.queue is for open load: clients wait as long as it takes; remove it, or use rate")
	}
}

// readRetry reads how requests come back.
func (s *Spec) readRetry(n *strict.Node) {
	if n == nil {
		return
	}
	f := n.Fields("after", "most")
	need(n, f, "after", "most")
	span(f["after"], time.Millisecond, longestTime, &s.retry.after)
	whole(f["most"], 1, 100, &s.retry.most)
	if s.load.clients > 0 {
		n.Fault("retry is for open load: clients come back anyway; remove it, or use load.rate")
	}
}

// readHang reads which requests never end well.
func (s *Spec) readHang(n *strict.Node) {
	if n == nil {
		return
	}
	f := n.Fields("share", "time")
	need(n, f, "share", "time")
	number(f["share"], 0, 0.9, &s.hang.share)
	span(f["time"], time.Millisecond, longestTime, &s.hang.time)
	if s.station.kind != "" && s.station.kind != fifo {
		n.Fault("hang is for a fifo station, whose slots are held; remove it, or use fifo")
	}
}

// readPhases reads what changes. What a phase does not say stays as it was.
func (s *Spec) readPhases(n, repeat *strict.Node) {
	items := n.Items()
	if n.IsSequence() && len(items) == 0 {
		n.Fault("phases is empty; use one or more, as in phases: [{for: 60s, slots: 10}]")
	}
	now := phase{service: 1, load: 1, limiters: 1}
	for i, item := range items {
		s.readPhase(item, &now, i == 0)
		s.phases = append(s.phases, now)
		now.slots = now.to
	}
	times := 1
	whole(repeat, 1, mostRepeats, &times)
	if times > 1 && len(s.phases) > 0 && now.limiters > s.phases[0].limiters {
		repeat.Fault("%s would take the late limiters away again; limiters come and do not go: write the phases out", repeat.Path())
	}
	s.phases = slices.Repeat(s.phases, times)
	if len(s.phases) > mostPhases {
		n.Fault("there are %d phases in all; use %d or fewer", len(s.phases), mostPhases)
	}
	if s.Length() > longestPhase {
		n.Fault("phases last %v in all; use %v or less", s.Length(), longestPhase)
	}
}

func (s *Spec) readPhase(n *strict.Node, p *phase, first bool) {
	f := n.Fields("for", "slots", "to", "service", "load", "thief", "limiters")
	if f["for"] == nil {
		n.Fault("%s.for is missing; use a duration such as 60s", n.Path())
	}
	p.length = shortestPhase
	span(f["for"], shortestPhase, longestPhase, &p.length)
	if p.length%time.Duration(tick) != 0 {
		f["for"].Fault("%s.for is %v; use whole tenths of a second", n.Path(), p.length)
	}
	s.readSlots(n, f, p, first)
	number(f["service"], 0.01, 100, &p.service)
	number(f["load"], 0, 100, &p.load)
	number(f["thief"], 0, 0.95, &p.thief)
	before := p.limiters
	whole(f["limiters"], 1, 16, &p.limiters)
	switch {
	case p.limiters < before:
		f["limiters"].Fault("%s.limiters is %d after %d; limiters come and do not go", n.Path(), p.limiters, before)
	case p.limiters > 1 && s.load.clients == 0:
		f["limiters"].Fault("%s.limiters is %d; several limiters need closed load, each has its own clients", n.Path(), p.limiters)
	}
}

// readSlots reads slots and where they ramp to.
func (s *Spec) readSlots(n *strict.Node, f map[string]*strict.Node, p *phase, first bool) {
	if s.station.kind == scalability || s.station.kind == twoStations {
		for _, key := range []string{"slots", "to", "thief"} {
			f[key].Fault("%s.%s says nothing of a %s station; remove it", n.Path(), key, s.station.kind)
		}
		p.slots, p.to = 1, 1
		return
	}
	if first && f["slots"] == nil {
		n.Fault("%s.slots is missing; the first phase says how many there are", n.Path())
	}
	number(f["slots"], 1, mostSlots, &p.slots)
	p.to = p.slots
	number(f["to"], 1, mostSlots, &p.to)
	if fifoLike := s.station.kind != sharing; fifoLike && f["slots"] != nil && p.slots != math.Trunc(p.slots) {
		f["slots"].Mismatch("a whole number")
	}
}
