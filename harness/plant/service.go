package plant

import (
	"math"
	"math/rand/v2"
)

// distribution is the shape of service times.
type distribution string

const (
	lognormal   distribution = "lognormal"
	exponential distribution = "exponential"
	constant    distribution = "constant"
	pareto      distribution = "pareto"
)

// service is a distribution of service times.
type service struct {
	shape   distribution
	median  float64 // ns
	sigma   float64 // lognormal: standard deviation of the logarithm
	alpha   float64 // pareto: tail index, > 1
	outlier float64 // share of times that are multiplied by factor
	factor  float64
}

// draw is one service time in nanoseconds. It draws as often whatever comes out, so
// that contestants meet the same requests.
func (s *service) draw(rng *rand.Rand) float64 {
	t := s.median
	switch s.shape {
	case lognormal:
		t *= math.Exp(s.sigma * rng.NormFloat64())
	case exponential:
		t *= rng.ExpFloat64() / math.Ln2
	case pareto:
		t *= math.Exp((rng.ExpFloat64() - math.Ln2) / s.alpha)
	case constant:
	}
	if s.outlier > 0 && rng.Float64() < s.outlier {
		t *= s.factor
	}
	return t
}

// mean of the service times in nanoseconds.
func (s *service) mean() float64 {
	m := s.median
	switch s.shape {
	case lognormal:
		m *= math.Exp(s.sigma * s.sigma / 2)
	case exponential:
		m /= math.Ln2
	case pareto:
		m *= math.Pow(2, -1/s.alpha) * s.alpha / (s.alpha - 1)
	case constant:
	}
	return m * (1 + s.outlier*(s.factor-1))
}

// cdf is the share of service times up to t.
func (s *service) cdf(t float64) float64 {
	if s.outlier == 0 {
		return s.plain(t)
	}
	return (1-s.outlier)*s.plain(t) + s.outlier*s.plain(t/s.factor)
}

// plain is cdf without outliers.
func (s *service) plain(t float64) float64 {
	x := t / s.median
	switch {
	case x <= 0:
		return 0
	case s.shape == lognormal:
		return math.Erfc(-math.Log(x)/(s.sigma*math.Sqrt2)) / 2
	case s.shape == exponential:
		return 1 - math.Exp2(-x)
	case s.shape == pareto:
		return max(0, 1-math.Pow(x, -s.alpha)/2)
	case x < 1:
		return 0
	}
	return 1
}

// quantile is the q-quantile of a cdf, found by halving between 0 and high.
func quantile(cdf func(float64) float64, q, high float64) float64 {
	for cdf(high) < q {
		high *= 2
	}
	low := 0.0
	for range 60 {
		if mid := (low + high) / 2; cdf(mid) < q {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// unqueued is the q-quantile of a request's latency in nanoseconds where nothing
// waits and service times are not changed: all ratios of latency are to it.
func (s *Spec) unqueued(q float64) float64 {
	if s.station.kind != twoStations {
		return quantile(s.service.cdf, q, s.service.median)
	}
	// The sum of two: the mean of one's cdf over equally likely values of the other.
	const strata = 512
	scale := 1 / s.service.mean()
	io, cpu := float64(s.station.io.demand)*scale, float64(s.station.cpu.demand)*scale
	times := make([]float64, strata)
	for i := range times {
		times[i] = io * quantile(s.service.cdf, (float64(i)+0.5)/strata, s.service.median)
	}
	return quantile(func(t float64) float64 {
		sum := 0.0
		for _, first := range times {
			sum += s.service.cdf((t - first) / cpu)
		}
		return sum / strata
	}, q, 1e6)
}
