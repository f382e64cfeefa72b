package cli

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/target"
	"sluice/harness/tuner"
	"sluice/harness/unit"
)

// chosen is what recommend says of one scenario: a recommendation made of stored
// trials.
type chosen struct {
	record.Recommendation
	Source  string   `json:"source"`            // the stored run
	Seen    string   `json:"seen,omitempty"`    // where the candidate was: confirmation or search
	Binding []bound  `json:"binding,omitempty"` // every requirement, where nothing that was measured keeps them all
	Nearest *nearest `json:"nearest,omitempty"` // likewise: what comes nearest to all of them together

	searched record.Arm // the reference in the search's blocks, beside a candidate that was seen there alone
	requires []string   // metrics of Binding
}

// Where a candidate was seen.
const (
	inSearch       = "search"
	inConfirmation = "confirmation"
)

// bound is how near the configurations that were measured come to a requirement by
// itself.
type bound struct {
	Requirement string      `json:"requirement"`
	Holds       bool        `json:"holds"` // for some configuration; else this requirement alone rules all out
	Best        float64     `json:"best"`  // nearest value, or farthest within the bound
	Arm         string      `json:"arm"`
	Config      record.Flat `json:"config"`
}

// nearest is the configuration that breaks the requirements least.
type nearest struct {
	Arm    string      `json:"arm"`
	Config record.Flat `json:"config"`
	Breaks []string    `json:"breaks"`
}

// stock is what a stored run measured of one scenario, parted by what it can prove.
type stock struct {
	run       record.Run
	scenario  record.Scenario
	goal      decide.Goal
	timed     bool
	also      []record.Trial // of --also, in those blocks
	confirmed []record.Trial // blocks whose number was fixed beforehand: confirmation, or a grid
	full      []record.Trial // over all files
	searched  []record.Trial // blocks of a search, whose best is inflated
}

// finalistNames are what tune calls those that its search put forward for confirmation.
// Its other arms are those of --also, which are never chosen; no arm of --also may
// have these names.
func finalistNames() []string { return []string{"chosen", "fastest"} }

// stockOf parts the trials of an outcome. Placebos are no configurations of their own.
func stockOf(run record.Run, o record.Outcome, goal decide.Goal) stock {
	s := stock{run: run, scenario: o.Scenario, goal: goal, timed: !run.Foreign || slices.Contains([]string{record.Wall, record.CPU}, goal.Leading())}
	for _, t := range o.Trials {
		if t.Arm == lab.Placebo || t.SetAside != "" {
			continue
		}
		switch t.Phase {
		case record.Confirmation:
			if t.Arm != lab.Reference && !slices.Contains(finalistNames(), t.Arm) {
				s.also = append(s.also, t)
				continue
			}
			s.confirmed = append(s.confirmed, t)
		case record.Grid:
			s.confirmed = append(s.confirmed, t)
		case record.Full:
			s.full = append(s.full, t)
		case record.Search:
			s.searched = append(s.searched, t)
		}
	}
	return s
}

// verdictOf is a confirmed configuration with its verdict under the goal.
type verdictOf struct {
	arm     record.Arm
	verdict record.Verdict
	step    string
	broken  []string
}

func (v verdictOf) usable() bool { return v.verdict == record.Better && len(v.broken) == 0 }

// contenders lists the names of the configurations beside the reference, in the order in
// which they were measured.
func contenders(trials []record.Trial) (names []string) {
	for _, t := range trials {
		if t.Arm != lab.Reference && !slices.Contains(names, t.Arm) {
			names = append(names, t.Arm)
		}
	}
	return names
}

// judged gives every confirmed configuration its verdict, in the goal's order. To be
// free to choose any of them, all share the error: each interval holds with 1 − α/k.
func (s stock) judged() []verdictOf {
	names := contenders(s.confirmed)
	rule := decide.Rule{Alpha: tuner.Alpha / float64(max(1, len(names)))}
	busy := s.timed && len(tuner.Disturbed(s.confirmed)) > 0
	var all []verdictOf
	for _, score := range decide.Rank(decide.Scores(s.confirmed, lab.Reference, s.goal), s.goal, s.goal.Noise(s.confirmed, lab.Reference)) {
		v := verdictOf{arm: decide.Arms(s.confirmed, []string{score.Arm})[0]}
		v.arm.Ratios = rule.Ratios(s.confirmed, score.Arm, lab.Reference, s.goal)
		v.verdict, v.step = s.goal.Verdict(s.confirmed, score.Arm, lab.Reference, v.arm.Ratios, rule)
		if busy { // a busy machine excludes nothing
			decide.NotShown(v.arm.Ratios)
			if v.verdict == record.NoDifference {
				v.verdict = record.Undecided
			}
		}
		v.broken = s.breaks(v.arm)
		all = append(all, v)
	}
	return all
}

// besides are the arms of --also with their ratios, each with the whole error.
func (s stock) besides() (all []record.Arm) {
	trials := slices.Concat(s.confirmed, s.also)
	for _, arm := range decide.Arms(s.also, contenders(s.also)) {
		arm.Ratios = decide.Rule{Alpha: tuner.Alpha}.Ratios(trials, arm.Name, lab.Reference, s.goal)
		all = append(all, arm)
	}
	return all
}

// breaks are the requirements that an arm breaks in confirmation or over all files,
// and the trials in which it failed.
func (s stock) breaks(arm record.Arm) []string {
	broken := s.goal.Meets(arm.Metrics)
	if whole := decide.Arms(s.full, []string{arm.Name})[0]; len(whole.Metrics) > 0 {
		for _, b := range s.goal.Meets(whole.Metrics) {
			broken = append(broken, "over all files "+b)
		}
	}
	for _, t := range slices.Concat(s.confirmed, s.full) {
		if t.Arm == arm.Name && t.Status != record.OK {
			broken = append(broken, fmt.Sprintf("a trial of the %s phase: %s: %s", t.Phase, t.Status, t.Reason))
		}
	}
	return broken
}

// choose chooses again. Only a configuration with confirmation blocks can be better;
// one that only a search saw is a candidate.
func (s stock) choose() (chosen, error) {
	reference := s.reference()
	if len(reference.Metrics) == 0 {
		return chosen{}, fmt.Errorf("%s: no trial of the reference is stored; nothing can be chosen", s.scenario.Name)
	}
	if len(s.goal.Require) > 0 && !slices.ContainsFunc(s.everything(), func(a record.Arm) bool { return len(s.goal.Meets(a.Metrics)) == 0 }) {
		return s.infeasible(reference), nil
	}
	judged := s.judged()
	c := s.begin(reference)
	if i := slices.IndexFunc(judged, verdictOf.usable); i >= 0 {
		best := judged[i]
		c.Verdict, c.Step, c.Recommended, c.Gain = best.verdict, best.step, best.arm, best.arm.Ratios
		c.Recommended.Name = "recommended"
		judged = slices.Delete(judged, i, i+1)
		c.Warnings = append(c.Warnings, s.ahead(best)...)
	} else {
		s.candidate(&c, judged)
	}
	c.Also = append(c.Also, s.besides()...)
	for _, v := range judged {
		if c.Candidate == nil || v.arm.Config.ID() != c.Candidate.Config.ID() {
			c.Also = append(c.Also, v.arm)
		}
	}
	if c.Verdict != record.Better {
		for _, broken := range s.goal.Meets(reference.Metrics) {
			c.Warnings = append(c.Warnings, "the reference, which is kept, does not hold "+broken)
		}
	}
	return c, nil
}

// begin is the recommendation that keeps the reference.
func (s stock) begin(reference record.Arm) chosen {
	c := chosen{Source: "stored trials of run " + s.run.ID}
	c.Recommendation = record.Recommendation{
		Schema: tuner.RecommendationSchema, Run: s.run.ID, Verdict: record.Undecided, Goal: s.goal.Record(), Machine: s.run.Machine, Scenario: s.scenario,
		Measurements: len(s.confirmed) + len(s.full) + len(s.searched), ConfirmedBlocks: s.blocks(), Reference: reference, Recommended: reference,
		Gain: map[string]record.Ratio{}, Indistinguishable: []record.Arm{}, Warnings: []string{},
	}
	for _, t := range slices.Concat(s.confirmed, s.searched)[:1] {
		c.Fidelity = t.Sample.Fidelity
	}
	if s.timed {
		c.Warnings = append(c.Warnings, tuner.Disturbed(slices.Concat(s.confirmed, s.full))...)
	}
	if k := len(contenders(s.confirmed)); k > 1 {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%d configurations with blocks of their own were chosen among: each interval holds with %s, so that the choice does not inflate what is shown", k, unit.Percent(1-tuner.Alpha/float64(k))))
		if least := stats.MinPairs(tuner.Alpha / float64(k)); s.blocks() < least {
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s can show nothing among %d configurations; it takes %d or more", counted(s.blocks(), "block"), k, least))
		}
	}
	return c
}

// blocks counts the pairs of the configuration that has most.
func (s stock) blocks() (most int) {
	for _, name := range contenders(s.confirmed) {
		most = max(most, len(s.goal.LogRatios(s.confirmed, name, lab.Reference, s.goal.Leading())))
	}
	return most
}

// reference is its medians over the blocks that prove most.
func (s stock) reference() record.Arm {
	trials := s.confirmed
	if len(contenders(trials)) == 0 {
		trials = s.searched
	}
	arm := decide.Arms(trials, []string{lab.Reference})[0]
	arm.Name = cmp.Or(s.run.Reference, lab.Reference)
	return arm
}

// candidate names what is most promising where the reference is kept: the first of
// the goal's order, by the search if there was one.
func (s stock) candidate(c *chosen, judged []verdictOf) {
	ranked := s.ranked()
	confirmed := func(config record.Flat) *verdictOf {
		i := slices.IndexFunc(judged, func(v verdictOf) bool { return v.arm.Config.ID() == config.ID() })
		if i < 0 {
			return nil
		}
		return &judged[i]
	}
	var best *verdictOf // of those confirmed that keep what is required, one that is not shown to be worse if there is one
	for i := range judged {
		if len(s.goal.Meets(judged[i].arm.Metrics)) > 0 {
			continue
		}
		if best == nil || best.verdict == record.Worse && judged[i].verdict != record.Worse {
			best = &judged[i]
		}
	}
	if len(ranked) > 0 && ranked[0].Feasible(s.goal) && s.promising(ranked[0]) {
		if best = confirmed(ranked[0].Config); best == nil {
			c.Candidate, c.Seen = &record.Arm{Name: "candidate", Config: ranked[0].Config, Metrics: ranked[0].Metrics}, inSearch
			c.searched = decide.Arms(s.searched, []string{lab.Reference})[0]
			c.searched.Name = c.Reference.Name
			c.Warnings = append(c.Warnings, fmt.Sprintf("the candidate was seen in %s of the search alone, and the best of a search is inflated: not confirmed: run %s", counted(ranked[0].Pairs, "block"), s.confirming()))
			return
		}
	}
	if best == nil {
		c.Warnings = append(c.Warnings, "nothing that was measured and keeps what is required looks better than the reference under this goal")
		return
	}
	arm := best.arm
	arm.Name = "candidate"
	c.Candidate, c.Seen, c.Verdict, c.Step = &arm, inConfirmation, best.verdict, best.step
	if c.Verdict == record.Better {
		c.Verdict = record.Undecided
	}
	for _, broken := range best.broken {
		c.Warnings = append(c.Warnings, "the candidate failed confirmation: "+broken)
	}
}

// ahead warns where the search puts a configuration that nobody confirmed beyond the
// recommended one by more than the margin, and than the noise of their blocks.
func (s stock) ahead(best verdictOf) []string {
	ranked := s.ranked()
	at := slices.IndexFunc(ranked, func(score decide.Score) bool { return score.Config.ID() == best.arm.Config.ID() })
	if at <= 0 || !ranked[0].Feasible(s.goal) {
		return nil
	}
	leading := func(score decide.Score) float64 {
		if s.goal.Objective == decide.Balanced {
			return score.Throughput
		}
		return score.Objective
	}
	lead := leading(ranked[0]) - leading(ranked[at])
	noise := s.goal.Noise(s.searched, lab.Reference) * math.Sqrt(1/float64(max(1, ranked[0].Pairs))+1/float64(max(1, ranked[at].Pairs)))
	if !(lead > max(noise, math.Log1p(s.goal.MarginOf(s.goal.Leading())))) || math.IsInf(lead, 0) {
		return nil
	}
	return []string{fmt.Sprintf("the search saw %s ahead of the recommended by %s in %s: not confirmed: run %s", ranked[0].Config, unit.Percent(math.Expm1(lead)), counted(ranked[0].Pairs, "block"), s.confirming())}
}

// ranked is the search in the goal's order.
func (s stock) ranked() []decide.Score {
	return decide.Rank(decide.Scores(s.searched, lab.Reference, s.goal), s.goal, s.goal.Noise(s.searched, lab.Reference))
}

// promising says whether the search saw a gain that would matter: in the objective, or
// in one of balanced's three without giving throughput up; or a requirement kept that
// the reference breaks.
func (s stock) promising(score decide.Score) bool {
	if len(s.goal.Meets(s.reference().Metrics)) > 0 {
		return true
	}
	matters := func(metric string, log float64) bool { return log > math.Log1p(s.goal.MarginOf(metric)) }
	if s.goal.Objective != decide.Balanced {
		return matters(s.goal.Objective, score.Objective)
	}
	return matters(record.Throughput, score.Throughput) ||
		score.Throughput > -decide.NotWorseMargin && (matters(record.P99, score.P99) || matters(record.RSS, score.RSS))
}

// confirming is the command that would confirm another choice.
func (s stock) confirming() string {
	words := []string{"sluice", "tune"}
	switch {
	case s.run.Foreign:
		words = append(words, "--target", "FILE")
	case slices.Contains(newRegistry(".").Names(), s.scenario.Corpus):
		words = append(words, "corpus:"+s.scenario.Corpus, "--storage", s.scenario.Storage)
	default:
		words = append(words, s.scenario.Root, "--storage", s.scenario.Storage)
	}
	words = append(words, "--goal", shortGoal(s.goal.Record().Objective))
	for _, requirement := range s.goal.Require {
		words = append(words, "--require", requirement.String())
	}
	return target.ShellLine(words)
}

// everything is each configuration with the medians of the blocks that prove most.
func (s stock) everything() []record.Arm {
	var all []record.Arm
	seen := map[string]bool{}
	for _, trials := range [][]record.Trial{s.confirmed, s.also, s.searched} {
		for _, arm := range decide.Arms(trials, append([]string{lab.Reference}, contenders(trials)...)) {
			broken := slices.ContainsFunc(trials, func(t record.Trial) bool { return t.Arm == arm.Name && t.Status != record.OK })
			if id := arm.Config.ID(); len(arm.Metrics) > 0 && !seen[id] && !broken {
				seen[id] = true
				all = append(all, arm)
			}
		}
	}
	return all
}

// infeasible says which requirement rules everything out, and how near one can get.
func (s stock) infeasible(reference record.Arm) chosen {
	c := s.begin(reference)
	least := math.Inf(1)
	for _, arm := range s.everything() {
		if excess := s.excess(arm); excess < least {
			least, c.Nearest = excess, &nearest{Arm: arm.Name, Config: arm.Config, Breaks: s.goal.Meets(arm.Metrics)}
		}
	}
	for _, requirement := range s.goal.Require {
		b := bound{Requirement: requirement.Words()}
		found := false
		for _, arm := range s.everything() {
			value, ok := arm.Metrics[requirement.Metric]
			better := value < b.Best
			if wantsMore(requirement) {
				better = value > b.Best
			}
			if ok && (!found || better) {
				b.Best, b.Arm, b.Config, found = value, arm.Name, arm.Config, true
			}
		}
		b.Holds = found && requirement.Holds(b.Best)
		c.Binding, c.requires = append(c.Binding, b), append(c.requires, requirement.Metric)
		c.Warnings = append(c.Warnings, b.words(requirement.Metric, found))
	}
	if c.Nearest != nil {
		c.Warnings = append(c.Warnings, "nearest to all of them together comes "+c.Nearest.words())
	}
	return c
}

func (n nearest) words() string { return n.Arm + " (" + strings.Join(n.Breaks, ", ") + ")" }

// words say how near the requirement was met by itself.
func (b bound) words(metric string, measured bool) string {
	switch {
	case !measured:
		return b.Requirement + " cannot be judged: " + unit.Short(metric) + " was not measured"
	case b.Holds:
		return fmt.Sprintf("%s by itself holds: %s reaches %s", b.Requirement, b.Arm, unit.Format(metric, b.Best))
	}
	return fmt.Sprintf("%s binds: nothing that was measured keeps it; the nearest is %s, by %s", b.Requirement, unit.Format(metric, b.Best), b.Arm)
}

// excess is by how much an arm breaks the requirements, in sum of logarithms.
func (s stock) excess(arm record.Arm) float64 {
	sum := 0.0
	for _, requirement := range s.goal.Require {
		value, ok := arm.Metrics[requirement.Metric]
		switch {
		case !ok:
			return math.Inf(1)
		case !requirement.Holds(value) && value > 0 && requirement.Value > 0:
			sum += math.Abs(math.Log(value / requirement.Value))
		case !requirement.Holds(value):
			sum += 1 // no ratio of such values tells how far they are apart
		}
	}
	return sum
}

// wantsMore tells whether a requirement asks for more rather than less.
func wantsMore(r unit.Requirement) bool { return r.Op == unit.More || r.Op == unit.MoreOrEqual }
