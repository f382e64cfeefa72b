package config

import (
	"encoding/json"
	"fmt"
)

// Schema is the JSON Schema (draft 2020-12) of sluice.yaml, for editors. It is
// made from the table of knobs. Parse remains the judge: it also knows what
// is spelled wrong, and why.
func Schema() ([]byte, error) {
	properties := make(map[string]any)
	for _, section := range sections() {
		properties[section] = object(schemas(section))
	}
	root := object(map[string]any{
		"version":    map[string]any{"const": Version},
		"scanner":    object(properties),
		"provenance": provenanceSchema(),
	})
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "sluice.yaml"
	root["required"] = []string{"version"}
	data, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema of sluice.yaml: %w", err)
	}
	return append(data, '\n'), nil
}

// The forms of text that Parse reads: a size with its unit (strict.ParseSize), and
// a duration (time.ParseDuration) that is not negative. Their ranges are Parse's to
// judge.
const (
	sizePattern     = `^[0-9]+(\.[0-9]+)? ?([KMGT]iB|[kKMGT]B|B)$`
	durationPattern = `^\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`
)

// text is a string of a form, with an example.
func text(pattern, example string) map[string]any {
	return map[string]any{"type": "string", "pattern": pattern, "examples": []string{example}}
}

// provenanceSchema describes what sluice tune writes beside the knobs.
func provenanceSchema() map[string]any {
	kind := func(name string) map[string]any { return map[string]any{"type": name} }
	list := map[string]any{"type": "array", "items": kind("string")}
	bytes := map[string]any{"anyOf": []any{kind("integer"), text(sizePattern, "24GiB")}}
	verdict := map[string]any{"enum": verdicts}
	gain := object(map[string]any{
		"ratio": kind("number"), "low": kind("number"), "high": kind("number"), "confidence": kind("number"),
		"n": kind("integer"), "verdict": verdict,
	})
	p := object(map[string]any{
		"machine": object(map[string]any{
			"class": kind("string"), "usable_cores": kind("integer"), "memory_bytes": bytes,
			"detail": map[string]any{"type": "object", "additionalProperties": kind("string")},
		}),
		"corpus": object(map[string]any{
			"name": kind("string"), "fingerprint": kind("string"), "files": kind("integer"), "bytes": bytes, "sample_fingerprints": list,
		}),
		"storage":   object(map[string]any{"asked": kind("string"), "asked_mean_s": kind("number"), "achieved_mean_s": kind("number")}),
		"goal":      object(map[string]any{"objective": kind("string"), "require": list}),
		"reference": kind("string"),
		"verdict":   verdict,
		"gain":      map[string]any{"type": "object", "additionalProperties": gain},
		"fidelity":  kind("number"),
		"version":   kind("string"),
		"date":      kind("string"),
		"run":       kind("string"),
		"chosen":    kind("string"),
	})
	p["description"] = "where tuned values come from; changes nothing"
	return p
}

// object is a mapping that knows no other keys.
func object(properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}

// schemas describes the keys of a section, or of a limiter's block.
func schemas(section string) map[string]any {
	all := make(map[string]any)
	for _, k := range block(section) {
		all[k.key()] = k.schema()
	}
	return all
}

// schema describes the values that the knob takes today.
func (k knob) schema() map[string]any {
	var forms []any
	switch {
	case k.neutral != nil:
		forms = append(forms, map[string]any{"const": k.flat(k.neutral)})
	case k.Type == TypeChoice:
		forms = append(forms, map[string]any{"enum": k.Values})
	case k.Type == TypeDuration:
		forms = append(forms, text(durationPattern, k.example), map[string]any{"const": 0})
	case k.Type == TypeSize:
		forms = append(forms, text(sizePattern, k.example), map[string]any{"type": "integer", "minimum": k.Min})
	default:
		forms = append(forms, map[string]any{"type": "integer", "minimum": k.Min, "maximum": k.Max})
	}
	if k.word != "" && k.neutral == nil && k.Type != TypeChoice {
		forms = append(forms, map[string]any{"const": k.word})
	}
	if k.isLimiter() {
		forms = append(forms, k.blockSchema())
	}
	return map[string]any{"description": k.Doc, "anyOf": forms}
}

// blockSchema is a limiter given as a block.
func (k knob) blockSchema() map[string]any {
	members := schemas(k.Name)
	members["algorithm"] = map[string]any{"enum": k.Values}
	block := object(members)
	block["required"] = []string{"algorithm"}
	return block
}
