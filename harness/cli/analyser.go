package cli

import (
	"fmt"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/scanner"
	"sluice/scanner/analyze"
	"sluice/scanner/config"
	"sluice/scanner/contrast"
	"sluice/scanner/rules"
)

// checkAnalyser looks at the flags that choose what analyses.
func (f *scanFlags) checkAnalyser() error {
	if err := known("--rules", f.rules, record.RuleSets()); err != nil {
		return err
	}
	return known("--analyser", f.analyser, record.Analysers())
}

// analyse puts what analyses into the options and returns what frees it. Where
// warm, the engine's queries are compiled before the scan begins: they are no part
// of what a trial times.
func (f *scanFlags) analyse(o *scanner.Options, warm bool) (release func(), err error) {
	switch f.analyser {
	case record.GoAST:
		o.Analyser = contrast.GoAST
		return func() {}, nil
	case record.Lines:
		o.Analyser = contrast.Lines
		return func() {}, nil
	}
	if o.Engine, err = f.engine(o.Config.Memory); err != nil {
		return nil, err
	}
	if warm {
		if err := o.Engine.Warm(); err != nil {
			o.Engine.Close()
			return nil, err
		}
	}
	return o.Engine.Close, nil
}

func (f *scanFlags) engine(memory config.Memory) (*analyze.Engine, error) {
	pack, err := ruleSet(f.rules)
	if err != nil {
		return nil, err
	}
	options := scanner.EngineOptions(memory)
	if f.noFilter {
		options = append(options, analyze.WithoutPrefilter())
	}
	return analyze.New(pack, options...)
}

// ruleSet loads a set of rules by name.
func ruleSet(name string) (*rules.Pack, error) {
	if name == record.RulesBuiltin {
		return rules.Builtin()
	}
	return rules.Frozen(name)
}

// known refuses a flag's word that is none of those listed, and names the nearest.
func known(flag, word string, words []string) error {
	if slices.Contains(words, word) {
		return nil
	}
	hint := ""
	if near := config.Nearest(word, words); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return usagef("%s %q is unknown%s; use %s", flag, word, hint, strings.Join(words, " or "))
}
