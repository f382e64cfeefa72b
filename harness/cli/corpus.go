package cli

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sluice/harness/unit"
	"sluice/workloads/corpus"
)

func newCorpus(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "corpus", Short: "list, describe and generate what can be measured on", Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(corpusList(s), corpusDescribe(s), corpusGen(s))
	return cmd
}

func corpusList(s *streams) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list the corpora that have a name", Args: none,
		RunE: func(*cobra.Command, []string) error {
			about := map[string]string{
				corpus.GorootName:  "Go's own source tree, $(go env GOROOT)/src",
				corpus.PlantedName: "a small synthetic tree in Go, Python and JavaScript with known findings",
			}
			table := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
			for _, name := range newRegistry("").Names() {
				fmt.Fprintf(table, "corpus:%s\t%s\n", name, about[name])
			}
			return table.Flush()
		},
	}
}

func corpusDescribe(s *streams) *cobra.Command {
	var format, dir string
	cmd := &cobra.Command{
		Use: "describe [PATH…]", Short: "count the files and bytes of a corpus and print its fingerprint",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			c, err := findCorpus(cmd.Context(), s, dir, args)
			if err != nil {
				return err
			}
			if format == "json" {
				return json.NewEncoder(s.out).Encode(map[string]any{
					"schema": "sluice.corpus/v1", "name": c.Name, "root": c.Root, "files": len(c.Files), "bytes": c.Bytes, "fingerprint": c.Fingerprint, "real": c.Real,
				})
			}
			largest := corpus.File{}
			for _, f := range c.Files {
				if f.Size > largest.Size {
					largest = f
				}
			}
			table := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
			fmt.Fprintf(table, "name\t%s\nroot\t%s\nfiles\t%d\nbytes\t%s\nlargest file\t%s (%s)\nfingerprint\t%s\n",
				c.Name, c.Root, len(c.Files), unit.Bytes(c.Bytes), unit.Bytes(largest.Size), largest.Path, c.Fingerprint)
			return table.Flush()
		},
	}
	cmd.Flags().StringVar(&dir, "store", ".sluice", "`folder` of the store, which keeps synthetic corpora")
	formatFlag(cmd, &format)
	return cmd
}

func corpusGen(s *streams) *cobra.Command {
	var out string
	var seed uint64
	var files int
	cmd := &cobra.Command{
		Use: "gen planted -o DIR", Short: "write a synthetic corpus with known findings",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] != corpus.PlantedName {
				return usagef("corpus gen knows one corpus, planted; found %q", args)
			}
			if out == "" {
				return usagef("corpus gen needs -o DIR, an empty folder to write to")
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			manifest, err := corpus.Planted(out, seed, files)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.err, "wrote %d files with %d planted findings below %s\n", files, len(manifest.Findings), out)
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "`folder` to write to")
	cmd.Flags().Uint64Var(&seed, "seed", corpus.PlantedSeed, "seed of names and contents")
	cmd.Flags().IntVar(&files, "files", corpus.PlantedFiles, "number of files")
	return cmd
}
