package cli

import (
	"github.com/spf13/cobra"

	"sluice/harness/trial"
)

// The two commands that our own binary is started with beside a measurement.
// They are hidden: nobody has a use for them by hand.
const (
	guardCommand  = "guard"
	launchCommand = "launch"
)

// newGuard is the process that cleans up after a harness that was killed.
func newGuard(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:    guardCommand,
		Short:  "clean up after a measuring process that is killed (started by it)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(*cobra.Command, []string) error { return trial.KeepGuard(s.in, s.out) },
	}
}

// newLaunch is the small process that foreign commands are started through.
func newLaunch() *cobra.Command {
	return &cobra.Command{
		Use:                launchCommand + " PROGRAM NAME [ARG…]",
		Short:              "start a command from a small process (started by what measures)",
		Hidden:             true,
		DisableFlagParsing: true, // the flags are the command's
		RunE:               func(_ *cobra.Command, args []string) error { return trial.Launch(args) },
	}
}
