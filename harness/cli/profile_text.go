package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"sluice/harness/profile"
	"sluice/harness/unit"
	"sluice/reports/flame"
)

// amount writes a profile's value in its unit.
func amount(of string, value float64) string {
	switch of {
	case "nanoseconds":
		return unit.Time(value / 1e9)
	case "bytes":
		return unit.Bytes(int64(value))
	default:
		return fmt.Sprintf("%.4g %s", value, of)
	}
}

// meaning is what the values of a kind are.
func meaning(kind string) string {
	switch kind {
	case profile.CPU:
		return "processor time"
	case profile.FGProf:
		return "wall time of every goroutine, on and off the processor"
	case profile.Heap:
		return "bytes allocated"
	case profile.Mutex:
		return "time that others waited for a lock"
	case profile.Block:
		return "time blocked"
	default:
		return "time waited"
	}
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// showProfile prints a profile by pool, station and function.
func showProfile(w io.Writer, s profile.Shares, top []profile.Function) error {
	fmt.Fprintf(w, "%s: %s of %s%s\n\n", s.Kind, amount(s.Unit, float64(s.Total)), meaning(s.Kind), over(s))
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	for i, part := range []struct {
		head   string
		shares []profile.Share
	}{{"pool", s.Pools}, {"station", s.Stations}} {
		if i > 0 {
			fmt.Fprintln(table, "\t\t\t")
		}
		fmt.Fprintf(table, "share\tper file\t \t%s\n", part.head)
		for _, share := range part.shares {
			fmt.Fprintf(table, "%s\t%s\t \t%s\n", percent(share.Share), perFile(s.Unit, share.PerFile), share.Name)
		}
	}
	fmt.Fprintln(table, "\t\t\t")
	fmt.Fprintln(table, "flat\twith calls\t \tfunction")
	for _, f := range top {
		fmt.Fprintf(table, "%s\t%s\t \t%s\n", percent(f.Flat), percent(f.Cum), f.Name)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", strings.Join(caption(s), "\n"))
	return err
}

// over says what the profile was taken over.
func over(s profile.Shares) string {
	text := ""
	if s.Files > 0 {
		text = fmt.Sprintf(" over %d files, %s a file", s.Files, amount(s.Unit, float64(s.Total)/float64(s.Files)))
	}
	if s.Profiles > 1 {
		text += fmt.Sprintf(" (%d profiles merged)", s.Profiles)
	}
	return text
}

func perFile(of string, value float64) string {
	if value == 0 {
		return "–"
	}
	return amount(of, value)
}

// caption says what must stand beside every picture: analysis under I/O workers,
// and what no pool could be found for.
func caption(s profile.Shares) []string {
	analysis := "analysis under I/O workers: no sample of an I/O worker"
	if s.AnalysisUnderIO != nil {
		analysis = fmt.Sprintf("analysis under I/O workers: %s of their %s", percent(*s.AnalysisUnderIO), amount(s.Unit, float64(s.IO)))
	}
	how := fmt.Sprintf("%s carry no label and are told by their functions", percent(s.Unlabelled))
	if s.Unlabelled == 1 {
		how = "this kind carries no labels; pools are told by their functions"
	}
	return []string{analysis, fmt.Sprintf("unattributable to any pool: %s (%s)", percent(s.Unattributable), how)}
}

// showDifference prints what grew and what shrank.
func showDifference(w io.Writer, a, b string, d profile.Difference) error {
	fmt.Fprintf(w, "%s, from %s to %s: ", meaning(d.Kind), a, b)
	if d.By == profile.ByFile {
		fmt.Fprintf(w, "%s to %s a file (%s)\n", amount(d.Unit, d.BaseTotal), amount(d.Unit, d.NewTotal), unit.Ratio(d.NewTotal/d.BaseTotal))
	} else {
		fmt.Fprintf(w, "shares of each total; how many files were scanned is not known\n")
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	for i, part := range []struct {
		head    string
		changes []profile.Change
	}{{"pool", d.Pools}, {"station", d.Stations}, {"function, with calls", d.Functions}} {
		if i > 0 {
			fmt.Fprintln(table, "\t\t\t\t\t")
		}
		fmt.Fprintf(table, "share\tto\tper file\tto\tchange\t \t%s\n", part.head)
		for _, c := range part.changes {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t \t%s\n", percent(c.BaseShare), percent(c.NewShare),
				perFile(d.Unit, c.BasePerFile), perFile(d.Unit, c.NewPerFile), change(d, c), c.Name)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s: %s\n%s: %s\n", a, strings.Join(caption(d.Base), "; "), b, strings.Join(caption(d.New), "; "))
	return err
}

// change is by how much a part grew, with its sign.
func change(d profile.Difference, c profile.Change) string {
	by, text := c.NewShare-c.BaseShare, ""
	if d.By == profile.ByFile {
		by = c.NewPerFile - c.BasePerFile
		text = amount(d.Unit, max(by, -by))
	} else {
		text = fmt.Sprintf("%.1f points", 100*max(by, -by))
	}
	if by < 0 {
		return "−" + text
	}
	return "+" + text
}

// flameOf draws one profile, by file where the files are known.
func flameOf(w io.Writer, name string, p *profile.Profile, s profile.Shares) error {
	var g flame.Graph
	per := scale(p)
	for stack := range p.Stacks() {
		g.Add(stack.Pool, stack.Work, float64(stack.Value)/per, 0)
	}
	return g.Write(w, flame.Page{
		Title: name, Subtitle: sentence(amount(s.Unit, float64(s.Total)) + " of " + meaning(s.Kind) + over(s)),
		Kind: meaning(s.Kind), Unit: p.Unit, PerFile: p.Files > 0, Caption: sentences(caption(s)),
	})
}

// flameOfDifference draws two profiles in one graph, by file, or where the files
// are unknown by shares of each total. Pools are left out: the same work may be
// another pool's on the other side, and the table tells them apart.
func flameOfDifference(w io.Writer, a, b string, base, changed *profile.Profile, d profile.Difference) error {
	var g flame.Graph
	of, perBase, perChanged := d.Unit, scale(base), scale(changed)
	if d.By == profile.ByTotal {
		of, perBase, perChanged = "share", float64(base.Total()), float64(changed.Total())
	}
	for stack := range base.Stacks() {
		g.Add("", stack.Work, 0, float64(stack.Value)/perBase)
	}
	for stack := range changed.Stacks() {
		g.Add("", stack.Work, float64(stack.Value)/perChanged, 0)
	}
	text := []string{"A frame is as wide as both sides together, so that what is gone is seen, too."}
	text = append(text, a+": "+strings.Join(caption(d.Base), "; ")+".", b+": "+strings.Join(caption(d.New), "; ")+".")
	return g.Write(w, flame.Page{
		Title: a + " → " + b, Subtitle: sentence(meaning(d.Kind)), Kind: meaning(d.Kind), Unit: of, PerFile: d.By == profile.ByFile,
		Caption: text, Base: a, Changed: b,
	})
}

func scale(p *profile.Profile) float64 { return float64(max(p.Files, 1)) }

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func sentences(texts []string) (all []string) {
	for _, text := range texts {
		all = append(all, sentence(text)+".")
	}
	return all
}
