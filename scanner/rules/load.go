package rules

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"sluice/scanner/finding"
)

// document is one YAML file.
type document struct {
	Language string  `yaml:"language"`
	Rules    []entry `yaml:"rules"`
}

// entry is one rule as written. The keys of both kinds of rule share it; check
// says which belong to which.
type entry struct {
	ID       string   `yaml:"id"`
	Message  string   `yaml:"message"`
	Severity string   `yaml:"severity"`
	CWE      string   `yaml:"cwe"`
	Requires []string `yaml:"requires"`
	Query    string   `yaml:"query"`
	Keywords []string `yaml:"keywords"`
	Regexp   string   `yaml:"regexp"`
	After    int      `yaml:"after"`
	Entropy  float64  `yaml:"entropy"`
	Mixed    bool     `yaml:"mixed"`
	Yields   bool     `yaml:"yields"`
	Match    []string `yaml:"match"`
	NoMatch  []string `yaml:"no-match"`
}

// Load reads every *.yaml file at the root of fsys as one pack. The error, if
// any, joins one fault for each thing that is wrong, "go.yaml:12: …".
func Load(fsys fs.FS) (*Pack, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the rule files: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("no rule files: a pack is a folder of *.yaml files, one for each language")
	}
	pack := &Pack{}
	var faults []error
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			faults = append(faults, fmt.Errorf("read rules: %w", err))
			continue
		}
		found, errs := Parse(name, data)
		pack.rules = append(pack.rules, found...)
		faults = append(faults, errs...)
	}
	faults = append(faults, repeated(pack.rules)...)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	order := Languages()
	slices.SortStableFunc(pack.rules, func(a, b Rule) int {
		return cmp.Compare(slices.Index(order, a.Language), slices.Index(order, b.Language))
	})
	return pack, nil
}

// Parse reads one file of rules. It returns what is sound beside every fault;
// IDs repeated between rules are Load's to find.
func Parse(name string, data []byte) ([]Rule, []error) {
	doc, lines, err := decode(data)
	if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", name, err)}
	}
	var faults []error
	if !slices.Contains(Languages(), doc.Language) {
		faults = append(faults, fmt.Errorf("%s:1: language is %q; use one of %s", name, doc.Language, strings.Join(Languages(), ", ")))
	}
	if len(doc.Rules) == 0 {
		faults = append(faults, fmt.Errorf("%s:1: no rules; write at least one under the key rules", name))
	}
	var rules []Rule
	for i, e := range doc.Rules {
		line := lines[i]
		wrong := e.check(doc.Language)
		for _, fault := range wrong {
			faults = append(faults, fmt.Errorf("%s:%d: rule %q: %s", name, line, e.ID, fault))
		}
		if len(wrong) == 0 {
			rules = append(rules, e.rule(doc.Language, path.Base(name), line))
		}
	}
	return rules, faults
}

// decode reads the document strictly, and the line on which each rule begins.
func decode(data []byte) (document, []int, error) {
	var doc document
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return doc, nil, errors.New("the file is empty; it needs the keys language and rules")
		}
		return doc, nil, fmt.Errorf("read as YAML: %w", err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return doc, nil, errors.New("more than one YAML document; keep one for each file")
	}
	// The decoder keeps no positions, so the lines are taken from the nodes.
	var root struct {
		Rules []yaml.Node `yaml:"rules"`
	}
	if err := yaml.Unmarshal(data, &root); err != nil {
		return doc, nil, fmt.Errorf("read as YAML: %w", err)
	}
	lines := make([]int, len(doc.Rules))
	for i := range min(len(lines), len(root.Rules)) {
		lines[i] = root.Rules[i].Line
	}
	return doc, lines, nil
}

func (e entry) rule(language, file string, line int) Rule {
	r := Rule{
		ID: e.ID, Language: language, Message: e.Message, Severity: finding.Severity(e.Severity), CWE: e.CWE,
		Requires: e.Requires, Query: e.Query, Match: e.Match, NoMatch: e.NoMatch, File: file, Line: line,
	}
	if language == Secrets {
		r.Match, r.NoMatch = mended(e.Match), mended(e.NoMatch)
		r.Secret = &Secret{
			Keywords: e.Keywords, Regexp: e.Regexp, After: e.After,
			Entropy: e.Entropy, Mixed: e.Mixed, Yields: e.Yields,
		}
	}
	return r
}

func mended(snippets []string) []string {
	whole := make([]string, len(snippets))
	for i, s := range snippets {
		whole[i] = strings.ReplaceAll(s, Break, "")
	}
	return whole
}

func repeated(rules []Rule) []error {
	first := map[string]Rule{}
	var faults []error
	for _, r := range rules {
		if was, ok := first[r.ID]; ok {
			faults = append(faults, fmt.Errorf("%s:%d: rule %q is already defined at %s:%d", r.File, r.Line, r.ID, was.File, was.Line))
			continue
		}
		first[r.ID] = r
	}
	return faults
}

// The forms of names. They are compiled once per program and never change.
var (
	idForm  = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`) //nolint:gochecknoglobals // immutable
	cweForm = regexp.MustCompile(`^CWE-[1-9][0-9]*$`)             //nolint:gochecknoglobals // immutable
)

// check returns every fault of an entry.
func (e entry) check(language string) []string {
	var faults []string
	fault := func(broken bool, format string, args ...any) {
		if broken {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	fault(!idForm.MatchString(e.ID), "id is %q; use lower-case words joined by hyphens", e.ID)
	fault(strings.TrimSpace(e.Message) == "" || strings.ContainsAny(e.Message, "\r\n"), "message must be one line that is not empty")
	fault(!finding.Severity(e.Severity).Valid(), "severity is %q; use one of error, warning, note", e.Severity)
	fault(!cweForm.MatchString(e.CWE), "cwe is %q; use the form CWE-89", e.CWE)
	fault(len(e.Match) == 0, "no match: snippet; give one that the rule must find")
	fault(len(e.NoMatch) == 0, "no no-match: snippet; give one that the rule must leave alone")
	fault(slices.ContainsFunc(e.Requires, tooShort), "requires holds a literal under %d bytes; it would be met by chance", minLiteral)
	if language == Secrets {
		return append(faults, e.checkSecret()...)
	}
	fault(!strings.Contains(e.Query, "@finding"), "query captures no @finding; mark the place to report")
	fault(len(e.Keywords) > 0 || e.Regexp != "" || e.After != 0 || e.Entropy != 0 || e.Mixed || e.Yields,
		"keywords, regexp, after, entropy, mixed and yields are for language %s; use query", Secrets)
	return faults
}

// minLiteral is the shortest literal worth a search, in bytes: shorter ones are
// in nearly every file.
const minLiteral = 3

func tooShort(literal string) bool { return len(literal) < minLiteral }

func (e entry) checkSecret() []string {
	var faults []string
	if e.Query != "" || len(e.Requires) > 0 {
		faults = append(faults, "query and requires are for programming languages; use keywords and regexp")
	}
	if len(e.Keywords) == 0 || slices.ContainsFunc(e.Keywords, tooShort) {
		faults = append(faults, fmt.Sprintf("keywords must hold at least one, each of %d bytes or more", minLiteral))
	}
	if re, err := regexp.Compile(e.Regexp); err != nil {
		faults = append(faults, fmt.Sprintf("regexp: %v", err))
	} else if re.MatchString("") {
		faults = append(faults, "regexp matches the empty text; it would match everywhere")
	}
	if e.After < 0 || e.After > MaxAfter {
		faults = append(faults, fmt.Sprintf("after is %d; use 0 to %d bytes", e.After, MaxAfter))
	}
	// No text of bytes can exceed 8 bits per byte.
	if math.IsNaN(e.Entropy) || e.Entropy < 0 || e.Entropy > 8 {
		faults = append(faults, fmt.Sprintf("entropy is %v; use 0 to 8 bits per byte", e.Entropy))
	}
	return faults
}
