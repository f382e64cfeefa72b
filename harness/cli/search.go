package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sluice/harness/search"
)

func newSearch(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "search",
		Short: "the laboratory of searches: replay strategies on recorded tables and score them",
		Args:  noCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSearchReplay(s), newSearchList(s), newSearchTable(s))
	return cmd
}

// entrants are the strategies that can be replayed.
func entrants() []search.Spec { return search.Strategies() }

func entrantNames() []string {
	var names []string
	for _, e := range entrants() {
		names = append(names, e.Name)
	}
	return names
}

// findEntrants resolves names; none are all.
func findEntrants(names []string) ([]search.Spec, error) {
	all := entrants()
	if names == nil {
		return all, nil
	}
	var found []search.Spec
	var faults []string
	for _, name := range names {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(all, func(e search.Spec) bool { return e.Name == name })
		switch {
		case i < 0:
			faults = append(faults, fmt.Sprintf("unknown strategy %q%s (sluice search list names them)", name, meant(name, entrantNames())))
		case !slices.ContainsFunc(found, func(e search.Spec) bool { return e.Name == name }):
			found = append(found, all[i])
		}
	}
	if len(faults) > 0 {
		return nil, usagef("%s", strings.Join(faults, "\n"))
	}
	if len(found) == 0 {
		return nil, usagef("--strategy is empty; name one or more of %s", strings.Join(entrantNames(), ", "))
	}
	return found, nil
}

// completeEntrants completes the name after the last comma, with those that are not
// before it.
func completeEntrants(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return completeListed(entrantNames(), typed)
}

// StrategiesSchema names the JSON object that search list prints.
const StrategiesSchema = "sluice.strategies/v1"

func newSearchList(s *streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "list", Short: "list the strategies and the surfaces", Args: none,
		RunE: func(*cobra.Command, []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			return listStrategies(s, format)
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

func listStrategies(s *streams, format string) error {
	if format == "json" {
		type line struct {
			Name  string `json:"name"`
			About string `json:"about"`
		}
		all := struct {
			Schema     string   `json:"schema"`
			Strategies []line   `json:"strategies"`
			Surfaces   []string `json:"surfaces"`
		}{StrategiesSchema, nil, surfaceNames()}
		for _, e := range entrants() {
			all.Strategies = append(all.Strategies, line{e.Name, e.About})
		}
		return json.NewEncoder(s.out).Encode(all)
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "strategies")
	for _, e := range entrants() {
		fmt.Fprintf(w, "  %s\t%s\n", e.Name, e.About)
	}
	fmt.Fprintln(w, "surfaces, beside tables of your own")
	for _, name := range surfaceNames() {
		fmt.Fprintf(w, "  %s\t%s\n", name, surfaceAbout(name))
	}
	return w.Flush()
}
