package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"sluice/harness/unit"
	"sluice/workloads/interference"
)

// interfereFlags are the flags of sluice interfere, as they were given.
type interfereFlags struct {
	tenant      interference.Tenant
	period      string
	stay        string
	memoryBytes string
	diskBytes   string
	withParent  bool
	verbose     bool
}

func newInterfere(s *streams) *cobra.Command {
	f := &interfereFlags{tenant: interference.Default()}
	cmd := &cobra.Command{
		Use: "interfere", Short: "be a neighbour that disturbs, to test measurements with", Args: none, Hidden: true,
		Long: `Disturb this machine for a bounded time: threads that compute, threads that copy
memory, a scratch file that is written, synced and read. With a --duty below 1
all of it comes in pulses at times drawn from the seed, irregular so that they do
not keep step with trials.

Ctrl-C and SIGTERM end it at once. At its end it prints what it did as one JSON
object on one line. The scratch file has no name, so that nothing is left
whatever ends the process.`,
		Example: `  sluice interfere --cpu 1 --duty 0.5 --period 1s --for 60s --seed 1
  sluice interfere --memory 1 --disk . --disk-bytes 64MiB --for 20s --duty 1`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), s) },
	}
	t, flags := &f.tenant, cmd.Flags()
	flags.IntVar(&t.CPU, "cpu", 0, "`threads` that compute")
	flags.IntVar(&t.Memory, "memory", 0, "`threads` that copy memory")
	flags.StringVar(&f.memoryBytes, "memory-bytes", "128MiB", "`size` of the buffer that each of them copies through; more than the caches hold")
	flags.StringVar(&t.Disk, "disk", "", "`folder` to write, sync and read a scratch file in")
	flags.StringVar(&f.diskBytes, "disk-bytes", "64MiB", "`size` of the scratch file at most")
	flags.Float64Var(&t.Duty, "duty", t.Duty, "`share` of the time to be busy, 0 to 1; 1 is steadily")
	flags.StringVar(&f.period, "period", "1s", "`time` from pulse to pulse on average")
	flags.StringVar(&f.stay, "for", "", "`time` to go on for, 24h at most (required)")
	flags.Uint64Var(&t.Seed, "seed", t.Seed, "seed of the pulses")
	flags.BoolVar(&f.withParent, "with-parent", false, "die when the process dies that started this one")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "say on stderr when it begins")
	return cmd
}

func (f *interfereFlags) run(ctx context.Context, s *streams) error {
	tenant, err := f.check()
	if err != nil {
		return &usageError{err}
	}
	if f.withParent {
		if err := dieWithParent(); err != nil {
			return err
		}
	}
	if f.verbose {
		fmt.Fprintf(s.err, "sluice: disturbing for %v\n", tenant.For)
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), tenant.CPU+tenant.Memory+2)) // one for the disk, one to hear of the end
	did, err := tenant.Run(ctx)
	if err != nil {
		return fmt.Errorf("interfere: %w", err)
	}
	return json.NewEncoder(s.out).Encode(did)
}

// check turns the flags into a tenant, and reports every fault at once.
func (f *interfereFlags) check() (interference.Tenant, error) {
	t := f.tenant
	if f.stay == "" {
		return t, errors.New("--for is missing; say how long to disturb, as in --for 60s")
	}
	var faults [4]error
	t.For, faults[0] = unit.ParseDuration(f.stay)
	t.Period, faults[1] = unit.ParseDuration(f.period)
	t.MemoryBytes, faults[2] = unit.ParseBytes(f.memoryBytes)
	t.DiskBytes, faults[3] = unit.ParseBytes(f.diskBytes)
	for i, flag := range []string{"--for", "--period", "--memory-bytes", "--disk-bytes"} {
		if faults[i] != nil {
			faults[i] = fmt.Errorf("%s: %w", flag, faults[i])
		}
	}
	if err := errors.Join(faults[:]...); err != nil {
		return t, err
	}
	return t, t.Validate()
}

// dieWithParent has the kernel kill this process when the thread dies that
// started it. A parent that died before this call is not noticed if another
// process had adopted us by then.
func dieWithParent() error {
	parent := os.Getppid()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("die with the parent: %w (leave --with-parent out)", err)
	}
	if os.Getppid() != parent {
		return errors.New("the parent has died already")
	}
	return nil
}
