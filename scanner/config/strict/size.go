package strict

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// sizes is in descending order, so that FormatSize finds the largest first.
var sizes = []struct { //nolint:gochecknoglobals // an immutable table
	unit  string
	bytes int64
}{
	{"TiB", 1 << 40},
	{"TB", 1e12},
	{"GiB", 1 << 30},
	{"GB", 1e9},
	{"MiB", 1 << 20},
	{"MB", 1e6},
	{"KiB", 1 << 10},
	{"kB", 1e3},
	{"KB", 1e3},
	{"B", 1},
}

// ParseSize reads "512MiB" (2²⁰ bytes a MiB), "1.5GB" (10⁹ a GB) or "4096B". A
// size without a unit, negative, of part of a byte, or beyond 2⁶³ − 1 is not ok.
func ParseSize(text string) (bytes int64, ok bool) {
	for _, size := range sizes {
		number, found := strings.CutSuffix(text, size.unit)
		if !found {
			continue
		}
		if !plain.MatchString(number) {
			return 0, false
		}
		return scale(strings.TrimSuffix(number, " "), size.bytes)
	}
	return 0, false
}

// scale multiplies a number by a unit; what does not come out whole is not ok.
// Whole numbers never pass through a float, which would round beyond 2⁵³.
func scale(number string, unit int64) (bytes int64, ok bool) {
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil {
		return whole * unit, whole <= math.MaxInt64/unit
	}
	value, err := strconv.ParseFloat(number, 64)
	exact := value * float64(unit)
	return int64(exact), err == nil && exact == math.Trunc(exact) && exact < math.MaxInt64
}

// plain is a number without sign or exponent; a blank may part it from its unit.
var plain = regexp.MustCompile(`^[0-9]+(\.[0-9]+)? ?$`) //nolint:gochecknoglobals // immutable

// FormatSize writes bytes in the largest binary unit that holds them exactly, as
// ParseSize reads them: 536870912 is "512MiB".
func FormatSize(bytes int64) string {
	for _, size := range sizes {
		if bytes != 0 && strings.HasSuffix(size.unit, "iB") && bytes%size.bytes == 0 {
			return strconv.FormatInt(bytes/size.bytes, 10) + size.unit
		}
	}
	return strconv.FormatInt(bytes, 10) + "B"
}
