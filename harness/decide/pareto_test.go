package decide

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/harness/record"
)

// at makes a point whose estimates of a, b, c … are exact but for a deviation.
func at(arm string, deviation float64, logs ...float64) Point {
	p := Point{Arm: arm, Config: record.Flat{"io.workers": 4}, Logs: map[string]Estimate{}}
	for i, log := range logs {
		p.Logs[string(rune('a'+i))] = Estimate{Mean: log, Deviation: deviation, N: 7}
	}
	return p
}

func front(t *testing.T, points []Point, o FrontOptions, metrics ...string) Front {
	t.Helper()
	f, err := ParetoFront(points, metrics, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// names lists the front group by group: "p+q r".
func names(f Front) string {
	var groups [][]string
	for _, p := range f.Record(nil) {
		for len(groups) < p.Group {
			groups = append(groups, nil)
		}
		groups[p.Group-1] = append(groups[p.Group-1], p.Arm)
	}
	var words []string
	for _, g := range groups {
		slices.Sort(g)
		words = append(words, strings.Join(g, "+"))
	}
	return strings.Join(words, " ")
}

func TestFrontKeepsWhatIsNotShownToBeDominated(t *testing.T) {
	two := map[string]float64{"a": 0.02, "b": 0.1}
	for _, row := range []struct {
		why     string
		points  []Point
		margins map[string]float64
		want    string
	}{
		{"nothing", nil, two, ""},
		{"a single point", []Point{at("p", 0.01, 0.1, 0.1)}, two, "p"},
		{"better in one and the same in the other", []Point{at("p", 0.001, 0.2, 0.1), at("q", 0.001, 0.1, 0.1)}, two, "p"},
		{"a trade", []Point{at("p", 0.001, 0.2, -0.5), at("q", 0.001, 0.1, 0.5)}, two, "p q"},
		{"better by less than anything that matters", []Point{at("p", 0, 0.105, 0.1), at("q", 0, 0.1, 0.1)}, two, "p+q"},
		{"better, but not shown", []Point{at("p", 0.2, 0.2, 0.1), at("q", 0.2, 0.1, 0.1)}, two, "p+q"},
		{"nothing known of the spread", []Point{at("p", math.Inf(1), 1, 1), at("q", math.Inf(1), -1, -1)}, two, "p+q"},
		{"ties", []Point{at("p", 0.01, 0.1, 0.1), at("q", 0.01, 0.1, 0.1), at("r", 0.01, 0.1, 0.1)}, two, "p+q+r"},
		{"a metric that never moves", []Point{at("p", 0.001, 0.3, 0), at("q", 0.001, 0.1, 0), at("r", 0.001, 0.2, 0)}, two, "p"},
		{"a point without one of the metrics", []Point{at("p", 0.001, 0.1), at("q", 0.001, 0, 0)}, two, "q"},
		{"an estimate that is no number", []Point{at("p", 0.001, math.NaN(), 1), at("q", 0.001, 0, 0)}, two, "q"},
		{"without margins the truth is exact", []Point{at("p", 0, 0.1, 0.1), at("q", 0, 0.1, 0.1001)}, nil, "q"},
		{"a little less in one, much more in the other", []Point{at("p", 0, 0.09, 0.9), at("q", 0, 0.1, 0.1)}, two, "p"},
		{"alike is not transitive", []Point{at("p", 0, 0.02, 0.05), at("q", 0, 0.01, 0.1), at("r", 0, -0.005, 0.19)}, two, "p+q r"},
	} {
		t.Run(row.why, func(t *testing.T) {
			if got := names(front(t, row.points, FrontOptions{Margins: row.margins}, "a", "b")); got != row.want {
				t.Errorf("front %q, want %q", got, row.want)
			}
		})
	}
}

func TestPointsThatDominateInACircleLeaveAFront(t *testing.T) {
	margins := map[string]float64{"a": 0.1, "b": 0.1, "c": 0.1}
	d := 0.09
	points := []Point{at("p", 0, 1.7*d, 0, 0.8*d), at("q", 0, 0.8*d, 1.7*d, 0), at("r", 0, 0, 0.8*d, 1.7*d)}
	if got := len(front(t, points, FrontOptions{Margins: margins}, "a", "b", "c").Record(nil)); got != 3 {
		t.Errorf("%d points on the front, want all three", got)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		points := points[:0]
		for i := range 12 {
			points = append(points, at(string(rune('p'+i)), 0.02*rng.Float64(), 0.3*rng.NormFloat64(), 0.3*rng.NormFloat64(), 0.3*rng.NormFloat64()))
		}
		if len(front(t, points, FrontOptions{Margins: margins}, "a", "b", "c").Record(nil)) == 0 {
			t.Fatalf("an empty front of %v", points)
		}
	}
}

func TestAFrontOfTooFewOrTooManyMetricsIsRefused(t *testing.T) {
	for _, metrics := range [][]string{nil, {"a"}, {"a", "b", "c", "d", "e"}} {
		if _, err := ParetoFront(nil, metrics, FrontOptions{}); err == nil {
			t.Errorf("%v is taken", metrics)
		}
	}
}

// TestATrueFrontPointIsSeldomLeftOut measures twelve configurations that truly
// trade one metric for the other, many times over.
func TestATrueFrontPointIsSeldomLeftOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const runs, sigma, pairs = 400, 0.05, 6
	lost, kept, dominated := 0, 0, 0
	for range runs {
		var points []Point
		for i := range 12 {
			x := float64(i%6) / 20
			logs := []float64{x, -x}
			if i >= 6 { // truly dominated, by far
				logs = []float64{x - 0.5, -x - 0.5}
			}
			p := at(string(rune('a'+i)), sigma/math.Sqrt(pairs), logs...)
			for metric, e := range p.Logs {
				e.Mean += e.Deviation * rng.NormFloat64()
				p.Logs[metric] = e
			}
			points = append(points, p)
		}
		for i, p := range front(t, points, FrontOptions{Margins: map[string]float64{"a": 0.02, "b": 0.02}}, "a", "b").Points {
			switch {
			case i >= 6 && p.On:
				kept++
			case i >= 6:
				dominated++
			case !p.On:
				lost++
			}
		}
	}
	t.Logf("%d of %d points of the true front left out, %d of %d dominated ones kept", lost, 6*runs, kept, kept+dominated)
	if share := float64(lost) / (6 * runs); share > 0.05 {
		t.Errorf("%.3f of the true front is left out, more than 5 %%", share)
	}
	if kept > 0 {
		t.Errorf("%d of %d far dominated points are kept", kept, kept+dominated)
	}
}

func TestHypervolumeIsThatOfTheBoxes(t *testing.T) {
	for _, row := range []struct {
		why    string
		points [][]float64
		from   []float64
		want   float64
	}{
		{"nothing", nil, []float64{0, 0}, 0},
		{"one box", [][]float64{{2, 3}}, []float64{0, 0}, 6},
		{"a stair of two", [][]float64{{1, 3}, {2, 1}}, []float64{0, 0}, 4},
		{"a dominated point adds nothing", [][]float64{{2, 3}, {1, 1}}, []float64{0, 0}, 6},
		{"a point before the corner adds nothing", [][]float64{{2, 3}, {-1, 9}}, []float64{0, 0}, 6},
		{"three dimensions", [][]float64{{1, 1, 2}, {2, 1, 1}, {1, 2, 1}}, []float64{0, 0, 0}, 5 - 1},
		{"four dimensions", [][]float64{{1, 1, 1, 2}, {2, 1, 1, 1}}, []float64{0, 0, 0, 0}, 3},
		{"twice the same", [][]float64{{2, 2}, {2, 2}}, []float64{1, 1}, 1},
	} {
		t.Run(row.why, func(t *testing.T) {
			if got := hypervolume(row.points, row.from); math.Abs(got-row.want) > 1e-12 {
				t.Errorf("%v, want %v", got, row.want)
			}
		})
	}
}

func TestHypervolumeAgreesWithCounting(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for dims := 2; dims <= 4; dims++ {
		points := make([][]float64, 9)
		for i := range points {
			for range dims {
				points[i] = append(points[i], rng.Float64())
			}
		}
		const n = 40_000
		inside := 0
		for range n {
			x := make([]float64, dims)
			for i := range x {
				x[i] = rng.Float64()
			}
			if slices.ContainsFunc(points, func(p []float64) bool {
				for i := range x {
					if x[i] > p[i] {
						return false
					}
				}
				return true
			}) {
				inside++
			}
		}
		got, want := hypervolume(points, make([]float64, dims)), float64(inside)/n
		if math.Abs(got-want) > 0.015 {
			t.Errorf("%d dimensions: %.3f, counted %.3f", dims, got, want)
		}
	}
}

func TestTheKneeIsWhereTheFrontBends(t *testing.T) {
	bent := []Point{at("p", 0, 1, 0), at("q", 0, 0.9, 0.8), at("r", 0, 0, 1)}
	straight := []Point{at("p", 0, 1, 0), at("q", 0, 0.5, 0.4), at("r", 0, 0, 1)}
	for _, row := range []struct {
		why    string
		points []Point
		want   string
	}{{"a bend", bent, "q"}, {"hollow", straight, ""}, {"two points", bent[:2], ""}, {"one point", bent[:1], ""}} {
		got := ""
		for _, p := range front(t, row.points, FrontOptions{}, "a", "b").Points {
			if p.Knee {
				got += p.Arm
			}
		}
		if got != row.want {
			t.Errorf("%s: knee %q, want %q", row.why, got, row.want)
		}
	}
}

func TestPointsComeFromPairsWithinBlocks(t *testing.T) {
	var trials []record.Trial
	for i := range 7 {
		trials = append(trials, block(i, "a", 1.2+0.01*float64(i%3), 0.5, 1)...)
		trials = append(trials, block(i, "once", 1, 1, 1)[1:][:min(1, max(0, 1-i))]...)
		bad := block(i, "failed", 2, 0.1, 0.1)[1]
		if i == 3 {
			bad.Status = record.Killed
		}
		trials = append(trials, bad)
	}
	goal := balanced(t)
	points := Points(trials, "reference", goal, record.Throughput, record.P99)
	var arms []string
	for _, p := range points {
		arms = append(arms, p.Arm)
	}
	if got := strings.Join(arms, " "); got != "reference a once" {
		t.Fatalf("points %s, want reference, a and the one measured once; never one that failed", got)
	}
	if got := points[1].Logs[record.Throughput]; got.N != 7 || math.Abs(got.Mean-math.Log(1.21)) > 0.01 || got.Deviation <= 0 {
		t.Errorf("a is %+v, want about ln 1.21 of 7 pairs", got)
	}
	if got := points[1].Logs[record.P99].Mean; math.Abs(got-math.Ln2) > 1e-9 {
		t.Errorf("half the p99 is %v, want ln 2: above 0 is better", got)
	}
	if got := points[2].Logs[record.Throughput]; got.N != 1 || got.Freedom < 6 {
		t.Errorf("one pair is %+v, want the spread of all arms", got)
	}
	f := front(t, points, FrontOptions{Margins: map[string]float64{record.Throughput: 0.02, record.P99: 0.1}}, record.Throughput, record.P99)
	if got := names(f); got != "a" {
		t.Errorf("front %q, want a alone", got)
	}
	if _, err := json.Marshal(f.Record(Arms(trials, []string{"a"}))); err != nil {
		t.Error(err)
	}
}

func TestAFrontOfUnknownSpreadCanBeWritten(t *testing.T) {
	f := front(t, []Point{at("p", math.Inf(1), 800, 0), at("q", 0, -800, 1)}, FrontOptions{}, "a", "b")
	if _, err := json.Marshal(f.Record(nil)); err != nil {
		t.Error(err)
	}
}

// onSphere are points of which none dominates another.
func onSphere(n int, metrics []string) []Point {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	points := make([]Point, n)
	for i := range points {
		x, length := make([]float64, len(metrics)), 0.0
		for k := range x {
			x[k] = math.Abs(rng.NormFloat64())
			length = math.Hypot(length, x[k])
		}
		points[i] = Point{Arm: fmt.Sprint(i), Logs: map[string]Estimate{}}
		for k, metric := range metrics {
			points[i].Logs[metric] = Estimate{Mean: x[k] / length, Deviation: 0.01}
		}
	}
	return points
}

func TestAPointsShareIsWhatTheFrontLosesWithoutIt(t *testing.T) {
	metrics := []string{record.Throughput, record.P99, record.RSS, record.CPU}
	worst := map[string]float64{metrics[0]: 0.1, metrics[1]: 0, metrics[2]: -0.1, metrics[3]: 0}
	for n := 2; n <= 4; n++ {
		points := onSphere(25, metrics[:n])
		whole, err := ParetoFront(points, metrics[:n], FrontOptions{Worst: worst})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range whole.Points {
			rest, err := ParetoFront(slices.Delete(slices.Clone(points), i, i+1), metrics[:n], FrontOptions{Worst: worst})
			if err != nil {
				t.Fatal(err)
			}
			if want := 1 - rest.Hypervolume/whole.Hypervolume; math.Abs(p.Share-want) > 1e-9 {
				t.Errorf("%d metrics: point %d has a share of %.6f, want %.6f", n, i, p.Share, want)
			}
		}
	}
}

// As many as a search measures: it took minutes when every slice kept all points.
func TestALargeFrontOfFourMetricsIsFoundInNoTime(t *testing.T) {
	metrics := []string{record.Throughput, record.P99, record.RSS, record.CPU}
	front, err := ParetoFront(onSphere(240, metrics), metrics, FrontOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(front.on()); n != 240 || !(front.Hypervolume > 0) {
		t.Errorf("%d of 240 points on the front, which covers %v", n, front.Hypervolume)
	}
}
