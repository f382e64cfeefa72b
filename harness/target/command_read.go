package target

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// keepStdout is how much of the end of standard output is read for figures, and
// keepFile how much of a file, in bytes.
const (
	keepStdout = 1 << 20
	keepFile   = 16 << 20
)

// output is what a launch left behind.
type output struct {
	stdout []byte            // its end
	before map[string]stamp  // of the files of metrics, before the launch
	files  map[string]string // source's metric to the path rendered
}

// stamp tells one writing of a file from another.
type stamp struct {
	info os.FileInfo // nil: there was none
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info: info}
}

func (s stamp) same(other stamp) bool {
	return s.info != nil && other.info != nil && os.SameFile(s.info, other.info) &&
		s.info.ModTime().Equal(other.info.ModTime()) && s.info.Size() == other.info.Size()
}

// read returns every metric of the definition's own, or which are missing and
// what was found in their place. A figure that is not finite is missing.
func (o output) read(sources []source) (map[string]float64, error) {
	values := make(map[string]float64, len(sources))
	var errs []error
	for _, s := range sources {
		v, err := o.value(s)
		if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
			err = fmt.Errorf("found %v, expected a finite number", v)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("metric %s (%s): %w", s.metric, s.where(), err))
			continue
		}
		values[s.metric] = v
	}
	return values, errors.Join(errs...)
}

func (o output) value(s source) (float64, error) {
	switch s.from {
	case stdoutJSON:
		return inLines(o.stdout, "standard output", s.key)
	case stdoutRegex:
		return inText(o.stdout, "standard output", s.pattern)
	case goBench:
		return inBench(o.stdout, s.key)
	default:
		return o.inFile(s)
	}
}

// inFile reads a file that this launch wrote: an old one would repeat the figure
// of another trial.
func (o output) inFile(s source) (float64, error) {
	path := o.files[s.metric]
	if o.before[path].same(stampOf(path)) {
		return 0, fmt.Errorf("the trial did not write %s; what is there is older", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, keepFile+1))
	switch {
	case err != nil:
		return 0, err
	case len(data) > keepFile:
		return 0, fmt.Errorf("the file is larger than %d bytes", keepFile)
	case s.pattern != nil:
		return inText(data, "the file", s.pattern)
	}
	if object, ok := asObject(data); ok {
		return dig(object, s.key)
	}
	return inLines(data, "the file", s.key)
}

// inText takes the first group of the last match.
func inText(data []byte, what string, pattern *regexp.Regexp) (float64, error) {
	all := pattern.FindAllSubmatch(data, -1)
	if len(all) == 0 {
		return 0, fmt.Errorf("%s does not match; %s", what, ending(data))
	}
	return number(string(all[len(all)-1][1]))
}

func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return 0, fmt.Errorf("found %s, expected a number", clipped(text))
	}
	return v, nil
}

// inLines reads the last line that is a JSON object.
func inLines(data []byte, what, key string) (float64, error) {
	for rest := bytes.TrimSpace(data); len(rest) > 0; {
		at := bytes.LastIndexByte(rest, '\n')
		if object, ok := asObject(bytes.TrimSpace(rest[at+1:])); ok {
			return dig(object, key)
		}
		rest = bytes.TrimSpace(rest[:max(at, 0)])
	}
	return 0, fmt.Errorf("%s holds no line that is a JSON object; %s", what, ending(data))
}

// notJSON are the numbers that some programs write and JSON does not know. Such
// an object is read all the same, so that the figure of an older line is not taken
// for this one.
var notJSON = regexp.MustCompile(`([:\[,]\s*)([-+]?(?:NaN|nan|Infinity|Inf|inf))\b`)

func asObject(text []byte) (map[string]any, bool) {
	if len(text) == 0 || bytes.TrimSpace(text)[0] != '{' {
		return nil, false
	}
	if object, err := decode(text); err == nil {
		return object, true
	}
	object, err := decode(notJSON.ReplaceAll(text, []byte(`$1"$2"`)))
	return object, err == nil
}

func decode(text []byte) (object map[string]any, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&object); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more follows the object")
	}
	return object, nil
}

// dig follows a dotted key. A key that holds dots itself goes before; a number
// counts the items of a list from 0.
func dig(object any, key string) (float64, error) {
	value, ok := find(object, key)
	if !ok {
		return 0, errors.New("the JSON object has no such key; it holds " + keysOf(object))
	}
	digits, isNumber := value.(json.Number)
	if !isNumber {
		return 0, fmt.Errorf("found %s, expected a number", kind(value))
	}
	v, err := digits.Float64()
	if err != nil {
		return 0, fmt.Errorf("found %s, expected a finite number", clipped(digits.String()))
	}
	return v, nil
}

func find(value any, key string) (any, bool) {
	switch value := value.(type) {
	case map[string]any:
		if found, ok := value[key]; ok {
			return found, true
		}
		for at := range len(key) {
			if key[at] != '.' {
				continue
			}
			if below, ok := value[key[:at]]; ok {
				if found, ok := find(below, key[at+1:]); ok {
					return found, true
				}
			}
		}
	case []any:
		head, rest, deeper := strings.Cut(key, ".")
		i, err := strconv.Atoi(head)
		if err != nil || i < 0 || i >= len(value) {
			return nil, false
		}
		if !deeper {
			return value[i], true
		}
		return find(value[i], rest)
	}
	return nil, false
}
