package reportstest

import (
	"reflect"

	"sluice/harness/record"
)

// Payload is what Poison adds: markup for a page, for Markdown and for a
// terminal, and a reference to another host.
const Payload = "<script src=\"https://example.org/x.js\">alert(1)</script>`|*_[a](https://example.org)\x1b[31m\n\u202e"

// Poison appends Payload to every plain string of a report, to the values and
// names of its configurations included. Words that the program itself chose (the
// kind of run, the objective, verdicts, phases) stay.
func Poison(rep record.Report) record.Report {
	poison(reflect.ValueOf(&rep).Elem())
	return rep
}

// PoisonContest does the same to a contest.
func PoisonContest(c record.Contest) record.Contest {
	poison(reflect.ValueOf(&c).Elem())
	return c
}

func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch field := v.Type().Field(i); field.Name {
			case "Kind", "State", "Objective", "Step", "Schema", "Stats", "Started", "Finished", "Metrics", "Gain", "Ratios":
			default:
				poison(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i))
		}
	case reflect.Map:
		poisonMap(v)
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(v.String() + Payload)
		}
	}
}

// poisonMap spoils words, and every name but those of the workers, which the
// pictures need.
func poisonMap(m reflect.Value) {
	spoilt := reflect.MakeMapWithSize(m.Type(), m.Len())
	for _, key := range m.MapKeys() {
		value := m.MapIndex(key)
		if word, ok := value.Interface().(string); ok {
			value = reflect.ValueOf(word + Payload)
		}
		if name := key.String(); name != "io.workers" && name != "cpu.workers" {
			key = reflect.ValueOf(name + Payload)
		}
		spoilt.SetMapIndex(key, value)
	}
	m.Set(spoilt)
}
