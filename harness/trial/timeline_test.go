package trial

import (
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"sluice/harness/record"
)

func TestATimelineShowsTheChildGrow(t *testing.T) {
	for _, isForeign := range []bool{false, true} {
		s := spec(t, "grows")
		s.Foreign, s.TimelineEvery = isForeign, 5*time.Millisecond
		r := runOK(t, s)
		if len(r.Series) != len(columns) {
			t.Fatalf("foreign=%v: %d series, want %d", isForeign, len(r.Series), len(columns))
		}
		for i, series := range r.Series {
			checkSeries(t, series, r)
			if series.Name != columns[i] {
				t.Errorf("series %d is %q, want %q", i, series.Name, columns[i])
			}
		}
		rss := r.Series[0].Values
		if grown := rss[len(rss)-1] - rss[0]; grown < 40<<20 {
			t.Errorf("foreign=%v: grew by %.0f MiB, want most of 64", isForeign, grown/(1<<20))
		}
		if largest := slices.Max(rss); largest > float64(r.RSSPeakBytes)+1<<20 {
			t.Errorf("foreign=%v: %.0f B at one time, which is above the peak of %d B", isForeign, largest, r.RSSPeakBytes)
		}
		written := r.Series[4].Values
		if grown := written[len(written)-1] - written[0]; grown < 7*14 {
			t.Errorf("foreign=%v: wrote %.0f B, want what 7 of the 8 lines have", isForeign, grown)
		}
	}
}

// checkSeries holds what is true of every series of a trial.
func checkSeries(t *testing.T, s record.Series, r Result) {
	t.Helper()
	if len(s.AtS) != len(s.Values) || len(s.AtS) < 3 {
		t.Fatalf("%s: %d times, %d values; want as many, and three or more", s.Name, len(s.AtS), len(s.Values))
	}
	if !slices.IsSorted(s.AtS) || s.AtS[0] < 0 || s.AtS[len(s.AtS)-1] > r.ProcessWallS {
		t.Errorf("%s: times from %v to %v, want them in order within %v s", s.Name, s.AtS[0], s.AtS[len(s.AtS)-1], r.ProcessWallS)
	}
	if (s.Name == SeriesCPU || s.Name == SeriesRead || s.Name == SeriesWritten) && !slices.IsSorted(s.Values) {
		t.Errorf("%s falls: %v", s.Name, s.Values)
	}
	if s.Name == SeriesThreads && slices.Min(s.Values) < 1 {
		t.Errorf("%s: %v, want 1 or more", s.Name, s.Values)
	}
}

func TestWithoutATimelineThereIsNone(t *testing.T) {
	if r := runOK(t, spec(t, "works")); r.Series != nil {
		t.Errorf("%d series, want none", len(r.Series))
	}
}

func TestALongTimelineIsThinnedEvenly(t *testing.T) {
	l := &timeline{every: 100 * time.Millisecond}
	for i := range mostPoints {
		l.at = append(l.at, float64(i))
		l.points = append(l.points, [len(columns)]float64{float64(10 * i)})
	}
	l.thin()
	if len(l.at) != mostPoints/2 || l.every != 200*time.Millisecond {
		t.Fatalf("%d points every %v, want %d every 200ms", len(l.at), l.every, mostPoints/2)
	}
	for i, at := range l.at {
		if at != float64(2*i) || l.points[i][0] != 10*at {
			t.Fatalf("point %d is at %v with %v, want every second of before", i, at, l.points[i][0])
		}
	}
}

func TestIOIsParsed(t *testing.T) {
	read, written := parseIO([]byte("rchar: 12\nwchar: 18446744073709551615\nsyscr: 1\n"))
	if read != 12 || written != float64(math.MaxUint64) {
		t.Errorf("got %v, %v", read, written)
	}
	if read, written = parseIO([]byte("rchar: many\n")); !math.IsNaN(read) || !math.IsNaN(written) {
		t.Errorf("got %v, %v; want what cannot be read to be absent", read, written)
	}
}

func FuzzParseIO(f *testing.F) {
	f.Add([]byte("rchar: 12\nwchar: 34\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if read, written := parseIO(text); read < 0 || written < 0 {
			t.Errorf("%q: less than nothing: %v, %v", text, read, written)
		}
	})
}

func BenchmarkLook(b *testing.B) {
	child, err := openGauge(os.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	defer child.close()
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := child.read(); !ok {
			b.Fatal("this process has no memory")
		}
	}
}
