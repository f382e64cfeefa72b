package unit

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestSizesAreReadInBothScales(t *testing.T) {
	for text, want := range map[string]int64{
		"512MiB": 512 << 20, "1.5 GiB": 3 << 29, "64kB": 64000, "64KB": 64000, "10MB": 1e7, "2GB": 2e9, "1TB": 1e12,
		"1024": 1024, "0": 0, "17B": 17, " 3 KiB ": 3072, "1e3": 1000, "0.5kB": 500, "1TiB": 1 << 40,
	} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", text, got, err, want)
		}
	}
}

func TestSizesThatCouldMeanTwoThingsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"512M": `unknown unit "M"`, "512Mb": `unknown unit "Mb"`, "": "no number", "MiB": "no number", "-1MiB": "not a number of 0 or more",
		"NaN": "unknown unit", "0x10": "not a number", "1_000": "not a number", "9EiB": "unknown unit", "1e30": "more than 8 EiB", "1.2.3kB": "not a number",
	} {
		if got, err := ParseBytes(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %d (%v), want an error with %q", text, got, err, want)
		}
	}
}

func TestDurationsNeedTheirUnit(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"20ms": 20 * time.Millisecond, "1.5s": 1500 * time.Millisecond, "2m30s": 150 * time.Second, "500 us": 500 * time.Microsecond, "500µs": 500 * time.Microsecond, "0": 0, "3m": 3 * time.Minute,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"20", "", "-1s", "1 0ms", "ten seconds", "1d"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q is %v, want an error", text, got)
		}
	}
}

func TestSharesAreReadAsPercentOrPlain(t *testing.T) {
	for text, want := range map[string]float64{"2%": 0.02, "2 %": 0.02, "0.02": 0.02, "150%": 1.5, "0": 0} {
		if got, err := ParsePercent(text); err != nil || math.Abs(got-want) > 1e-15 {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "%", "-2%", "two", "2%%"} {
		if got, err := ParsePercent(text); err == nil {
			t.Errorf("%q is %v, want an error", text, got)
		}
	}
}

func TestRequirementsAreReadInTheirMetricsUnits(t *testing.T) {
	own := Metric{Name: "requests", HigherBetter: true}
	for text, want := range map[string]Requirement{
		"rss<512MiB":                      {"rss_peak_bytes", Less, 512 << 20},
		"p99 <= 20ms":                     {"sojourn_p99_s", LessOrEqual, 0.02},
		"throughput>10MB/s":               {"throughput_bytes_per_s", More, 1e7},
		"throughput >= 10 MiB/s":          {"throughput_bytes_per_s", MoreOrEqual, 10 << 20},
		"wall<1.5":                        {"wall_s", Less, 1.5},
		"cpu_s<2m":                        {"cpu_s", Less, 120},
		"throughput_files_per_s>1.5k":     {"throughput_files_per_s", More, 1500},
		"throughput_files_per_s>200files": {"throughput_files_per_s", More, 200},
		"rss_peak_bytes<536870912":        {"rss_peak_bytes", Less, 512 << 20},
		"requests>100k":                   {"requests", More, 1e5},
	} {
		got, err := ParseRequirement(text, own)
		if err != nil || got != want {
			t.Errorf("%q is %+v (%v), want %+v", text, got, err, want)
			continue
		}
		if again, err := ParseRequirement(got.String(), own); err != nil || again != got {
			t.Errorf("%q written as %q reads back as %+v (%v)", text, got, again, err)
		}
	}
}

func TestWrongRequirementsNameWhatWasFoundAndTheNearestMetric(t *testing.T) {
	for text, want := range map[string]string{
		"rrs<512MiB":     `unknown metric "rrs"; did you mean "rss"?`,
		"trougput>1MB/s": `did you mean "throughput"?`,
		"P99<20ms":       `did you mean "p99"?`,
		"zebra<1":        "use one of throughput",
		"rss":            "found no comparison",
		"rss=512MiB":     `found "="; expected one of < <= > >=`,
		"rss=<512MiB":    `found "=<"`,
		"rss≤1":          `found "≤"`,
		"<512MiB":        "found no metric",
		"rss<":           "no number",
		"rss<512M":       `unknown unit "M"`,
		"p99<20MB":       "expected a number with its unit",
		"p99<-1ms":       "negative",
		"p99<1e999":      "expected a number with its unit",
	} {
		if got, err := ParseRequirement(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %+v (%v), want an error with %q", text, got, err, want)
		}
	}
}

func TestRequirementsHoldOnTheRightSide(t *testing.T) {
	for _, row := range []struct {
		op    Op
		value float64
		want  bool
	}{
		{Less, 9, true},
		{Less, 10, false},
		{LessOrEqual, 10, true},
		{LessOrEqual, 11, false},
		{More, 10, false},
		{More, 11, true},
		{MoreOrEqual, 10, true},
		{MoreOrEqual, 9, false},
		{Less, math.NaN(), false},
		{MoreOrEqual, math.NaN(), false},
		{Op("~"), 10, false},
	} {
		if got := (Requirement{"wall_s", row.op, 10}).Holds(row.value); got != row.want {
			t.Errorf("%v %s 10 is %v, want %v", row.value, row.op, got, row.want)
		}
	}
	if got := (Requirement{"rss_peak_bytes", Less, 512 << 20}).Words(); got != "rss < 537 MB" {
		t.Errorf("in words: %q", got)
	}
}

func FuzzParseBytes(f *testing.F) {
	for _, seed := range []string{"512MiB", "1.5 GB", "-1", "1e400", "٣MB"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := ParseBytes(text); err == nil && n < 0 {
			t.Errorf("%q is %d", text, n)
		}
	})
}

func FuzzParseRequirement(f *testing.F) {
	for _, seed := range []string{"rss<512MiB", "p99<=20ms", "throughput>10MB/s", "wall<", "<>", "cpu<1e-400"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRequirement(text)
		if err != nil {
			return
		}
		if again, err := ParseRequirement(r.String()); err != nil || again != r {
			t.Errorf("%q is %+v, which reads back as %+v (%v)", text, r, again, err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"20ms", "1 s", "2m30s", "-1s", "9999999h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseDuration(text); err == nil && d < 0 {
			t.Errorf("%q is %v", text, d)
		}
	})
}
