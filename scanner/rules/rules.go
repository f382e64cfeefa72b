// Package rules holds the rule packs: what the scanner looks for, as data.
//
// A pack is a folder of YAML files, one for each language plus one for secrets.
// A rule for a language is a tree-sitter query; a rule for secrets is a regular
// expression behind keywords. Each carries snippets that it must and must not
// match, and package analyze runs them as tests. Loading is strict: an unknown
// or repeated key, a missing field, a bad regular expression are faults, named
// with file and line, all at once. Queries are compiled by package analyze,
// which has the grammars; this package has none.
//
// To add a rule, add an entry to the YAML file of its language with its
// snippets, and run go test ./scanner/analyze.
package rules

import (
	"embed"
	"slices"

	"sluice/scanner/finding"
)

// Secrets is the language of the rules that run on every text file.
const Secrets = "secrets"

// Languages lists the languages that rules may be written for, Secrets last.
// The slice is the caller's.
func Languages() []string { return []string{"go", "python", "javascript", Secrets} }

// Rule is one thing to look for. Either Query or Secret is set.
type Rule struct {
	ID       string           // unique in the pack: lower-case words joined by hyphens
	Language string           // one of Languages
	Message  string           // what is wrong and what to do instead; the same for every finding, so it can leak nothing
	Severity finding.Severity // one of finding.Severities
	CWE      string           // "CWE-78"

	// Requires lists literals of which a file must hold at least one for the
	// rule to apply: an import path tells math/rand from crypto/rand without
	// types. ASCII case is ignored. Empty: the rule always applies.
	Requires []string

	// Query is one or more tree-sitter patterns. Each captures @finding, the
	// place reported; what @secret captures is masked wherever it would show.
	Query string

	Secret *Secret // for language Secrets only

	// Match are snippets with at least one finding of this rule, NoMatch with
	// none. In the file a secret's snippet is broken by Break, which is gone here.
	Match, NoMatch []string

	File string // the YAML file it came from
	Line int    // where it begins there, from 1
}

// Secret is the pattern side of a rule for secrets.
type Secret struct {
	// Keywords are looked for first: a rule costs nothing on a file without one
	// of them. Each has at least three bytes. ASCII case is ignored where Regexp
	// begins with (?i).
	Keywords []string

	// Regexp is tried (RE2 syntax) on the lines that hold a keyword. Its group
	// named secret is what is masked and measured; without the group, all of it.
	Regexp string

	// After is how many bytes beyond the end of the keyword's line Regexp may
	// see, at most MaxAfter: 0 for what fits on a line.
	After int

	// Entropy is the least Shannon entropy of the secret, in bits per byte;
	// 0 asks for none.
	Entropy float64

	Mixed  bool // the secret must hold a letter and a digit: words alone are names
	Yields bool // gives way to every other rule that names the same text
}

// Break stands inside the snippets of rules for secrets, anywhere, and is removed
// when they are loaded: unbroken, a sample of a secret would set off every other
// scanner that reads this project.
const Break = "¦"

// MaxAfter bounds Secret.After, in bytes: the longest private key in common use
// (RSA, 16384 bits, in PEM) is just below it.
const MaxAfter = 16 << 10

// Pack is a set of rules, valid and in a fixed order: by language in the order
// of Languages, then as written. It is immutable after Load.
type Pack struct {
	rules []Rule
}

// Rules returns every rule. The slice is shared: do not change it.
func (p *Pack) Rules() []Rule { return p.rules }

// With returns a pack that has further rules. Their IDs must be new to it.
func (p *Pack) With(more ...Rule) *Pack {
	return &Pack{rules: slices.Concat(p.rules, more)}
}

// For returns the rules of one language, nil if it has none.
func (p *Pack) For(language string) []Rule {
	var rules []Rule
	for _, r := range p.rules {
		if r.Language == language {
			rules = append(rules, r)
		}
	}
	return rules
}

// Rule returns the rule with this ID.
func (p *Pack) Rule(id string) (Rule, bool) {
	for _, r := range p.rules {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

//go:embed *.yaml
var builtin embed.FS //nolint:gochecknoglobals // filled by the compiler, never changed

// Builtin returns the pack that is part of the program. It fails only if the
// program was built from broken rules, which the tests of this package refuse.
func Builtin() (*Pack, error) { return Load(builtin) }
