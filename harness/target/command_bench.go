package target

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"sluice/harness/stats"
	"sluice/scanner/config/strict"
)

// benchKey takes "BenchmarkParse ns/op" apart. A unit alone is any benchmark's.
func benchKey(key string) (name, unit string, ok bool) {
	words := strings.Fields(key)
	switch len(words) {
	case 1:
		return "", words[0], !strings.HasPrefix(words[0], "Benchmark")
	case 2:
		return words[0], words[1], strings.HasPrefix(words[0], "Benchmark")
	}
	return "", "", false
}

func checkBenchKey(key string, n *strict.Node) {
	if _, _, ok := benchKey(key); !ok && key != "" {
		n.Fault("%s: found %q, expected a benchmark and its unit, such as \"BenchmarkParse ns/op\", or a unit alone", path(n), key)
	}
}

// inBench reads the lines that `go test -bench` prints: a name, the number of
// iterations, then pairs of value and unit. Where a benchmark ran several times
// (-count) it is the median.
func inBench(data []byte, key string) (float64, error) {
	name, unit, _ := benchKey(key)
	var values []float64
	var seen []string
	for line := range bytes.Lines(data) {
		words := strings.Fields(string(line))
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") || len(words)%2 != 0 {
			continue
		}
		if name != "" && words[0] != name && withoutProcs(words[0]) != name {
			seen = note(seen, withoutProcs(words[0]))
			continue
		}
		for i := 2; i < len(words); i += 2 {
			if words[i+1] != unit {
				seen = note(seen, words[i+1])
				continue
			}
			v, err := number(words[i])
			if err != nil {
				return 0, err
			}
			values = append(values, v)
		}
	}
	if len(values) > 0 {
		return stats.Median(values), nil
	}
	if len(seen) == 0 {
		return 0, fmt.Errorf("standard output holds no line of a Go benchmark; %s", ending(data))
	}
	return 0, fmt.Errorf("no benchmark has that figure; found %s", clipped(strings.Join(seen, ", ")))
}

func note(seen []string, word string) []string {
	if slices.Contains(seen, word) {
		return seen
	}
	return append(seen, word)
}

// withoutProcs takes the number of processors off a benchmark's name: "-8".
func withoutProcs(name string) string {
	at := strings.LastIndexByte(name, '-')
	if at < 0 || at == len(name)-1 || strings.Trim(name[at+1:], "0123456789") != "" {
		return name
	}
	return name[:at]
}
