package house

import (
	"path"
	"regexp"
	"strings"

	"sluice/harness/cli/doctest"
)

var (
	// unfinished is written so that it does not find itself.
	unfinished = regexp.MustCompile(`\b(TO[D]O|FIX[M]E|XX[X])\b`)
	codeSpan   = regexp.MustCompile("`+[^`]*`+")
)

// noUnfinishedNotes looks at comments of Go, YAML and shell and at the prose of
// pages, not at code: a search for the word is a fair example. What is not
// done yet belongs in an issue.
func noUnfinishedNotes(t *Tree) []Fault {
	var faults []Fault
	for _, f := range t.files {
		for _, group := range f.syntax.Comments {
			for _, c := range group.List {
				if word := unfinished.FindString(c.Text); word != "" {
					faults = append(faults, f.fault(c.Pos(), "%s in a comment; finish it, or open an issue", word))
				}
			}
		}
	}
	for _, x := range t.texts {
		x.remarks(func(line int, remark string) {
			if word := unfinished.FindString(remark); word != "" {
				faults = append(faults, Fault{x.path, line, word + " in the text; finish it, or open an issue"})
			}
		})
	}
	return faults
}

// remarks calls yield with what a person says in the file: prose, or comments.
func (x text) remarks(yield func(line int, remark string)) {
	if path.Ext(x.path) == ".md" {
		for line, prose := range doctest.Prose(x.data) {
			yield(line, codeSpan.ReplaceAllString(prose, ""))
		}
		return
	}
	line := 0
	for code := range strings.Lines(string(x.data)) {
		line++
		if _, remark, ok := strings.Cut(code, "#"); ok {
			yield(line, remark)
		}
	}
}
