package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/harness/record"
)

// The kinds of contestants, as package plant names them in a record.
const (
	OursKind   = "ours"
	StaticKind = "static"
	OracleKind = "oracle"
	PeerKind   = "peer"
	ModelKind  = "model"
)

// Contest is what a report of a contest of limiters says.
type Contest struct {
	Title    string
	Answers  []Words // who leads, what static limits do, where the leader loses
	Warnings []Words // who took no part
	Tables   []Table // the ranking first
	Plants   []Plant
	Docs     Table // who the contestants are
	Facts    []Fact
	Repeat   string // the command as typed, or empty
}

// Plant is what a contest says of one of its plants.
type Plant struct {
	Name  string
	Slug  string // unique within the contest, fit for file names and anchors
	Doc   Words
	Said  Words // who leads there
	All   Table // everybody
	Brief Table // those whom a reader asks for first
}

// Edge is how much greater a power must be to be called ahead: the margin of a
// throughput. A contest has no noise, but less than this is of no use to anybody.
const Edge = 1.02

// Short of this share of the best power a limiter has lost on a plant; the record
// lists by it too.
const lostBelow = 0.9

// briefRows is how many contestants a plant's brief table holds.
const briefRows = 8

// Asked is what a contest was held for. The zero value is a contest of all against
// all.
type Asked struct {
	Command string // repeats it, or empty
	Base    string // the contestant of which the others are variations, or empty
}

// NewContest makes the view of a contest.
func NewContest(c record.Contest, asked Asked) Contest {
	l := newLadder(c)
	v := Contest{Title: "Limiters on plants with a known optimum", Repeat: Clean(asked.Command)}
	v.Answers, v.Warnings = l.answers(), l.absent()
	tables := []Table{l.ranking(), l.statics(), l.losses()}
	if base, ok := l.named(asked.Base); ok {
		v.Title = "What the parameters of " + Clean(base.Name) + " do"
		v.Answers = l.study(base)
		tables = []Table{l.variations(base), l.ranking()}
	}
	for _, table := range tables {
		if len(table.Rows) > 0 {
			v.Tables = append(v.Tables, table)
		}
	}
	for i, slug := range PlantSlugs(c) {
		p := l.plants[i]
		v.Plants = append(v.Plants, Plant{
			Name: Clean(p.Name), Slug: slug, Doc: Prose(p.Doc), Said: p.said(), All: p.table(p.places, true), Brief: p.table(p.brief(), false),
		})
	}
	v.Docs = l.docs()
	v.Facts = l.facts(c)
	return v
}

// PlantSlugs are the names that NewContest gives to the plants in files.
func PlantSlugs(c record.Contest) []string {
	taken := map[string]bool{}
	slugs := make([]string, len(c.Plants))
	for i, p := range c.Plants {
		slugs[i] = unique(Slug(p.Name), taken)
	}
	return slugs
}

// ladder is a contest without those who took no part.
type ladder struct {
	ranks  []record.Ranked
	away   []record.Ranked
	plants []ground
}

// ground is a plant with who stood in front of it, best first.
type ground struct {
	record.Plant
	places []standing
}

// standing is a contestant on one plant.
type standing struct {
	record.Score
	rank  record.Ranked
	share float64 // its power over that of the best but the oracle; 0 where nobody had any
}

func newLadder(c record.Contest) ladder {
	var l ladder
	for _, r := range c.Limits {
		if r.Error != "" {
			l.away = append(l.away, r)
			continue
		}
		l.ranks = append(l.ranks, r)
	}
	for _, p := range c.Plants {
		l.plants = append(l.plants, l.ground(p))
	}
	return l
}

func (l ladder) ground(p record.Plant) ground {
	g := ground{Plant: p}
	best := 0.0
	for _, r := range l.ranks {
		i := slices.IndexFunc(p.Scores, func(s record.Score) bool { return s.Limiter == r.Name })
		if i < 0 {
			continue
		}
		g.places = append(g.places, standing{Score: p.Scores[i], rank: r})
		if r.Kind != OracleKind {
			best = max(best, p.Scores[i].Power)
		}
	}
	for i := range g.places {
		if best > 0 {
			g.places[i].share = g.places[i].Power / best
		}
	}
	slices.SortStableFunc(g.places, func(a, b standing) int { return cmp.Compare(b.Power, a.Power) })
	return g
}

// first is the best of some kinds; ok is false where none of them is there.
func (g ground) first(kinds ...string) (p standing, ok bool) {
	i := slices.IndexFunc(g.places, func(p standing) bool { return slices.Contains(kinds, p.rank.Kind) })
	if i < 0 {
		return standing{}, false
	}
	return g.places[i], true
}

// first is the best of some kinds over all plants.
func (l ladder) first(kinds ...string) (r record.Ranked, ok bool) {
	i := slices.IndexFunc(l.ranks, func(r record.Ranked) bool { return slices.Contains(kinds, r.Kind) })
	if i < 0 {
		return record.Ranked{}, false
	}
	return l.ranks[i], true
}

// answers say who leads, where the leader loses and what static limits are worth.
func (l ladder) answers() []Words {
	lead, ok := l.first(OursKind, StaticKind, PeerKind, ModelKind)
	if !ok {
		return []Words{"Nobody took part."}
	}
	answers := []Words{l.leads(lead)}
	if lost := l.lostBy(lead); len(lost) > 0 {
		answers = append(answers, Words(fmt.Sprintf("It loses on %s, with less than %s of the best power there: %s.", count(len(lost), "plant"), Percent(lostBelow), list(lost))))
	} else if len(l.ranks) > 1 && len(l.plants) > 1 {
		answers = append(answers, Words(fmt.Sprintf("It has at least %s of the best power on every plant.", Percent(lostBelow))))
	}
	return append(answers, l.trap()...)
}

// where says over what the figures are: "Over 6 plants".
func (l ladder) where() string {
	if len(l.plants) == 1 {
		return "On " + string(Code(l.plants[0].Name))
	}
	return "Over " + count(len(l.plants), "plant")
}

// leads names the leader and the best of each other kind.
func (l ladder) leads(lead record.Ranked) Words {
	said := fmt.Sprintf("%s %s leads with power %s", l.where(), Code(lead.Name), two(lead.Power))
	if oracle, ok := l.first(OracleKind); ok {
		said += fmt.Sprintf(" (%s, which is told the optimum: %s)", Code(oracle.Name), two(oracle.Power))
	}
	var others []string
	for _, of := range []struct {
		kinds []string
		name  string
	}{{[]string{OursKind}, "best of ours"}, {[]string{PeerKind, ModelKind}, "best of the others"}, {[]string{StaticKind}, "best static limit"}} {
		if best, ok := l.first(of.kinds...); ok && best.Name != lead.Name && !slices.Contains(of.kinds, lead.Kind) {
			others = append(others, fmt.Sprintf("%s: %s, %s", of.name, Code(best.Name), two(best.Power)))
		}
	}
	return Words(strings.Join(append([]string{said}, others...), "; ") + ".")
}

// lostBy lists the plants on which a contestant lost, with its share there.
func (l ladder) lostBy(r record.Ranked) []string {
	var lost []string
	for _, name := range r.Lost {
		lost = append(lost, fmt.Sprintf("%s%s(%s)", Code(name), nbsp, percent(l.share(name, r.Name))))
	}
	return lost
}

// fewLost says whether the plants that a contestant lost are fewer to name than
// those that are left.
func (l ladder) fewLost(r record.Ranked) bool {
	return 2*len(r.Lost) <= len(l.plants) || len(r.Lost) < 3
}

// lostWhere is lostBy, or the plants that are left where it lost on most.
func (l ladder) lostWhere(r record.Ranked) string {
	if l.fewLost(r) {
		return list(l.lostBy(r))
	}
	var rest []string
	for _, g := range l.plants {
		if !slices.Contains(r.Lost, g.Name) {
			rest = append(rest, string(Code(g.Name)))
		}
	}
	if len(rest) == 0 {
		return "every plant"
	}
	return "every plant but " + list(rest)
}

// share is a contestant's part of the best power on a plant.
func (l ladder) share(plant, limiter string) float64 {
	for _, g := range l.plants {
		for _, p := range g.places {
			if g.Name == plant && p.rank.Name == limiter {
				return p.share
			}
		}
	}
	return 0
}

// absent says who took no part, and why.
func (l ladder) absent() []Words {
	var said []Words
	for _, r := range l.away {
		said = append(said, Words(fmt.Sprintf("%s took no part: %s.", Code(r.Name), strings.TrimSuffix(string(Prose(r.Error)), "."))))
	}
	return said
}
