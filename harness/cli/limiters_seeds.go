package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// seedText is a seed as it was given, so that a wrong one is told in our words
// along with all else that is wrong.
type seedText string

func (t *seedText) Set(text string) error { *t = seedText(text); return nil }
func (t *seedText) String() string        { return string(*t) }
func (t *seedText) Type() string          { return "uint" }

// mostSeeds bounds a contest: room for the score of each simulation is taken before
// the first begins, and kept until the last has ended.
const mostSeeds = 1000

// checkSeeds returns the first seed.
func (f *limitersFlags) checkSeeds() (uint64, error) {
	var errs []error
	switch {
	case f.seeds < 1:
		errs = append(errs, fmt.Errorf("--seeds is %d; use 1 or more (default 3)", f.seeds))
	case f.seeds > mostSeeds:
		errs = append(errs, fmt.Errorf("--seeds is %d; use at most %d: the score of each simulation is held in memory until the last has ended", f.seeds, mostSeeds))
	}
	first, err := strconv.ParseUint(string(f.seed), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		errs = append(errs, fmt.Errorf("--seed is %s; use at most %d", f.seed, uint64(math.MaxUint64-mostSeeds)))
	case err != nil && negative(string(f.seed)):
		errs = append(errs, fmt.Errorf("--seed is %s; use 0 or more (default 1)", f.seed))
	case err != nil:
		errs = append(errs, fmt.Errorf("--seed is %q; use a whole number, 0 or more (default 1)", string(f.seed)))
	case f.seeds > 0 && first > math.MaxUint64-uint64(f.seeds):
		errs = append(errs, fmt.Errorf("--seed is %d, after which no %d follow; use a smaller one", first, f.seeds))
	}
	return first, errors.Join(errs...)
}

// negative says whether text is a whole number below 0.
func negative(text string) bool {
	digits, minus := strings.CutPrefix(text, "-")
	return minus && digits != "" && strings.Trim(digits, "0123456789") == ""
}
