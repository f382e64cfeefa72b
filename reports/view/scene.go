package view

import (
	"fmt"
	"slices"
	"strings"

	"sluice/harness/record"
)

// headline is the order in which metrics are shown. A target's own come first.
var headline = []string{ //nolint:gochecknoglobals // a table that never changes
	record.Throughput, record.P99, record.P50, record.FirstResult, record.RSS, record.CPU, record.Wall,
}

// MostTrials is how many trials a page lists; the store holds all.
const MostTrials = 400

func newScene(run record.Run, o record.Outcome) Scene {
	c := NewCast(run, o)
	s := Scene{Name: SceneName(o.Scenario), Slug: o.Scenario.Name, Answer: c.answer(o), More: c.more(o), Verdict: record.Undecided}
	if subject, ok := c.Of(Subject); ok {
		s.Verdict = c.verdict(subject)
		s.Repeat = repeat(subject)
	}
	for _, warning := range warnings(o) {
		s.Warnings = append(s.Warnings, Prose(warning))
	}
	for _, table := range []Table{c.metricsTable(), c.knobsTable(o), c.keptTable(o), c.missTable(o), plateauTable(o), c.effectsTable(o), c.frontTable(o), c.armsTable(), c.othersTable(), wholeTable(o), alikeTable(c, o), failuresTable(o)} {
		if len(table.Rows) > 0 {
			s.Tables = append(s.Tables, table)
		}
	}
	s.Trials = c.trialsTable(o)
	s.Facts = sceneFacts(run, c, o)
	return s
}

// SceneName is how a scenario is called: "goroot / nfs / 2 cores".
func SceneName(s record.Scenario) string {
	if s.Corpus == "" {
		return Clean(s.Name)
	}
	parts := []string{Clean(s.Corpus)}
	if s.Storage != "" {
		parts = append(parts, Clean(s.Storage))
	}
	if s.Cores > 0 {
		parts = append(parts, count(s.Cores, "core"))
	}
	return strings.Join(parts, " / ")
}

func warnings(o record.Outcome) []string {
	switch {
	case o.Recommendation != nil:
		return o.Recommendation.Warnings
	case o.Compare != nil:
		return o.Compare.Warnings
	case o.Grid != nil:
		return o.Grid.Warnings
	default:
		return nil
	}
}

// repeat is the command of the part's first good trial.
func repeat(p Part) string {
	for _, trial := range p.Trials {
		if trial.Status == record.OK && len(trial.Command) > 0 {
			words := make([]string, len(trial.Command))
			for i, word := range trial.Command {
				words[i] = quote(Clean(word))
			}
			return strings.Join(words, " ")
		}
	}
	return ""
}

// quote makes a word safe to paste into a shell.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:,@%+", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func sceneFacts(run record.Run, c Cast, o record.Outcome) []Fact {
	s := o.Scenario
	var list []Fact
	if s.Files > 0 {
		list = append(list, Fact{"corpus", Words(fmt.Sprintf("%s files, ", thousands(s.Files))) + Size(s.Bytes) + ", " + Code(s.Fingerprint)})
	}
	if scan := run.Scan.String(); scan != "" {
		list = append(list, Fact{"scan", Words(Clean(scan))})
	}
	goal := Words(goalTitle(c.Goal.Objective))
	for i, text := range c.Goal.Require {
		goal += Words([]string{", requires ", " and "}[min(i, 1)]) + Words(strings.ReplaceAll(Requirement(text), " ", nbsp))
	}
	if goal != "" {
		list = append(list, Fact{"goal", goal})
	}
	if c.Decided != "" && c.Decided != c.Objective {
		list = append(list, Fact{"decided by", Words(Title(c.Decided))})
	}
	list = append(list, Fact{"figures from", Words(c.Note)})
	if len(o.Trials) > 0 {
		list = append(list, Fact{"trials", tally(o.Trials)})
	}
	if others := othersShare(o.Trials); others != "" {
		list = append(list, Fact{"used by others", others})
	}
	return list
}

// tally counts the trials by phase, in the order in which a run meets them.
func tally(trials []record.Trial) Words {
	counts, bad := map[record.Phase]int{}, 0
	var phases []record.Phase
	for _, trial := range trials {
		if counts[trial.Phase] == 0 {
			phases = append(phases, trial.Phase)
		}
		counts[trial.Phase]++
		if trial.Status != record.OK {
			bad++
		}
	}
	var parts []string
	for _, phase := range phases {
		parts = append(parts, fmt.Sprintf("%d %s", counts[phase], Clean(string(phase))))
	}
	text := fmt.Sprintf("%d: %s", len(trials), strings.Join(parts, ", "))
	if bad > 0 {
		text += fmt.Sprintf("; %d not ok", bad)
	}
	return Words(text)
}

// othersShare is the share of the machine that others used while trials ran.
func othersShare(trials []record.Trial) Words {
	var shares []float64
	for _, trial := range trials {
		shares = append(shares, trial.OthersCPUShare)
	}
	if len(shares) == 0 {
		return ""
	}
	slices.Sort(shares)
	return "median " + Percent(shares[len(shares)/2]) + " of the machine, at most " + Percent(shares[len(shares)-1])
}

func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + nbsp + text[i:]
	}
	return text
}
