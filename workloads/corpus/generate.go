package corpus

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"
	"unicode"

	"sluice/workloads/internal/author"
)

// plants are the kinds of file that a planted tree is made of: one template
// each, its name ending in what the file's name ends in. A template marks a line
// on which a rule must fire with {{plant "rule-id"}}, which leaves no trace in
// the text. To add a kind, add a file.
//
//go:embed plants/*.tmpl
var plants embed.FS

// planted is a generated tree: contents by path, and what a scan must find.
type planted struct {
	contents map[string][]byte
	findings []Planting // sorted
}

// generate makes a tree of that many files. File i depends on seed and i alone,
// so that a smaller tree is part of a larger one. Every kind occurs once before
// any occurs twice; from then on one file in four holds plants.
func generate(seed uint64, files int) (planted, error) {
	kinds, err := template.New("").Funcs(new(draft).functions()).ParseFS(plants, "plants/*.tmpl")
	if err != nil {
		return planted{}, fmt.Errorf("read the templates of the planted corpus: %w", err)
	}
	names, err := fs.Glob(plants, "plants/*.tmpl")
	if err != nil {
		return planted{}, fmt.Errorf("list the templates of the planted corpus: %w", err)
	}
	tree := planted{contents: map[string][]byte{}}
	for i := range files {
		d := newDraft(seed, i)
		name := path.Base(d.kind(names, i))
		if err := kinds.Lookup(name).Funcs(d.functions()).Execute(&d.text, d.page()); err != nil {
			return planted{}, fmt.Errorf("make planted file %d: %w", i, err)
		}
		file := d.place(strings.TrimSuffix(name, ".tmpl"))
		tree.contents[file] = d.text.Bytes()
		for _, p := range d.found {
			tree.findings = append(tree.findings, Planting{Path: file, Line: p.Line, Rule: p.Rule})
		}
	}
	slices.SortFunc(tree.findings, func(a, b Planting) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule))
	})
	return tree, nil
}

// draft is one file in the making. It gives the templates their words, and notes
// the line on which each plant stands.
type draft struct {
	index int
	dice  *author.Dice
	text  bytes.Buffer
	found []Planting // without path
}

func newDraft(seed uint64, index int) *draft {
	return &draft{index: index, dice: author.NewDice(seed, index)}
}

// kind chooses the template of file i.
func (d *draft) kind(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	wanted := d.dice.Pick(4) == 0
	fitting := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		text, err := plants.ReadFile(name)
		return err != nil || bytes.Contains(text, []byte("{{plant ")) != wanted
	})
	return fitting[d.dice.Pick(len(fitting))]
}

// page is what a template is filled with.
type page struct {
	Package string // and folder
	Noun    string // "invoice"
	Type    string // "Invoice"
	Items   []item // each a function, a section or a line
}

// item names one part of a file; no two of a file are alike.
type item struct {
	Name, Camel, Snake string // "MergeInvoice7", "mergeInvoice7", "merge_invoice_7"
	Number             int    // 2 … 999
}

//nolint:gochecknoglobals // tables that never change
var (
	nouns = []string{"invoice", "parcel", "ticket", "recipe", "sensor", "branch", "garden", "voyage", "ledger", "signal", "carrier", "tenant"}
	verbs = []string{"Merge", "Count", "Move", "Check", "Split", "Trim", "Order", "Weigh", "Close", "Renew", "Match", "Scale"}
	areas = []string{"billing", "catalog", "delivery", "journal", "monitor", "partner", "planning", "storage"}
)

// page draws the words of a file. The number of its items is spread evenly over
// powers of two, so that sizes are as uneven as those of a real tree: 100 bytes
// to 20 kilobytes.
func (d *draft) page() page {
	noun := nouns[d.dice.Pick(len(nouns))]
	p := page{Package: areas[d.dice.Pick(len(areas))], Noun: noun, Type: capital(noun)}
	most := 1 << d.dice.Pick(6)
	for i := range most/2 + 1 + d.dice.Pick(most) {
		verb := verbs[d.dice.Pick(len(verbs))]
		p.Items = append(p.Items, item{
			Name:   fmt.Sprintf("%s%s%d", verb, p.Type, i),
			Camel:  fmt.Sprintf("%s%s%d", strings.ToLower(verb), p.Type, i),
			Snake:  fmt.Sprintf("%s_%s_%d", strings.ToLower(verb), noun, i),
			Number: 2 + d.dice.Pick(998),
		})
	}
	return p
}

// place is the path of the file: its index keeps it apart from all others.
func (d *draft) place(kind string) string {
	base, ext, _ := strings.Cut(kind, ".")
	return fmt.Sprintf("%s/%s_%03d.%s", areas[d.dice.Pick(len(areas))], base, d.index, ext)
}

// functions are what the templates may call.
func (d *draft) functions() template.FuncMap {
	return template.FuncMap{
		"plant": func(rule string) string {
			d.found = append(d.found, Planting{Line: 1 + bytes.Count(d.text.Bytes(), []byte("\n")), Rule: rule})
			return ""
		},
		"secret":      d.dice.Secret,
		"secretLines": d.dice.KeyLines,
		"dashes":      func() string { return strings.Repeat("-", 5) },
		"private":     func() string { return strings.Join([]string{"PRIVATE", "KEY"}, " ") },
		"word":        func(n int) string { return d.dice.Letters(author.Lower, n) },
		"upper":       strings.ToUpper,
	}
}

func capital(word string) string {
	return string(unicode.ToUpper(rune(word[0]))) + word[1:]
}
