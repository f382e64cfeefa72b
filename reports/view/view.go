// Package view says what a report says, in sentences and tables, before any
// medium: the terminal, the Markdown summary and the page all render the same
// View, so that no two of them can disagree.
//
// A record.Report comes in, a View leaves. Every piece of foreign text (names,
// values of knobs, reasons, warnings) is cleaned of control characters on its
// way through; escaping for a medium is the medium's own work. Nothing is
// measured and no statistic is computed here: ratios, intervals and verdicts are
// those of the record.
package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/harness/record"
)

// View is a whole report: one scene for each scenario, and what holds for all.
type View struct {
	Title    string
	Question Words // empty when the run asks none of its own
	State    Words // says that figures are missing when the run did not finish, else empty
	Scenes   []Scene
	Facts    []Fact // the machine, then the run
	Repeat   string // the command as typed
	Run      string
	Version  string
}

// Scene is what was found in one scenario.
type Scene struct {
	Name     string // "goroot / nfs / 2 cores"
	Slug     string // unique within the report, fit for file names and anchors
	Verdict  record.Verdict
	Answer   Words   // the answer to the question, in one sentence
	More     []Words // what must be known with it
	Warnings []Words
	Tables   []Table // ordered by what a reader asks next
	Trials   Table   // every trial, shown folded
	Facts    []Fact
	Repeat   string // repeats one trial of the configuration that the answer names, or empty
}

// Fact is a name and what it holds.
type Fact struct {
	Name string
	Text Words
}

// Table is a caption, columns and rows. Note stands below and may be empty.
type Table struct {
	Caption string
	Columns []Column
	Rows    []Row
	Note    Words
}

// Column heads the cells below it. Numbers are set flush right.
type Column struct {
	Name  string
	Right bool
}

// Row is one line of a table; a strong one is what the answer speaks of.
type Row struct {
	Cells  []Cell
	Strong bool
}

// Cell is words; those that hold a verdict name it, so that a medium can colour it.
type Cell struct {
	Words   Words
	Verdict record.Verdict
}

// New makes the view of a report.
func New(rep record.Report) View {
	v := View{
		Title:    title(rep.Run),
		Question: Prose(rep.Run.Question),
		State:    state(rep),
		Facts:    facts(rep.Run),
		Repeat:   Clean(rep.Run.Command),
		Run:      Clean(rep.Run.ID),
		Version:  Clean(rep.Run.Version),
	}
	taken := map[string]bool{}
	for _, outcome := range rep.Outcomes {
		scene := newScene(rep.Run, outcome)
		scene.Slug = unique(Slug(scene.Slug), taken)
		v.Scenes = append(v.Scenes, scene)
	}
	return v
}

func title(run record.Run) string {
	what := map[string]string{"tune": "Tuning", "run": "Experiment", "compare": "Comparison"}[run.Kind]
	return strings.TrimSpace(cmp.Or(what, Clean(run.Kind)) + " " + Clean(run.Name))
}

// state warns that figures are missing. A run that still goes on may show the
// scenarios that it has finished without a warning.
func state(rep record.Report) Words {
	run := rep.Run
	unfinished := slices.ContainsFunc(rep.Outcomes, func(o record.Outcome) bool {
		return o.Recommendation == nil && o.Compare == nil && o.Grid == nil
	})
	switch {
	case run.State == "" || run.State == "done" || run.State == "running" && !unfinished && len(rep.Outcomes) > 0:
		return ""
	case run.State == "interrupted":
		return "This run was interrupted: what follows is what it had measured by then. The same command on the same store resumes it."
	default:
		return Words(fmt.Sprintf("This run is not finished (%s): what follows is what it has measured so far.", Clean(run.State)))
	}
}

func facts(run record.Run) []Fact {
	m := run.Machine
	list := []Fact{{"class", Code(m.Class)}}
	if m.UsableCores > 0 {
		list = append(list, Fact{"usable cores", Words(fmt.Sprint(m.UsableCores))})
	}
	if m.MemoryBytes > 0 {
		list = append(list, Fact{"memory", Size(m.MemoryBytes)})
	}
	names := make([]string, 0, len(m.Detail))
	for name := range m.Detail {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		list = append(list, Fact{Clean(name), Words(Clean(m.Detail[name]))})
	}
	if len(m.Absent) > 0 {
		list = append(list, Fact{"cannot be read here", Words(Clean(strings.Join(m.Absent, ", ")))})
	}
	list = append(list, Fact{"run", Code(run.ID)}, Fact{"seed", Words(fmt.Sprint(run.Seed))}, Fact{"sluice", Words(cmp.Or(Clean(run.Version), "–"))})
	if !run.Started.IsZero() {
		list = append(list, Fact{"started", Words(run.Started.UTC().Format("2006-01-02 15:04:05 MST"))})
	}
	if !run.Finished.IsZero() {
		list = append(list, Fact{"took", Words(run.Finished.Sub(run.Started).Round(time.Second).String())})
	}
	return list
}

// longest keeps a slug, and the file names made of it, within what file systems take.
const longest = 80

// Slug makes a name fit for files and anchors: lower-case letters, digits and dashes.
func Slug(name string) string {
	fields := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	slug := strings.Join(fields, "-")
	return cmp.Or(strings.Trim(slug[:min(len(slug), longest)], "-"), "scenario")
}

func unique(slug string, taken map[string]bool) string {
	name := slug
	for i := 2; taken[name]; i++ {
		name = fmt.Sprintf("%s-%d", slug, i)
	}
	taken[name] = true
	return name
}
