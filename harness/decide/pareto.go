package decide

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"sluice/harness/record"
)

// Estimate is what is known of one logarithm of a ratio to the reference, above 0
// better.
type Estimate struct {
	Mean      float64
	Deviation float64 // standard deviation of Mean; +Inf where nothing is known of it
	N         int     // pairs behind it; 0 for a model's
	Freedom   int     // degrees of freedom of Deviation; 0 where it is known, as a posterior's
}

// Point is a configuration with an estimate for each objective.
type Point struct {
	Arm    string
	Config record.Flat
	Logs   map[string]Estimate
}

// ownSpread is from how many pairs on an arm is judged by its own spread, and no
// longer by that of all arms.
const ownSpread = 6

// Points makes a point of each arm that ended all its trials well, the reference
// among them, in the order in which trials name them. An arm with few pairs is
// given the spread of all arms together; without any repetition it is +Inf, and
// nothing will be shown. Two arms share the reference of their blocks, whose noise
// then counts twice in their difference: that errs towards showing nothing.
func Points(trials []record.Trial, reference string, goal Goal, metrics ...string) []Point {
	var points []Point
	failed := map[string]bool{}
	for _, t := range trials {
		failed[t.Arm] = failed[t.Arm] || t.Status != record.OK && t.SetAside == ""
		if !slices.ContainsFunc(points, func(p Point) bool { return p.Arm == t.Arm }) {
			points = append(points, Point{Arm: t.Arm, Config: t.Config, Logs: map[string]Estimate{}})
		}
	}
	points = slices.DeleteFunc(points, func(p Point) bool { return failed[p.Arm] && p.Arm != reference })
	for _, metric := range metrics {
		estimate(points, trials, reference, goal, metric)
	}
	return slices.DeleteFunc(points, func(p Point) bool { return len(p.Logs) < len(metrics) })
}

// estimate adds one metric to all points that have pairs of it.
func estimate(points []Point, trials []record.Trial, reference string, goal Goal, metric string) {
	squares, freedom := 0.0, 0
	logs := make([][]float64, len(points))
	for i, p := range points {
		if p.Arm == reference {
			p.Logs[metric] = Estimate{}
			continue
		}
		logs[i] = goal.LogRatios(trials, p.Arm, reference, metric)
		s, n := deviations(logs[i])
		squares, freedom = squares+s, freedom+n
	}
	for i, p := range points {
		if len(logs[i]) > 0 {
			p.Logs[metric] = estimated(logs[i], squares, freedom)
		}
	}
}

func estimated(logs []float64, squares float64, freedom int) Estimate {
	e := Estimate{N: len(logs), Freedom: freedom, Deviation: math.Inf(1)}
	for _, log := range logs {
		e.Mean += log / float64(len(logs))
	}
	if len(logs) >= ownSpread {
		squares, freedom = deviations(logs)
		e.Freedom = freedom
	}
	if freedom > 0 {
		e.Deviation = math.Sqrt(squares / float64(freedom) / float64(len(logs)))
	}
	return e
}

// FrontOptions says how sure a front must be.
type FrontOptions struct {
	Confidence float64            // that a point of the front is not left out of it: 0.95 where 0
	Margins    map[string]float64 // the smallest ratio that matters, of each metric: 0.02 for 2 %
	Worst      map[string]float64 // log ratios from which hypervolume counts; where missing, one margin below the worst point
}

// Placed is a point with its place.
type Placed struct {
	Point

	On    bool    // nothing is shown to dominate it
	By    string  // the arm that dominates it, where it is not on the front
	Group int     // from 1, on the front alone: points of a group cannot be told apart
	Knee  bool    // where giving up more of one objective begins to buy little of the others
	Share float64 // of the front's hypervolume that would be lost without it, 0 … 1
}

// Front is the configurations that are worth a choice.
type Front struct {
	Metrics     []string
	Points      []Placed // in the order given
	Hypervolume float64  // of the estimates, in log ratios to the power of the number of metrics
	confidence  float64
	margins     map[string]float64
}

// ParetoFront finds the front of two to four metrics, with the doubt that
// measuring leaves. A point is dominated where another is shown to be better in one
// metric by more than its margin, shown to be worse in none by more than its
// margin, and gains, in margins, more than it gives up; the last keeps three points
// from dominating each other in a circle, so that a front is never empty. Each
// point of the true front is left out with at most 1 − Confidence (Bonferroni over
// the other points, and over the metrics for being better). Points that miss a
// metric, or whose estimate is no number, are not on it.
//
// Hypervolume is that of the estimates (Zitzler and Thiele 1999); the knee is the
// point nearest to the ideal one by the sum of the distances (Chiu, Yen and Juan
// 2016), where it is the best of the front in nothing, else there is none. The cost
// is about n² comparisons; 240 points on a front of four metrics take some 50 ms.
func ParetoFront(points []Point, metrics []string, o FrontOptions) (Front, error) {
	if n := len(metrics); n < 2 || n > mostObjectives {
		return Front{}, fmt.Errorf("a front of %d metrics; use 2 to %d", n, mostObjectives)
	}
	f := Front{Metrics: metrics, confidence: cmp.Or(o.Confidence, 0.95), margins: o.Margins}
	for _, p := range points {
		f.Points = append(f.Points, Placed{Point: p, On: f.complete(p)})
	}
	f.sift()
	f.group()
	f.measure(o.Worst)
	f.findKnee()
	return f, nil
}

func (f Front) complete(p Point) bool {
	for _, metric := range f.Metrics {
		e, ok := p.Logs[metric]
		if !ok || math.IsNaN(e.Mean) || math.IsInf(e.Mean, 0) || math.IsNaN(e.Deviation) {
			return false
		}
	}
	return true
}

// sift takes off the front what is dominated.
func (f Front) sift() {
	candidates := f.on()
	others := float64(max(1, len(candidates)-1))
	for _, p := range candidates {
		for _, q := range candidates {
			if p != q && f.dominates(f.Points[q].Point, f.Points[p].Point, (1-f.confidence)/others) {
				f.Points[p].On, f.Points[p].By = false, f.Points[q].Arm
				break
			}
		}
	}
}

// on lists the points of the front.
func (f Front) on() (list []int) {
	for i, p := range f.Points {
		if p.On {
			list = append(list, i)
		}
	}
	return list
}

func (f Front) dominates(q, p Point, alpha float64) bool {
	better, outweighs := false, 0.0
	for _, metric := range f.Metrics {
		d, margin := apart(q, p, metric), f.margin(metric)
		if d.low(alpha) < -margin {
			return false
		}
		better = better || d.low(alpha/float64(len(f.Metrics))) > margin
		outweighs += d.Mean / max(margin, 1e-9)
	}
	return better && outweighs > 0
}

func (f Front) margin(metric string) float64 { return math.Log1p(f.margins[metric]) }

// apart is the estimate of the difference of two points in one metric.
func apart(a, b Point, metric string) Estimate {
	x, y := a.Logs[metric], b.Logs[metric]
	d := Estimate{Mean: x.Mean - y.Mean, Deviation: math.Hypot(x.Deviation, y.Deviation), Freedom: max(x.Freedom, y.Freedom)}
	if x.Freedom > 0 && y.Freedom > 0 {
		d.Freedom = min(x.Freedom, y.Freedom)
	}
	return d
}

// low is the one-sided lower bound at an error of alpha.
func (e Estimate) low(alpha float64) float64 {
	if e.Deviation == 0 {
		return e.Mean
	}
	return e.Mean - deviate(e.Freedom, alpha)*e.Deviation
}

// deviate is the upper quantile of Student's t, or of the normal where the spread is known.
func deviate(freedom int, alpha float64) float64 {
	if freedom <= 0 {
		return distuv.UnitNormal.Quantile(1 - alpha)
	}
	return distuv.StudentsT{Sigma: 1, Nu: float64(freedom)}.Quantile(1 - alpha)
}

// toldApart says whether two points are shown to differ in some metric by more
// than its margin.
func (f Front) toldApart(a, b Point) bool {
	alpha := (1 - f.confidence) / 2 / float64(len(f.Metrics))
	return slices.ContainsFunc(f.Metrics, func(metric string) bool {
		margin := f.margin(metric)
		return apart(a, b, metric).low(alpha) > margin || apart(b, a, metric).low(alpha) > margin
	})
}

// group numbers the points of the front, the best in the first metric first. A
// point joins the first group whose members it can all not be told from: to be
// alike is not transitive.
func (f Front) group() {
	order := f.on()
	slices.SortStableFunc(order, func(a, b int) int {
		for _, metric := range f.Metrics {
			if c := cmp.Compare(f.Points[b].Logs[metric].Mean, f.Points[a].Logs[metric].Mean); c != 0 {
				return c
			}
		}
		return cmp.Compare(f.Points[a].Arm, f.Points[b].Arm)
	})
	var groups [][]int
	for _, p := range order {
		at := slices.IndexFunc(groups, func(g []int) bool {
			return !slices.ContainsFunc(g, func(q int) bool { return f.toldApart(f.Points[p].Point, f.Points[q].Point) })
		})
		if at < 0 {
			at, groups = len(groups), append(groups, nil)
		}
		groups[at] = append(groups[at], p)
		f.Points[p].Group = at + 1
	}
}
