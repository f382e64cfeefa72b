package storage

import (
	"fmt"
	"math"
	"strings"
	"time"

	"sluice/workloads/internal/nearest"
	"sluice/workloads/internal/seeded"
)

// Profile describes storage: a latency paid once for each file opened, and a
// link shared by all of them.
type Profile struct {
	Name            string
	Median          time.Duration // of the latency; 0 or less is no latency
	Sigma           float64       // standard deviation of the latency's logarithm; 0 makes it constant
	LinkBytesPerSec float64       // 0 or less is an infinitely fast link
}

// spread is the sigma of every simulated profile: the slowest open in a hundred
// takes 3.2 times the median, near what shared storage is seen to do.
const spread = 0.5

// linkPerTwoCores is the link's speed for each two usable cores, in bytes per
// second: well above what two cores can analyse with the tree-sitter parsers
// (about 9 MB/s), well below a warm page cache.
const linkPerTwoCores = 200e6

// Profiles lists the profiles that can be simulated, fastest first. The link
// grows with the usable cores, so that the same profile asks the same question
// on a larger machine; it never falls below 200 MB/s.
func Profiles(cores int) []Profile {
	link := linkPerTwoCores * max(1, float64(cores)/2)
	return []Profile{
		{Name: "local"},
		{Name: "network-disk", Median: time.Millisecond, Sigma: spread, LinkBytesPerSec: link},
		{Name: "nfs", Median: 5 * time.Millisecond, Sigma: spread, LinkBytesPerSec: link},
		{Name: "object-store", Median: 20 * time.Millisecond, Sigma: spread, LinkBytesPerSec: link},
	}
}

// Lookup finds the profile of that name. The error names the nearest profile
// and lists all.
func Lookup(name string, cores int) (Profile, error) {
	profiles := Profiles(cores)
	names := make([]string, len(profiles))
	for i, p := range profiles {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	if name == "cold" || name == "nvme" {
		return Profile{}, fmt.Errorf("storage %q is not built yet; use one of %s", name, strings.Join(names, ", "))
	}
	hint := ""
	if near := nearest.Name(name, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return Profile{}, fmt.Errorf("unknown storage %q%s (known: %s)", name, hint, strings.Join(names, ", "))
}

// Mean is the mean latency: that of a lognormal, median · exp(sigma²/2).
func (p Profile) Mean() time.Duration {
	if p.Median <= 0 {
		return 0
	}
	return time.Duration(float64(p.Median) * math.Exp(p.Sigma*p.Sigma/2))
}

// Latency is the latency of one file in one block: the lognormal's inverse
// distribution function of a hash of seed, block and path. It needs no state
// and allocates nothing.
func (p Profile) Latency(seed uint64, block int, path string) time.Duration {
	if p.Median <= 0 {
		return 0
	}
	u := seeded.Unit(seeded.Hash(seed, block, path))
	z := math.Sqrt2 * math.Erfinv(2*u-1) // the standard normal quantile
	return time.Duration(float64(p.Median) * math.Exp(p.Sigma*z))
}

// instant tells whether nothing has to be waited for.
func (p Profile) instant() bool { return p.Median <= 0 && p.LinkBytesPerSec <= 0 }
