package unit

import (
	"math"
	"strconv"
	"time"
)

// none stands where there is no number.
const none = "–"

// Bytes writes a size in 1000s, as disks and links are measured: "57 MB",
// "1.24 GB", "512 B".
func Bytes(n int64) string { return stepped(float64(n), 10, "B", "kB", "MB", "GB", "TB", "PB", "EB") }

// Time writes a number of seconds: "12.3 ms", "1.23 s", "3m20s".
func Time(seconds float64) string {
	switch size := math.Abs(seconds); {
	case math.IsNaN(size) || math.IsInf(size, 0):
		return none
	case size >= 120 && size < math.MaxInt64/1e9:
		return time.Duration(math.Round(seconds) * 1e9).String()
	case size >= 0.9995:
		return digits(seconds) + " s"
	case size == 0:
		return "0 s"
	default:
		return stepped(seconds*1e9, 100, "ns", "µs", "ms", "s")
	}
}

// Percent writes a share: 0.02 is "2 %", 0.0345 is "3.45 %".
func Percent(share float64) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return none
	}
	return strconv.FormatFloat(math.Round(share*1e4)/100, 'f', -1, 64) + " %"
}

// Ratio writes a ratio with its sign of multiplication: "×1.42".
func Ratio(r float64) string {
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return none
	}
	return "×" + strconv.FormatFloat(r, 'f', 2, 64)
}

// Format writes a value in base units by the metric of that name, short or full:
// "14.2 MB/s", "12.3 ms", "57 MB", "1234 files/s". What is not a number is a dash.
func Format(metric string, v float64) string { return Describe(metric).Format(v) }

// Format writes a value of this metric.
func (m Metric) Format(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return none
	}
	switch m.Kind {
	case Size:
		return stepped(v, 10, "B", "kB", "MB", "GB", "TB", "PB", "EB")
	case BytesPerSec:
		return stepped(v, 100, "B/s", "kB/s", "MB/s", "GB/s", "TB/s")
	case Seconds:
		return Time(v)
	case FilesPerSec:
		return digits(v) + " files/s"
	default:
		return digits(v)
	}
}

// stepped writes v with the largest unit that leaves at least 1 before the
// point, as a whole number from `whole` up. The first unit is never divided.
func stepped(v, whole float64, units ...string) string {
	unit := 0
	for unit < len(units)-1 && math.Abs(v) >= 999.5 { // 999.5 would be written 1000
		v /= 1000
		unit++
	}
	if math.Abs(v) >= whole {
		v = math.Round(v)
	}
	return digits(v) + " " + units[unit]
}

// digits writes three significant digits, more where the whole part has more,
// and no zeros that end a fraction: 14.2, 12, 0.00123, 1234.
func digits(v float64) string {
	if size := math.Abs(v); size >= 99.95 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return none
	}
	return strconv.FormatFloat(rounded, 'g', -1, 64)
}
