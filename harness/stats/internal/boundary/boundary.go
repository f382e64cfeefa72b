// Package boundary calibrates the group-sequential signed-rank rule of
// harness/stats by simulation.
//
// A plan goes in: the error it may spend, how, and the most pairs. The critical
// value after each pair comes out. Of the noise nothing is assumed but what the
// fixed test assumes: the sign of each difference is a fair coin, whatever its
// size. The path of the statistic depends besides on the order of the sizes. In
// no particular order, the rank of each new size among those before it is
// uniform, and the path has one law whatever the noise. Where noise grows, new
// pairs outweigh the old and peeking errs more often; growing all along is the
// worst of the orders tried (fading, alternating, one step up). A critical value
// must do for both. The package knows these two laws, and no data.
package boundary

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// MaxPairs is the most pairs of a plan: the signs of one path are kept in 128
// bits, in the order of the sizes.
const MaxPairs = 100

// None is the critical value where nothing can be rejected yet.
const None = -1

// Plan is one rule to be calibrated: it may spend Alpha·(n ÷ Most)^Power of its
// two-sided error within the first n pairs (the power family of Kim and DeMets,
// Biometrika 74, 1987).
type Plan struct {
	Alpha float64 // two-sided error in all, between 0 and 1
	Most  int     // pairs at the last look, 1 … MaxPairs
	Power float64 // ≥ 1: the greater, the more is kept for the end
}

// Spent is the error that may have been spent after n pairs, at most Alpha.
func (p Plan) Spent(n int) float64 {
	return p.Alpha * math.Pow(min(1, float64(n)/float64(p.Most)), p.Power)
}

// Calibrate returns, for each plan, its critical values: after n pairs (index
// n) a centre is rejected when the smaller of the two rank sums about it is at
// most that value; [None] when none is small enough. Each is the largest that
// keeps the probability of having rejected a true centre, at this look or one
// before, within what the plan may have spent, less two standard errors of the
// simulation, so that the error of the simulation falls on the safe side.
//
// The answer is a function of its arguments; the paths of one seed are the same
// for every list of plans. A path costs 60 bytes (up to 64 plans) and
// 20 to 40 ns a pair.
func Calibrate(plans []Plan, paths int, seed uint64) [][]int {
	most := 0
	critical := make([][]int, len(plans))
	for i, p := range plans {
		most = max(most, p.Most)
		critical[i] = slices.Repeat([]int{None}, p.Most+1)
	}
	orders := []*paced{newPaced(len(plans), paths, seed, anyPlace), newPaced(len(plans), paths, seed, growing)}
	for n := 1; n <= most; n++ {
		for _, o := range orders {
			o.advance(n)
			o.list(n, mostSpent(plans, n))
		}
		for i, p := range plans {
			if n <= p.Most {
				critical[i][n] = min(orders[0].reach(i, p.Spent(n)), orders[1].reach(i, p.Spent(n)))
				orders[0].stop(i, critical[i][n])
				orders[1].stop(i, critical[i][n])
			}
		}
	}
	return critical
}

// mostSpent is the most that any of the plans may have spent after n pairs.
func mostSpent(plans []Plan, n int) float64 {
	most := 0.0
	for _, p := range plans {
		if n <= p.Most {
			most = max(most, p.Spent(n))
		}
	}
	return most
}

// anyPlace draws how many of n−1 sizes are smaller than the next: each number
// is as likely.
func anyPlace(n int, random uint64) uint { return uint(random >> 32 * uint64(n) >> 32) }

// growing has each size greater than all before.
func growing(n int, _ uint64) uint { return uint(n - 1) }

// paced advances all paths of one order of sizes, pair by pair. Index of the
// slices: path.
type paced struct {
	place   func(n int, random uint64) uint
	rng     *rand.PCG
	signs   [][2]uint64 // bit k: whether the k-th smallest difference is positive
	sums    []uint16    // ranks of the positive differences, added
	least   []uint16    // the smaller of the two rank sums
	near    []int32     // paths that some plan might reject after this pair
	nearest int         // the greatest sum of those
	crossed []int       // plan → paths that have rejected
	stopped []uint64    // path → words → bit per plan that has rejected on it
	words   int         // of stopped, per path
}

func newPaced(plans, paths int, seed uint64, place func(int, uint64) uint) *paced {
	words := (plans + 63) / 64
	return &paced{
		place: place, rng: rand.NewPCG(seed, 0),
		signs: make([][2]uint64, paths), sums: make([]uint16, paths), least: make([]uint16, paths),
		crossed: make([]int, plans), stopped: make([]uint64, paths*words), words: words,
	}
}

// advance adds the n-th pair to each path. Of n−1 sizes, `below` are smaller
// than the new one; the positive ones above it move up by one rank.
func (s *paced) advance(n int) {
	top := uint16(n * (n + 1) / 2)
	for i := range s.signs {
		random := s.rng.Uint64()
		below := s.place(n, random)
		positive := random & 1
		lower, upper := split(s.signs[i], below)
		sum := s.sums[i] + uint16(bits.OnesCount64(upper[0])+bits.OnesCount64(upper[1]))
		sum += uint16(positive) * uint16(below+1)
		s.signs[i] = join(lower, upper, below, positive)
		s.sums[i] = sum
		s.least[i] = min(sum, top-sum)
	}
}

// split parts the signs of the k smallest from the rest, which is shifted down
// to bit 0.
func split(signs [2]uint64, k uint) (lower, upper [2]uint64) {
	if k >= 64 {
		return [2]uint64{signs[0], signs[1] & (1<<(k-64) - 1)}, [2]uint64{signs[1] >> (k - 64), 0}
	}
	lower = [2]uint64{signs[0] & (1<<k - 1), 0}
	upper = [2]uint64{signs[0]>>k | signs[1]<<(64-k), signs[1] >> k} // a shift by 64 yields 0
	return lower, upper
}

// join puts the parts of split together again, with a new sign at k.
func join(lower, upper [2]uint64, k uint, positive uint64) [2]uint64 {
	if k++; k >= 64 { // the upper part starts beyond the new sign
		signs := [2]uint64{lower[0], lower[1] | upper[0]<<(k-64)}
		signs[(k-1)/64] |= positive << ((k - 1) % 64)
		return signs
	}
	return [2]uint64{
		lower[0] | positive<<(k-1) | upper[0]<<k,
		upper[0]>>(64-k) | upper[1]<<k,
	}
}

// list finds the paths that some plan might reject after n pairs. What a plan
// has spent is at least the probability of a sum as small as its critical value
// at this look alone, so a sum too probable for the plan that may have spent
// most is out of reach for all.
func (s *paced) list(n int, most float64) {
	counts := make([]int, n*(n+1)/4+1)
	for _, least := range s.least {
		counts[least]++
	}
	s.nearest = largest(counts, 0, most*float64(len(s.least)))
	s.near = s.near[:0]
	for i, least := range s.least {
		if int(least) <= s.nearest {
			s.near = append(s.near, int32(i))
		}
	}
}

// largest is the largest value whose count, with those of the smaller ones and
// `before`, stays within allowed; None when there is none.
func largest(counts []int, before int, allowed float64) int {
	value := None
	for v, count := range counts {
		if before += count; float64(before) > allowed {
			break
		}
		value = v
	}
	return value
}

// reach is the largest critical value with which the plan has spent no more
// than that share of its paths, two standard errors kept back.
func (s *paced) reach(plan int, spent float64) int {
	counts := make([]int, s.nearest+1)
	word, bit := plan/64, uint64(1)<<(plan%64)
	for _, i := range s.near {
		if s.stopped[int(i)*s.words+word]&bit == 0 {
			counts[s.least[i]]++
		}
	}
	paths := float64(len(s.signs))
	return largest(counts, s.crossed[plan], spent*paths-2*math.Sqrt(spent*(1-spent)*paths))
}

// stop ends the paths on which the plan rejects.
func (s *paced) stop(plan, critical int) {
	word, bit := plan/64, uint64(1)<<(plan%64)
	for _, i := range s.near {
		at := int(i)*s.words + word
		if s.stopped[at]&bit == 0 && int(s.least[i]) <= critical {
			s.stopped[at] |= bit
			s.crossed[plan]++
		}
	}
}
