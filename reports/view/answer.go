package view

import (
	"fmt"
	"math"
	"strings"

	"sluice/harness/record"
	"sluice/harness/unit"
)

// phrase says what a ratio means: the words before and after it, when it is
// above 1 and, for metrics where lower is better, turned over when below.
type phrase struct{ above, below [2]string }

var phrases = map[string]phrase{ //nolint:gochecknoglobals // a table that never changes
	record.Throughput: {above: [2]string{" gives ", " the throughput of "}},
	record.FilesPerS:  {above: [2]string{" gives ", " the files per second of "}},
	record.Wall:       {above: [2]string{" is ", " faster than "}, below: [2]string{" is ", " slower than "}},
	record.CPU:        {above: [2]string{" uses ", " less CPU time than "}, below: [2]string{" uses ", " more CPU time than "}},
	record.P50:        {above: [2]string{" has a median sojourn time ", " shorter than that of "}, below: [2]string{" has a median sojourn time ", " longer than that of "}},
	record.P99:        {above: [2]string{" has a p99 sojourn time ", " shorter than that of "}, below: [2]string{" has a p99 sojourn time ", " longer than that of "}},
	record.RSS:        {above: [2]string{" needs ", " less memory at its peak than "}, below: [2]string{" needs ", " more memory at its peak than "}},
}

// Sentence says in words what a ratio says: "`a` gives 2.31 × the throughput of
// `b`". A ratio below 1 of a metric where lower is better is turned over, since
// "0.5 × shorter" says nothing; the ratio that is returned is the one in the words.
func Sentence(subject, reference Words, metric string, r record.Ratio) (Words, record.Ratio) {
	p, known := phrases[metric]
	if !known {
		p = ownPhrase(metric, describe(metric).HigherBetter)
	}
	return p.say(subject, reference, r)
}

// sentence is Sentence that knows which way a target's own metrics are better.
func (c Cast) sentence(subject, reference Words, metric string, r record.Ratio) (Words, record.Ratio) {
	if higher, own := c.own[metric]; own {
		return ownPhrase(metric, higher).say(subject, reference, r)
	}
	return Sentence(subject, reference, metric, r)
}

func (p phrase) say(subject, reference Words, r record.Ratio) (Words, record.Ratio) {
	parts := p.above
	if r.Ratio < 1 && p.below[0] != "" {
		parts = p.below
		r.Ratio, r.Low, r.High = 1/r.Ratio, 1/r.High, 1/r.Low
	}
	return subject + Words(parts[0]) + Ratio(r) + Words(parts[1]) + reference, r
}

func ownPhrase(metric string, higherBetter bool) phrase {
	name := string(Code(metric))
	if higherBetter {
		return phrase{above: [2]string{" gives ", " the " + name + " of "}}
	}
	return phrase{above: [2]string{" has a " + name + " ", " lower than that of "}, below: [2]string{" has a " + name + " ", " higher than that of "}}
}

// proof is what stands behind a ratio: "95 % interval 2.28–2.35, n = 7".
func proof(r record.Ratio) Words {
	n := Words(fmt.Sprintf("n%s=%s%d", nbsp, nbsp, r.N))
	if !Bounded(r) {
		return "no interval yet, " + n
	}
	return Percent(r.Confidence) + " interval " + Interval(r) + ", " + n
}

// place is where the answer holds: "On this machine, over `goroot` under `nfs`".
func place(s record.Scenario) Words {
	words := Words("On this machine")
	if s.Corpus != "" {
		words += ", over " + Words(Clean(s.Corpus))
		if s.Storage != "" {
			words += " under " + Words(Clean(s.Storage))
		}
	}
	return words + ", "
}

// answer is the scene's one sentence.
func (c Cast) answer(o record.Outcome) Words {
	reference, known := c.Of(Reference)
	subject, found := c.Of(Subject)
	switch {
	case !known || (o.Recommendation == nil && o.Compare == nil && o.Grid == nil):
		return Words(fmt.Sprintf("Not shown: nothing is confirmed yet, after %s.", count(len(o.Trials), "trial")))
	case !found:
		return "No difference: " + lower(place(o.Scenario)) + "nothing that was tried promised more than " + c.name(reference) + ", so nothing was put to the test."
	case o.Recommendation != nil && o.Recommendation.Candidate != nil && o.Recommendation.ConfirmedBlocks == 0:
		return "Not shown: " + lower(place(o.Scenario)) + c.name(subject) + " looks better than " + c.name(reference) + " in the search alone; no block has confirmed it."
	case c.Phase == record.Grid:
		return c.answerGrid(o, reference, subject)
	}
	return c.answered(place(o.Scenario), c.verdict(subject), subject, reference)
}

// verdict is the run's own where it has one, else that of the deciding ratio.
func (c Cast) verdict(p Part) record.Verdict {
	if c.Verdict != "" {
		return c.Verdict
	}
	if v := p.Ratios[c.Decided].Verdict; v != "" {
		return v
	}
	return record.Undecided
}

// answered joins place, ratio and verdict to a sentence.
func (c Cast) answered(place Words, v record.Verdict, of, to Part) Words {
	subject, reference, metric, r := c.name(of), c.name(to), c.Decided, of.Ratios[c.Decided]
	if r.N == 0 {
		return "Not shown: " + lower(place) + subject + " and " + reference + " have no pair of trials in which both gave a figure."
	}
	said, turned := c.sentence(subject, reference, metric, r)
	margin := Percent(r.Margin)
	switch {
	case v == record.NoDifference:
		return "No difference: " + lower(place) + subject + " and " + reference + " differ in " + Words(Title(metric)) + " by less than the margin of " + margin + " (ratio " + ratioOnly(r) + ", " + proof(r) + ")."
	case v == record.Better || v == record.Worse:
		return place + said + " (" + proof(turned) + ")."
	case v == record.Undecided && r.Low > 1-r.Margin && r.High < 1+r.Margin:
		return "Not shown: " + lower(place) + "the ratio of " + subject + " to " + reference + " in " + Words(Title(metric)) + " lies within the margin of " + margin + " (" + ratioOnly(r) + ", " + proof(r) + "), but something speaks against calling that no difference; see the warnings."
	case r.Verdict == record.Better:
		return "Not taken: " + lower(place) + said + " (" + proof(turned) + "), but something else speaks against it; see the warnings."
	default:
		return "Not shown: " + lower(place) + "it is undecided whether " + subject + " and " + reference + " differ in " + Words(Title(metric)) + " by more than the margin of " + margin + " (ratio " + ratioOnly(r) + ", " + proof(r) + ")." + needs(r)
	}
}

// answerGrid speaks of the best row, and says so, since it was picked by the
// figures that are then reported.
func (c Cast) answerGrid(o record.Outcome, reference, best Part) Words {
	rows := len(c.Parts) - 1
	ratio := best.Ratios[c.Decided]
	if others := c.better(); ratio.Verdict != record.Better && others > 0 {
		return "Not shown: " + lower(place(o.Scenario)) + c.name(best) + " comes first under the goal, but is not shown to be better than " + c.name(reference) +
			" (" + Words(Title(c.Decided)) + " ratio " + ratioOnly(ratio) + ", " + proof(ratio) + "). " + Words(fmt.Sprintf("Of %d others %d are.", rows-1, others))
	}
	if ratio.Verdict != record.Better {
		return Words(fmt.Sprintf("Not shown: %snone of the %d configurations is shown to be better than ", lower(place(o.Scenario)), rows)) + c.name(reference) +
			"; the first of them is " + c.name(best) + " (" + Words(Title(c.Decided)) + " ratio " + ratioOnly(ratio) + ", " + proof(ratio) + ")." + needs(ratio)
	}
	said, turned := c.sentence(c.name(best), c.name(reference), c.Decided, ratio)
	return place(o.Scenario) + "of " + Words(fmt.Sprint(rows)) + " configurations, " + said + " (" + proof(turned) + ")."
}

// better counts the parts that are shown to be better on the deciding metric.
func (c Cast) better() (n int) {
	for _, part := range c.Parts {
		if part.Ratios[c.Decided].Verdict == record.Better {
			n++
		}
	}
	return n
}

func ratioOnly(r record.Ratio) Words {
	if !finite(r.Ratio) || r.Ratio <= 0 {
		return "–"
	}
	return Words(fmt.Sprintf("%.*f", decimals(r.Ratio), r.Ratio))
}

// needs says how many pairs would decide; a number beyond reason is said to be so.
func needs(r record.Ratio) Words {
	switch {
	case r.Needed <= 0 || r.Verdict != record.Undecided:
		return ""
	case r.Needed > 1000:
		return " More than 1000 pairs would be needed to decide it."
	default:
		return Words(fmt.Sprintf(" About %d pairs would decide it%s.", r.Needed, minutes(r)))
	}
}

// minutes is how long the missing pairs would take, where that is known.
func minutes(r record.Ratio) string {
	if r.NeededS <= 0 {
		return ""
	}
	return ", " + strings.ReplaceAll(unit.Time(r.NeededS), " ", nbsp) + " more"
}

// leastSpread is how many pairs show a spread at all (stats.Spread).
const leastSpread = 3

// itself says what the machine shows where there is nothing to show.
func itself(p *record.Placebo) Words {
	if p == nil {
		return ""
	}
	words := Words("This machine against itself (" + count(p.Pairs, "placebo pair") + " in this store): ")
	if p.Comparisons > 0 {
		words += Words(fmt.Sprintf("%d of %s found a difference where there is none (at most ", p.False, count(p.Comparisons, "comparison"))) + Percent(p.RateHigh) + " of them do, with 95 %); "
	}
	if p.Pairs < leastSpread {
		return words + "too few to say how far a pair spreads."
	}
	words += "a pair spreads by " + Percent(p.Spread)
	if p.Detectable > 1 {
		words += Words(fmt.Sprintf(", so that as many pairs as here show a ratio of %.*f", decimals(p.Detectable), p.Detectable))
	}
	return words + "."
}

func placeboOf(o record.Outcome) *record.Placebo {
	switch {
	case o.Recommendation != nil:
		return o.Recommendation.Placebo
	case o.Compare != nil:
		return o.Compare.Placebo
	case o.Grid != nil:
		return o.Grid.Placebo
	default:
		return nil
	}
}

// lower sets the first letter small: "On this machine" within a sentence.
func lower(w Words) Words {
	if w == "" {
		return ""
	}
	return Words(string(w[0]|0x20)) + w[1:]
}

// more is what must be known with the answer, kept to what changes a decision.
func (c Cast) more(o record.Outcome) []Words {
	var list []Words
	reference, _ := c.Of(Reference)
	subject, found := c.Of(Subject)
	if rec := o.Recommendation; rec != nil {
		switch {
		case rec.Verdict == record.Better && found && c.Decided != record.Throughput:
			list = c.tradeoff(list, subject, reference, record.Throughput)
		case rec.Verdict == record.Better && found:
			list = c.tradeoff(list, subject, reference, record.P99, record.RSS)
		default:
			list = append(list, c.name(reference)+" is kept.")
		}
		if rec.Wrote != "" {
			list = append(list, "Written to "+Code(rec.Wrote)+".")
		}
	}
	if o.Recommendation == nil && found && c.verdict(subject) == record.Better {
		list = c.tradeoff(list, subject, reference, record.P99, record.RSS)
	}
	if words := itself(placeboOf(o)); words != "" {
		list = append(list, words)
	}
	return list
}

// tradeoff says what the other metrics did, where they are shown to have moved.
func (c Cast) tradeoff(list []Words, subject, reference Part, metrics ...string) []Words {
	for _, metric := range metrics {
		r := subject.Ratios[metric]
		if metric == c.Decided || r.Verdict != record.Better && r.Verdict != record.Worse || math.IsNaN(r.Ratio) {
			continue
		}
		said, turned := c.sentence("It", c.name(reference), metric, r)
		list = append(list, said+" ("+proof(turned)+").")
	}
	return list
}
