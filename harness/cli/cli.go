// Package cli is the command: one file for each subcommand, each owning its
// flags. It alone knows everybody; what has a thought in it lives below.
//
// Run is the whole command as a function of its streams, so that tests drive it
// without a process. Results go to stdout, progress and warnings to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"sluice/harness/store"
	"sluice/harness/tuner"
	"sluice/scanner/config"
)

// Version is set by the build (-ldflags -X sluice/harness/cli.Version=…).
var Version = "devel" //nolint:gochecknoglobals // the linker can set nothing else

// streams are the command's inputs and outputs.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Run executes one command line. The error it returns has been printed to
// stderr already; ExitCode says what to exit with.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	s := &streams{in: stdin, out: stdout, err: stderr}
	root := newRoot(s)
	root.SetArgs(args)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%v%s; see %s --help", err, dashed(cmd, args), cmd.CommandPath())
	})
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	_, err := root.ExecuteContextC(ctx)
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = &interrupted{err}
	}
	var quiet *policyError
	if message := err.Error(); message != "" && !errors.As(err, &quiet) {
		fmt.Fprintf(stderr, "sluice: %s\n", strings.TrimRight(message, "\n"))
	}
	return err
}

// dashed is the advice for a file whose name begins with a dash, where one of
// the arguments is there: after -- nothing is a flag.
func dashed(cmd *cobra.Command, args []string) string {
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			continue
		}
		if _, err := os.Lstat(arg); err == nil {
			if cmd.Flags().Lookup("target") != nil { // after -- stands a command
				return fmt.Sprintf("; to name the file %s write ./%s", arg, arg)
			}
			return fmt.Sprintf("; to name the file %s put -- before it: %s -- %s", arg, cmd.CommandPath(), arg)
		}
	}
	return ""
}

// newRoot lists the commands.
func newRoot(s *streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "sluice",
		Short: "find the concurrency configuration that is best for this machine, and prove it",
		Long: `sluice finds the concurrency configuration that is best for this machine, this
storage and this code base, and proves it. It ships the system under test, a
static-analysis scanner whose every concurrency decision is a knob, and the
harness that measures it.

Start with: sluice tune PATH`,
		Version:       Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		PersistentPreRunE: checkGiven,
	}
	root.AddCommand(
		newTune(s),
		newRun(s),
		newCompare(s),
		newScan(s),
		newConfig(s),
		newReport(s),
		newRecommend(s),
		newExplain(s),
		newPredict(s),
		newRuns(s),
		newProfile(s),
		newLimiters(s),
		newSearch(s),
		newCorpus(s),
		newMachine(s),
		newGuard(s),
		newLaunch(),
		newBurn(s),
		newInterfere(s),
		newDoctor(s),
	)
	return root
}

// noCommand refuses an unknown command and names the nearest.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	hint := ""
	if near := config.Nearest(args[0], names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return usagef("unknown command %q%s (see %s --help)", args[0], hint, cmd.CommandPath())
}

// Exit statuses, as documented in docs/commands.md.
const (
	exitPolicy      = 1
	exitUsage       = 2
	exitWork        = 3
	exitInterrupted = 130
)

// usageError is a wrong command line or a wrong file.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// policyError is a policy that said no. What it has to say stands in the result.
type policyError struct{ message string }

func (e *policyError) Error() string { return e.message }

// interrupted is a run that was stopped by the user.
type interrupted struct{ err error }

func (e *interrupted) Error() string {
	if errors.Is(e.err, context.Canceled) {
		return "interrupted"
	}
	return e.err.Error()
}
func (e *interrupted) Unwrap() error { return e.err }

// ExitCode maps Run's error to the process's exit status.
func ExitCode(err error) int {
	var (
		usage    *usageError
		faults   config.Faults
		tooSmall *tuner.TooSmall
		policy   *policyError
		stopped  *interrupted
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &stopped):
		return exitInterrupted
	case errors.As(err, &policy):
		return exitPolicy
	case errors.As(err, &usage), errors.As(err, &faults), errors.As(err, &tooSmall), errors.Is(err, store.ErrForeign):
		return exitUsage
	default:
		return exitWork
	}
}

// warn prints one warning to stderr.
func (s *streams) warn(format string, args ...any) {
	fmt.Fprintf(s.err, "sluice: warning: "+format+"\n", args...)
}

// terminal says whether w is a terminal, where bars and colours make sense.
func terminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS) // what /dev/null, a device too, refuses
	return err == nil && os.Getenv("TERM") != "dumb"
}

// color says whether w should be coloured: terminals, unless NO_COLOR is set.
func color(w io.Writer) bool { return terminal(w) && os.Getenv("NO_COLOR") == "" }

// formatFlag adds --format and checks it.
func formatFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "format", "text", "text or json")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

func checkFormat(format string) error {
	if format != "text" && format != "json" {
		return usagef("unknown format %q; use text or json", format)
	}
	return nil
}
