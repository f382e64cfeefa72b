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
		"provenance": map[string]any{"type": "object", "description": "where tuned values come from; changes nothing"},
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
		forms = append(forms, map[string]any{"type": "string", "examples": []string{k.example}}, map[string]any{"const": 0})
	case k.Type == TypeSize:
		forms = append(forms, map[string]any{"type": "string", "examples": []string{k.example}}, map[string]any{"type": "integer", "minimum": k.Min})
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
