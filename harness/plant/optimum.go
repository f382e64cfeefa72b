package plant

import "math"

// mostInside is the highest limit that is looked at for an optimum.
const mostInside = 1000

// best is what a plant can give under the conditions of a moment.
type best struct {
	limit    float64 // at which throughput over latency is highest (Kleinrock's power)
	capacity float64 // highest throughput, requests per nanosecond, that end well
}

// best looks for the optimum among all limits. With a limit of n and always
// somebody waiting, n are inside, throughput is X(n) and, by Little's law, latency
// n/X(n).
func (s *Spec) best(c conditions) best {
	var b best
	highest := 0.0
	x := s.throughput(c)
	for n := 1; n <= mostInside; n++ {
		rate := x(n)
		if power := rate * rate / float64(n); power > highest*(1+1e-9) {
			highest, b.limit = power, float64(n)
		}
		b.capacity = max(b.capacity, rate)
	}
	b.capacity *= 1 - s.hang.share
	return b
}

// throughput is X(n), in requests per nanosecond, with n inside all the time.
func (s *Spec) throughput(c conditions) func(n int) float64 {
	l, mean := &s.station, s.meanTime(c)
	switch l.kind {
	case sharing:
		return func(n int) float64 { return min(float64(n), c.slots) / mean }
	case scalability:
		return func(n int) float64 {
			f := float64(n)
			return f / (1 + l.alpha*(f-1) + l.beta*f*(f-1)) / mean
		}
	case knee:
		return func(n int) float64 {
			f := float64(n)
			return f / (mean + s.bent(f, c.slots)*s.service.median*c.service)
		}
	case batch:
		slots := max(1, math.Round(c.slots))
		return func(n int) float64 {
			if n < l.size {
				return float64(n) / (mean + float64(l.linger))
			}
			return min(float64(n/l.size), slots) * float64(l.size) / mean
		}
	case twoStations:
		io := demand{l.io.slots, float64(l.io.demand) * c.service}
		cpu := demand{l.cpu.slots, float64(l.cpu.demand) * c.service}
		return func(n int) float64 { return tandemRate(io, cpu, n) }
	case fifo:
	}
	slots := max(1, math.Round(c.slots))
	return func(n int) float64 { return min(float64(n), slots) / mean }
}

// meanTime is how long a slot is held on average, in nanoseconds.
func (s *Spec) meanTime(c conditions) float64 {
	return (1-s.hang.share)*s.service.mean()*c.service + s.hang.share*float64(s.hang.time)
}

// bent is how much longer than alone a request takes, in medians, when n are inside:
// a thousand at most, which no limit comes back from and every simulation can count.
func (s *Spec) bent(n, knee float64) float64 {
	more := (n - 1) * s.station.scale
	if n > knee {
		more += math.Pow(s.station.base, n-knee) - 1
	}
	return min(more, 1000)
}

// demand is one station of a closed network.
type demand struct {
	slots int
	time  float64 // mean service time
}

// busy is how many of n requests at a station are being served.
func (d demand) busy(n int) float64 { return float64(min(n, d.slots)) }

// tandemRate is the throughput of a closed network of two stations with n requests
// in it, exact for exponential service times. How many are at the first is a
// birth–death process; its probabilities follow from one another (Gordon and Newell,
// "Closed Queuing Systems with Exponential Servers", Operations Research 15, 1967).
// Mean value analysis gives the same and loses its digits near saturation.
func tandemRate(first, second demand, n int) float64 {
	weight, sum, done := 1.0, 0.0, 0.0
	for k := 0; k <= n; k++ { // at the first
		if k > 0 {
			weight *= second.busy(n-k+1) / second.time * first.time / first.busy(k)
		}
		sum += weight
		done += weight * first.busy(k) / first.time
		if sum > 1e200 {
			weight, sum, done = weight/1e200, sum/1e200, done/1e200
		}
	}
	return done / sum
}
