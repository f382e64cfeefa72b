package record

import "strings"

// Scan says how the trials of a run scan, beside the configuration that is
// measured. The zero value is the scanner as it is used; whatever differs makes
// another run. Words are left empty where they are the default.
type Scan struct {
	NoPrefilter bool   `json:"no_prefilter,omitempty"` // files in which no rule can match are parsed too
	Rules       string `json:"rules,omitempty"`        // a frozen set of rules, by name; empty is RulesBuiltin
	Analyser    string `json:"analyser,omitempty"`     // what analyses, by name; empty is TreeSitter
}

// The sets of rules by name.
const (
	RulesBuiltin = "builtin" // those of this version
	RulesGo12    = "go-12"   // twelve rules for Go, frozen
)

// The analysers by name. All but TreeSitter exist for experiments alone and find
// nothing.
const (
	TreeSitter = "tree-sitter" // the engine
	GoAST      = "go-ast"      // Go's own parser
	Lines      = "lines"       // newlines counted: the cost of everything else
)

// RuleSets lists the sets of rules, the default first.
func RuleSets() []string { return []string{RulesBuiltin, RulesGo12} }

// Analysers lists the analysers, the default first.
func Analysers() []string { return []string{TreeSitter, GoAST, Lines} }

// String says what differs from the default: "prefilter off, rules go-12". It is
// empty where nothing does.
func (s Scan) String() string {
	var parts []string
	if s.NoPrefilter {
		parts = append(parts, "prefilter off")
	}
	if s.Rules != "" {
		parts = append(parts, "rules "+s.Rules)
	}
	if s.Analyser != "" {
		parts = append(parts, "analyser "+s.Analyser)
	}
	return strings.Join(parts, ", ")
}
