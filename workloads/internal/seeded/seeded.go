// Package seeded turns a seed and a name into a number, the same on every
// machine, in every process and under every version of Go.
//
// Latencies and samples are drawn with it, so that a trial can be repeated from
// its command line alone. It is not for secrets: whoever knows the seed knows
// every draw.
package seeded

// The constants of FNV-1a, 64 bits (Fowler, Noll and Vo, draft-eastlake-fnv).
const (
	offset = 14695981039346656037
	prime  = 1099511628211
)

// Hash mixes seed, n and text into 64 well-spread bits. It costs about a
// nanosecond a byte and allocates nothing.
func Hash(seed uint64, n int, text string) uint64 {
	h := Mix(seed ^ Mix(uint64(n)^offset))
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * prime
	}
	return Mix(h) // FNV alone leaves the high bits of short names alike
}

// Mix is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): each
// bit of x moves each bit of the result with a chance of about one half.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Unit maps a hash to a number strictly between 0 and 1, evenly and symmetric
// about one half. 52 bits are used, since with 53 the largest would round to 1.
func Unit(h uint64) float64 {
	return (float64(h>>12) + 0.5) / (1 << 52)
}
