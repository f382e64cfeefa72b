package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sluice/harness/machine"
	"sluice/harness/record"
	"sluice/harness/unit"
)

func newMachine(s *streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "machine", Short: "print this machine's fingerprint", Args: none,
		Long: `Print the fingerprint of this machine: its coarse class, which names a kind of
machine in a fleet, the cores that are usable (affinity mask and cgroup quota),
the detail, and what it cannot tell.`,
		RunE: func(*cobra.Command, []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			m := machine.Read(".")
			if format == "json" {
				return json.NewEncoder(s.out).Encode(struct {
					Schema string `json:"schema"`
					record.Machine
				}{"sluice.machine/v1", m})
			}
			table := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
			fmt.Fprintf(table, "class\t%s\n", m.Class)
			fmt.Fprintf(table, "usable cores\t%d\n", m.UsableCores)
			fmt.Fprintf(table, "memory\t%s\n", unit.Bytes(m.MemoryBytes))
			for _, name := range slices.Sorted(maps.Keys(m.Detail)) {
				fmt.Fprintf(table, "%s\t%s\n", name, m.Detail[name])
			}
			for i, what := range m.Absent {
				fmt.Fprintf(table, "%s\t%s\n", map[bool]string{true: "absent", false: ""}[i == 0], what)
			}
			return table.Flush()
		},
	}
	formatFlag(cmd, &format)
	return cmd
}
