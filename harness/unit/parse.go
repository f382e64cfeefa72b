package unit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// scale is one suffix and what it multiplies by.
type scale struct {
	suffix string
	factor float64
}

// sizes are the suffixes of bytes. "K", "M" and "G" alone are refused: half the
// world reads them as 1000, the other half as 1024.
var sizes = []scale{ //nolint:gochecknoglobals // a table that never changes
	{"", 1},
	{"B", 1},
	{"kB", 1e3},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"KiB", 1 << 10},
	{"kiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
}

// counts are the suffixes of bare numbers and of files per second.
var counts = []scale{{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}} //nolint:gochecknoglobals // a table that never changes

// ParseBytes reads a size: "512MiB", "1.5 GB", "64kB", "1024". Suffixes with an
// i count in 1024s, the others in 1000s. The result is at least 0, rounded to
// whole bytes.
func ParseBytes(text string) (int64, error) {
	v, err := scaled(text, sizes)
	if err != nil {
		return 0, fmt.Errorf("size %q: %w; expected bytes such as 512MiB, 64kB or 1048576", text, err)
	}
	if v = math.Round(v); v >= math.MaxInt64 {
		return 0, fmt.Errorf("size %q is more than 8 EiB; use a smaller one", text)
	}
	return int64(v), nil
}

// ParseDuration reads a duration of 0 or more as Go writes it, "20ms", "1.5s",
// "2m30s", with an optional space before the unit. A bare number is refused,
// except 0: it might be meant in anything.
func ParseDuration(text string) (time.Duration, error) {
	compact := strings.TrimSpace(text)
	if number, suffix, ok := strings.Cut(compact, " "); ok && strings.Trim(suffix, "abcdefghijklmnopqrstuvwxyzµμ") == "" {
		compact = number + suffix
	}
	d, err := time.ParseDuration(compact)
	switch {
	case err != nil:
		return 0, fmt.Errorf("duration %q: expected a number with its unit such as 500us, 20ms, 1.5s or 2m", text)
	case d < 0:
		return 0, fmt.Errorf("duration %q is negative; use 0 or more", text)
	}
	return d, nil
}

// ParsePercent reads a share: "2%" and "0.02" are both 0.02. It is at least 0;
// what is above 1 the caller judges.
func ParsePercent(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := parseNumber(strings.TrimSpace(number))
	if err != nil {
		return 0, fmt.Errorf("share %q: %w; expected a percentage such as 2%%", text, err)
	}
	if percent {
		v /= 100
	}
	return v, nil
}

// ParseValue reads a value of the metric's kind in base units: "512MiB" of
// memory, "20ms" of latency, "10MB/s" of throughput. For seconds and bytes a
// bare number is taken as such, since the full name says the unit.
func (m Metric) ParseValue(text string) (float64, error) {
	text = strings.TrimSpace(text)
	switch m.Kind {
	case Size:
		v, err := ParseBytes(text)
		return float64(v), err
	case BytesPerSec:
		v, err := scaled(strings.TrimSpace(strings.TrimSuffix(text, "/s")), sizes)
		if err != nil {
			return 0, fmt.Errorf("rate %q: %w; expected bytes per second such as 10MB/s", text, err)
		}
		return v, nil
	case FilesPerSec:
		text = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(text, "/s"), "files"))
		v, err := scaled(text, counts)
		if err != nil {
			return 0, fmt.Errorf("rate %q: %w; expected files per second such as 1500", text, err)
		}
		return v, nil
	case Seconds:
		if v, err := parseNumber(text); err == nil {
			return v, nil
		}
		d, err := ParseDuration(text)
		return d.Seconds(), err
	default:
		v, err := scaled(text, counts)
		if err != nil {
			return 0, fmt.Errorf("value %q: %w; expected a number such as 1500", text, err)
		}
		return v, nil
	}
}

// scaled reads a number of 0 or more with one of the suffixes.
func scaled(text string, suffixes []scale) (float64, error) {
	text = strings.TrimSpace(text)
	end := len(text)
	for end > 0 && !isNumeric(text[end-1]) {
		end--
	}
	suffix := strings.TrimSpace(text[end:])
	for _, s := range suffixes {
		if s.suffix == suffix {
			v, err := parseNumber(text[:end])
			return v * s.factor, err
		}
	}
	names := make([]string, 0, len(suffixes))
	for _, s := range suffixes {
		if s.suffix != "" {
			names = append(names, s.suffix)
		}
	}
	return 0, fmt.Errorf("unknown unit %q (known: %s)", suffix, strings.Join(names, " "))
}

func isNumeric(c byte) bool { return '0' <= c && c <= '9' || c == '.' }

// parseNumber reads a plain decimal of 0 or more: no sign, no hexadecimal, no
// underscores, no "Inf" and no "NaN", all of which strconv would take.
func parseNumber(text string) (float64, error) {
	if text == "" {
		return 0, fmt.Errorf("no number")
	}
	for i := range len(text) {
		if c := text[i]; !isNumeric(c) && c != 'e' && c != 'E' && !(i > 0 && (c == '+' || c == '-')) {
			return 0, fmt.Errorf("%q is not a number of 0 or more", text)
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return v, nil
}
