package analyze

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/scanner/rules"
)

// How far around a keyword a secret may lie on its line, in bytes. A minified
// line of megabytes must not be read as a whole for each keyword; a JSON Web
// Token is the longest secret that begins with its keyword.
const (
	reachBefore = 256
	reachAfter  = 4096
)

// hunt holds the rules for secrets, compiled. It is immutable and shared.
type hunt struct {
	rules    []rules.Rule
	forms    []secretForm
	keywords []literal // of all rules; the first literals of every automaton
	owner    []int     // by keyword: its rule
}

// secretForm is the pattern of one rule for secrets.
type secretForm struct {
	form  *regexp.Regexp
	group int // of form: the secret itself
	rules.Secret
}

// secret is one secret found: the place to report, and within it the text to
// hide.
type secret struct {
	rule  int // index in hunt.rules
	place span
	text  span
}

func newHunt(list []rules.Rule) (*hunt, error) {
	h := &hunt{rules: list}
	for i, r := range list {
		form, err := regexp.Compile(r.Secret.Regexp)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: rule %q: regexp: %w", r.File, r.Line, r.ID, err)
		}
		h.forms = append(h.forms, secretForm{form: form, group: max(0, form.SubexpIndex("secret")), Secret: *r.Secret})
		fold := strings.HasPrefix(r.Secret.Regexp, "(?i)")
		for _, keyword := range r.Secret.Keywords {
			h.keywords = append(h.keywords, literal{text: keyword, fold: fold})
			h.owner = append(h.owner, i)
		}
	}
	return h, nil
}

// find returns the secrets of a text, rule by rule, given where each rule's
// keywords are; those of rules that yield come apart. Rules may name the same
// text: who keeps it is decided where findings are gathered.
func (h *hunt) find(src []byte, hits [][]int) (firm, yielding []secret) {
	for i, f := range h.forms {
		for _, w := range windows(src, hits[i], f.After) {
			for _, s := range f.search(src, w) {
				s.rule = i
				if f.Yields {
					yielding = append(yielding, s)
				} else {
					firm = append(firm, s)
				}
			}
		}
	}
	return firm, yielding
}

// windows returns the parts of a text in which a rule's form is tried: the lines
// around its keywords, cut where they are long, joined where they meet.
func windows(src []byte, hits []int, after int) []span {
	var found []span
	for _, hit := range hits {
		if n := len(found); n > 0 && hit+reachAfter <= found[n-1].end {
			continue // wholly inside: no need to look for the line
		}
		w := window(src, hit, after)
		if n := len(found); n > 0 && w.start <= found[n-1].end {
			found[n-1].end = max(found[n-1].end, w.end)
			continue
		}
		found = append(found, w)
	}
	return found
}

func window(src []byte, hit, after int) span {
	from, to := max(0, hit-reachBefore), min(len(src), hit+reachAfter)
	w := span{start: from, end: to}
	if i := bytes.LastIndexByte(src[from:hit], '\n'); i >= 0 {
		w.start = from + i + 1
	}
	if i := bytes.IndexByte(src[hit:to], '\n'); i >= 0 {
		w.end = hit + i
	}
	w.end = min(len(src), w.end+after)
	return w
}

// search tries the form within a window. What is plainly no secret is left out.
func (f secretForm) search(src []byte, w span) []secret {
	var found []secret
	for _, m := range f.form.FindAllSubmatchIndex(src[w.start:w.end], -1) {
		text := span{w.start + m[2*f.group], w.start + m[2*f.group+1]}
		if m[2*f.group] < 0 || !f.credible(src[text.start:text.end]) {
			continue
		}
		found = append(found, secret{place: span{w.start + m[0], w.start + m[1]}, text: text})
	}
	return found
}

func (f secretForm) credible(text []byte) bool {
	return !placeholder(text) && (!f.Mixed || mixed(text)) && (f.Entropy == 0 || entropy(text) >= f.Entropy)
}

// span is a range of bytes of a text.
type span struct{ start, end int }

func (s span) overlaps(t span) bool { return s.start < t.end && t.start < s.end }

// spans is a set of ranges that do not overlap, in order.
type spans []span

// overlap reports whether a range meets one of the set.
func (ss spans) overlap(s span) bool {
	at, _ := slices.BinarySearchFunc(ss, s, func(e, s span) int { return cmp.Compare(e.end, s.start+1) })
	return at < len(ss) && ss[at].overlaps(s)
}

// union joins ranges in any order into a set.
func union(all []span) spans {
	slices.SortFunc(all, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	var set spans
	for _, s := range all {
		if n := len(set); n > 0 && s.start < set[n-1].end {
			set[n-1].end = max(set[n-1].end, s.end)
			continue
		}
		if s.start < s.end {
			set = append(set, s)
		}
	}
	return set
}
