package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"sluice/harness/record"
	"sluice/harness/unit"
	"sluice/reports/view"
)

// replayText writes replays for a terminal: for each table its strategies side by
// side, then what that means in words.
func replayText(w io.Writer, all []record.Replay) {
	for i, group := range byGround(all) {
		if i > 0 {
			fmt.Fprintln(w)
		}
		replayHead(w, group[0])
		replayEnds(w, group)
		for i := range group[0].Targets {
			replayTarget(w, group, i)
		}
		if group[0].Confirm != nil {
			replayConfirm(w, group)
		}
		fmt.Fprintln(w)
		for _, r := range group {
			fmt.Fprintf(w, "%s\n", paragraph(replayWords(r)))
		}
	}
	if len(all) > 0 {
		fmt.Fprintf(w, "\n  Recommended: from launch … to the end what is recommended is truly so good; tried: something so good was measured. Launches count\n"+
			"  every trial, repeats and the reference's too. N95: by which 95 %% of all searches had it. ERT: launches of all searches for each that had\n"+
			"  it. P: 0 is random search without noise or repeats (calculated), 1 the best at once. Intervals of shares are exact (95 %%). –: by too few.\n")
	}
}

// paragraph sets sentences in lines of at most 132 letters, the first indented less.
func paragraph(sentences []string) string {
	const most = 132
	line, text := " ", ""
	for word := range strings.FieldsSeq(strings.Join(sentences, " ")) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > most {
			text += line + "\n"
			line = "   "
		}
		line += " " + word
	}
	return text + line
}

// byGround puts replays of one ground together, in their order.
func byGround(all []record.Replay) [][]record.Replay {
	var groups [][]record.Replay
	for _, r := range all {
		i := slices.IndexFunc(groups, func(g []record.Replay) bool { return g[0].Ground == r.Ground })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], r)
	}
	return groups
}

func replayHead(w io.Writer, r record.Replay) {
	what := "a surface whose best configuration is known"
	if r.Kind == "table" {
		what = fmt.Sprintf("a table of %d configurations in %d rounds", r.Cells, r.Rounds)
	}
	fmt.Fprintf(w, "Searches on %s\n", view.Clean(r.Ground))
	fmt.Fprintf(w, "  %s; %s; a pair scatters by %s\n", what, unit.Short(r.Objective), ofBest(r.PairNoise))
	fmt.Fprintf(w, "  the reference is truly worth %s of the best\n", ofBest(r.Reference))
	if r.Kind == "table" {
		fmt.Fprintf(w, "  what looks best in all trials that searches may draw is truly worth %s: nobody can be expected to do better\n", ofBest(r.Ceiling))
		fmt.Fprintf(w, "  what the better configurations are truly worth is known to ± %s (one standard error)\n", ofBest(r.TruthError))
		if least := slices.MinFunc(r.Targets, func(a, b record.ReplayTarget) int { return cmp.Compare(a.Eps, b.Eps) }).Eps; 2*r.TruthError > least {
			fmt.Fprintf(w, "  warning: that is too coarse for a target of %s; record more rounds, or longer trials, on a quieter machine\n", ofBest(least))
		}
	}
	fmt.Fprintf(w, "  %d launches a search, %d searches of each strategy, seeds from %d\n", r.Launches, r.Asked, r.First)
}

// columns begins a table of text.
func columns(w io.Writer, head string) *tabwriter.Writer {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\n%s\n", head)
	return t
}

func replayEnds(w io.Writer, group []record.Replay) {
	head := "  at the end"
	for _, within := range group[0].Within {
		head += "\twithin " + ofBest(within.Eps)
	}
	t := columns(w, head+"\tclaim − truth\tbelow reference\tkept it\tP")
	for _, r := range group {
		fmt.Fprintf(t, "  %s", r.Strategy)
		for _, within := range r.Within {
			fmt.Fprintf(t, "\t%s", interval(within.ReplayCount))
		}
		fmt.Fprintf(t, "\t%s\t%s\t%d\t%s\n", meanPercent(r.Bias), interval(r.Worse), r.Kept.K, meanNumber(r.Power))
	}
	_ = t.Flush() // into memory
}

func replayTarget(w io.Writer, group []record.Replay, i int) {
	target := group[0].Targets[i]
	t := columns(w, fmt.Sprintf("  within %s\trecommended\tmedian\tN95\tERT\ttried\tmedian\tN95", ofBest(target.Eps)))
	for _, r := range group {
		rec, hit := r.Targets[i].Rec, r.Targets[i].Hit
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Strategy, interval(rec.Reached), launches(rec.Median), launches(rec.N95), ert(rec.ERT),
			interval(hit.Reached), launches(hit.Median), launches(hit.N95))
	}
	fmt.Fprintf(t, "  random draws, calculated\t\t\t\t\t\t%s\t%s\n", launches(target.Random.Median), launches(target.Random.N95))
	_ = t.Flush() // into memory
}

func replayConfirm(w io.Writer, group []record.Replay) {
	head := fmt.Sprintf("  after %d fresh blocks", group[0].Confirm.Blocks)
	for _, within := range group[0].Confirm.Within {
		head += "\twithin " + ofBest(within.Eps)
	}
	t := columns(w, head+"\tclaim − truth\tinterval holds\tbelow reference\tkept it\tverdicts")
	for _, r := range group {
		c := r.Confirm
		fmt.Fprintf(t, "  %s", r.Strategy)
		for _, within := range c.Within {
			fmt.Fprintf(t, "\t%s", interval(within.ReplayCount))
		}
		var verdicts []string
		for _, v := range slices.Sorted(maps.Keys(c.Verdicts)) {
			verdicts = append(verdicts, fmt.Sprintf("%d %s", c.Verdicts[v], v))
		}
		fmt.Fprintf(t, "\t%s\t%s\t%s\t%d\t%s\n", meanPercent(c.Bias), interval(c.Coverage), interval(c.Worse), c.Kept.K, cmp.Or(strings.Join(verdicts, ", "), "–"))
	}
	_ = t.Flush() // into memory
}

// replayWords says what one replay means.
func replayWords(r record.Replay) []string {
	words := []string{fmt.Sprintf("%s:", r.Strategy)}
	say := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	for _, t := range r.Targets {
		switch n95 := t.Rec.N95; {
		case n95 > 0:
			say("After %d launches 95 %% of its searches recommend what lies within %s of the best, and stay there.", n95, ofBest(t.Eps))
		case t.Rec.Reached.K == 0:
			say("No search ends within %s of the best.", ofBest(t.Eps))
		default:
			say("%s of its searches end within %s of the best: too few for 95 %% in %d launches.", ofBest(float64(t.Rec.Reached.K)/float64(t.Rec.Reached.N)), ofBest(t.Eps), r.Launches)
		}
	}
	if b := r.Bias; b != nil {
		say("%s", biasWords(*b))
	}
	if r.Worse.K > 0 {
		say("%d of %d searches would recommend something worse than the reference; confirmation is there to stop that.", r.Worse.K, r.Worse.N)
	} else {
		say("None of %d searches recommends something worse than the reference: at most %s do (95 %%).", r.Worse.N, ofBest(r.Worse.High))
	}
	if c := r.Confirm; c != nil {
		say("Confirmed in %d fresh blocks, %d of %d keep the reference, and %d recommend something worse than it.", c.Blocks, c.Kept.K, c.Kept.N, c.Worse.K)
	}
	return words
}

// slight is a bias of claims too small to matter.
const slight = 0.005

func biasWords(b record.ReplayMean) string {
	switch {
	case b.Low <= 0 && b.High >= 0:
		return fmt.Sprintf("What it claims shows no bias (%s to %s).", signed(b.Low), signed(b.High))
	case math.Abs(b.Mean) < slight:
		return fmt.Sprintf("What it claims is off by %s on average, which matters little.", signed(b.Mean))
	case b.Mean > 0:
		return fmt.Sprintf("What it claims is too much, by %s on average: luck that was chosen for.", ofBest(b.Mean))
	default:
		return fmt.Sprintf("What it claims is too little, by %s on average.", ofBest(-b.Mean))
	}
}

// ofBest writes a share with as many digits as it has meaning.
func ofBest(share float64) string {
	digits := 1
	if math.Abs(share-math.Round(share*100)/100) < 5e-4 {
		digits = 0
	}
	return strconv.FormatFloat(100*share, 'f', digits, 64) + " %"
}

func signed(share float64) string { return fmt.Sprintf("%+.1f %%", 100*share) }

// interval writes a count as a share with its exact interval.
func interval(c record.ReplayCount) string {
	if c.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%d of %d (%.0f–%.0f %%)", c.K, c.N, 100*c.Low, 100*c.High)
}

func meanPercent(m *record.ReplayMean) string {
	if m == nil {
		return "–"
	}
	return fmt.Sprintf("%s ± %.1f", signed(m.Mean), 100*(m.High-m.Mean))
}

func meanNumber(m record.ReplayMean) string {
	return fmt.Sprintf("%.2f ± %.2f", m.Mean, m.High-m.Mean)
}

func launches(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}

func ert(n float64) string {
	if n == 0 {
		return "–"
	}
	return strconv.FormatFloat(n, 'f', 0, 64)
}
