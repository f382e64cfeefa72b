package unit

import (
	"fmt"
	"math"
	"testing"
)

func TestValuesAreWrittenByTheirMetric(t *testing.T) {
	for _, row := range []struct {
		metric string
		value  float64
		want   string
	}{
		{"throughput", 14.2e6, "14.2 MB/s"},
		{"throughput_bytes_per_s", 999.6e3, "1 MB/s"},
		{"throughput", 0, "0 B/s"},
		{"throughput_files_per_s", 1234.4, "1234 files/s"},
		{"p99", 0.0123, "12.3 ms"},
		{"p99", 0.02, "20 ms"},
		{"sojourn_p50_s", 0.00085, "850 µs"},
		{"wall", 1.234, "1.23 s"},
		{"wall", 0.9999, "1 s"},
		{"wall", 0.99949, "999 ms"},
		{"wall", 0, "0 s"},
		{"wall", 200, "3m20s"},
		{"cpu", 119.6, "120 s"},
		{"rss", 57.2e6, "57 MB"},
		{"rss", 1.236e9, "1.24 GB"},
		{"rss", 512, "512 B"},
		{"rss", math.NaN(), "–"},
		{"wall", math.Inf(1), "–"},
		{"score", 41, "41"},
		{"score", 0.12345, "0.123"},
		{"score", 12345.6, "12346"},
		{"load_s", 0.5, "500 ms"},
		{"heap_bytes", 2e6, "2 MB"},
		{"net_bytes_per_s", 2e6, "2 MB/s"},
	} {
		if got := Format(row.metric, row.value); got != row.want {
			t.Errorf("%s %v is written %q, want %q", row.metric, row.value, got, row.want)
		}
	}
}

func TestRatiosSharesAndSizesAreWrittenForPeople(t *testing.T) {
	for _, row := range [][2]string{
		{Ratio(1.4171), "×1.42"},
		{Ratio(math.Inf(1)), "–"},
		{Percent(0.02), "2 %"},
		{Percent(0.96875), "96.88 %"},
		{Percent(math.NaN()), "–"},
		{Bytes(57_200_000), "57 MB"},
		{Bytes(math.MaxInt64), "9.22 EB"},
		{Bytes(0), "0 B"},
	} {
		if row[0] != row[1] {
			t.Errorf("got %q, want %q", row[0], row[1])
		}
	}
}

func TestMetricsAreKnownByBothNames(t *testing.T) {
	for short, want := range map[string]Metric{
		"throughput": {"throughput_bytes_per_s", "throughput", BytesPerSec, true, 0.02},
		"p99":        {"sojourn_p99_s", "p99", Seconds, false, 0.10},
		"rss":        {"rss_peak_bytes", "rss", Size, false, 0.10},
		"wall":       {"wall_s", "wall", Seconds, false, 0.02},
		"cpu":        {"cpu_s", "cpu", Seconds, false, 0.02},
	} {
		for _, name := range []string{short, want.Name} {
			if got, ok := Lookup(name); !ok || got != want {
				t.Errorf("%s is %+v, want %+v", name, got, want)
			}
		}
		if Full(short) != want.Name || Short(want.Name) != short || HigherIsBetter(short) != want.HigherBetter || Margin(want.Name) != want.Margin {
			t.Errorf("%s: names, direction or margin are wrong", short)
		}
	}
	if Full("files_per_s") != "files_per_s" || !HigherIsBetter("files_per_s") || HigherIsBetter("errors") || Margin("errors") != 0.02 {
		t.Error("a metric outside the table is not described by its name")
	}
}

func TestATargetsOwnMetricGoesBeforeTheTable(t *testing.T) {
	own := Metric{Name: "throughput", HigherBetter: true, Margin: 0.02}
	got, ok := Lookup("throughput", own)
	if !ok || got.Name != "throughput" || got.Kind != Number {
		t.Errorf("throughput is %+v, want the target's own", got)
	}
}

func ExampleParseRequirement() {
	r, err := ParseRequirement("p99 <= 20ms")
	fmt.Println(r, "|", r.Words(), "|", r.Holds(0.019), err)
	// Output: sojourn_p99_s<=0.02 | p99 <= 20 ms | true <nil>
}
