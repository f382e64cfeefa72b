package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkGiven refuses flags that were given and say nothing: an empty word, as an
// unset variable of a shell leaves it (--require-match=$WHAT would ask for nothing,
// and pass), or none of what there must be some of. All faults at once.
func checkGiven(cmd *cobra.Command, _ []string) error {
	if cmd.Name() == "limiters" {
		return nil // it says so itself, with all else that is wrong
	}
	var faults []error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch kind := f.Value.Type(); {
		case kind == "string" && f.Value.String() == "":
			_, usage := pflag.UnquoteUsage(f)
			faults = append(faults, fmt.Errorf("--%s is empty; leave it out, or give it a value: %s", f.Name, usage))
		case kind == "int" && f.Value.String() == "0" && slices.Contains([]string{"cores", "trials"}, f.Name):
			faults = append(faults, fmt.Errorf("--%s 0; use 1 or more, or leave it out", f.Name))
		case kind == "duration" && f.Value.String() == "0s" && f.Name == "budget":
			faults = append(faults, errors.New("--budget 0s; use a positive duration such as 90s, or leave it out"))
		}
	})
	if err := errors.Join(faults...); err != nil {
		return &usageError{err}
	}
	return nil
}
