package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sluice/harness/unit"
	"sluice/workloads/corpus"
)

func newCorpus(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "corpus", Short: "list, describe, generate and fetch what can be measured on", Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(corpusList(s), corpusDescribe(s), corpusGen(s), corpusFetch(s))
	return cmd
}

// CorporaSchema names what corpus list prints as JSON.
const CorporaSchema = "sluice.corpora/v1"

func corpusList(s *streams) *cobra.Command {
	var format, dir string
	cmd := &cobra.Command{
		Use: "list", Short: "list the corpora that have a name", Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			infos, err := newRegistry(dir).Infos(cmd.Context())
			if err != nil {
				return err
			}
			if format == "json" {
				return listJSON(s, infos)
			}
			return listText(s, infos)
		},
	}
	cmd.Flags().StringVar(&dir, "store", ".sluice", "`folder` of the store, which keeps synthetic corpora")
	formatFlag(cmd, &format)
	return cmd
}

func listJSON(s *streams, infos []corpus.Info) error {
	rows := make([]map[string]any, 0, len(infos))
	for _, i := range infos {
		row := map[string]any{"name": "corpus:" + i.Name, "about": i.About, "ready": i.Ready}
		if i.Files > 0 {
			row["files"] = i.Files
		}
		if i.Bytes > 0 {
			row["bytes"] = i.Bytes
		}
		rows = append(rows, row)
	}
	return json.NewEncoder(s.out).Encode(map[string]any{"schema": CorporaSchema, "corpora": rows})
}

func listText(s *streams, infos []corpus.Info) error {
	table := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	for _, i := range infos {
		state, files, bytes := "ready", "", ""
		switch fetchable := slices.Contains(corpus.FetchNames(), i.Name); {
		case !i.Ready && fetchable:
			state = "not fetched"
		case !i.Ready && i.Name == corpus.GorootName:
			state = "no Go here"
		case !i.Ready:
			state = "made on first use"
		}
		if i.Files > 0 {
			files = fmt.Sprintf("%d files", i.Files)
		}
		if i.Bytes > 0 {
			bytes = unit.Bytes(i.Bytes)
		}
		fmt.Fprintf(table, "corpus:%s\t%s\t%s\t%s\t%s\n", i.Name, files, bytes, state, i.About)
	}
	return table.Flush()
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

// GeneratedSchema names what corpus gen prints as JSON.
const GeneratedSchema = "sluice.corpus-generated/v1"

// genFlags are the flags of sluice corpus gen.
type genFlags struct {
	out    string
	seed   uint64
	files  int
	scale  float64
	format string
}

func corpusGen(s *streams) *cobra.Command {
	f := &genFlags{}
	cmd := &cobra.Command{
		Use: "gen NAME -o DIR", Short: "write a synthetic corpus with known findings",
		Long: `Write a synthetic corpus to DIR, and its manifest to DIR.json: all files, and
exactly the findings that a scan with the built-in rules must report. The same
name, seed and scale give the same bytes on every machine. The secrets are made up.

NAME is one of ` + strings.Join(genNames(), ", ") + `.`,
		Args: func(cmd *cobra.Command, args []string) error { return f.check(cmd, args) },
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, s, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "output", "o", "", "`folder` to write to")
	flags.Uint64Var(&f.seed, "seed", corpus.PresetSeed, "seed of names, sizes and contents")
	flags.Float64Var(&f.scale, "scale", 1, "multiply the number of files by this `factor`")
	flags.IntVar(&f.files, "files", corpus.PlantedFiles, "number of files (planted only)")
	formatFlag(cmd, &f.format)
	cmd.ValidArgsFunction = firstOf(genNames())
	return cmd
}

// genNames lists what corpus gen can write.
func genNames() []string {
	names := []string{corpus.PlantedName}
	for _, p := range corpus.Presets() {
		names = append(names, p.Name)
	}
	return names
}

// firstOf completes the first argument.
func firstOf(names []string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func (f *genFlags) check(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) != 1:
		return usagef("corpus gen needs one NAME of %s; found %q", strings.Join(genNames(), ", "), args)
	case args[0] != corpus.PlantedName:
		if _, err := corpus.FindPreset(args[0]); err != nil {
			return &usageError{err}
		}
		if cmd.Flags().Changed("files") {
			return usagef("--files is for planted; use --scale with %s", args[0])
		}
	case cmd.Flags().Changed("scale"):
		return usagef("--scale is for the other corpora; use --files with planted")
	}
	if f.out == "" {
		return usagef("corpus gen needs -o DIR, an empty folder to write to")
	}
	if !(f.scale > 0) {
		return usagef("--scale is %v; use more than 0 (1 is usual)", f.scale)
	}
	return checkFormat(f.format)
}

func (f *genFlags) run(cmd *cobra.Command, s *streams, name string) error {
	m, err := f.generate(cmd, s, name)
	if err != nil {
		return err
	}
	c := m.Corpus()
	if f.format == "json" {
		return json.NewEncoder(s.out).Encode(map[string]any{
			"schema": GeneratedSchema, "name": c.Name, "dir": c.Root, "seed": f.seed, "scale": f.scale, "files": len(c.Files),
			"bytes": c.Bytes, "findings": len(m.Findings), "fingerprint": c.Fingerprint,
		})
	}
	fmt.Fprintf(s.err, "wrote %d files with %d planted findings below %s\n", len(c.Files), len(m.Findings), f.out)
	return nil
}

func (f *genFlags) generate(cmd *cobra.Command, s *streams, name string) (corpus.Manifest, error) {
	if name == corpus.PlantedName {
		return corpus.Planted(f.out, f.seed, f.files)
	}
	preset, err := corpus.FindPreset(name)
	if err != nil {
		return corpus.Manifest{}, err
	}
	shown := newGenProgress(s)
	defer shown.stop()
	return corpus.Generate(cmd.Context(), f.out, corpus.Generation{
		Preset: preset, Seed: f.seed, Scale: f.scale,
		Progress: func(done, of int) { shown.file(name, done, of) },
	})
}

func corpusFetch(s *streams) *cobra.Command {
	names := strings.Join(corpus.FetchNames(), ", ")
	cmd := &cobra.Command{
		Use: "fetch NAME", Short: "download a corpus of real code through the go command",
		Long: `Download a corpus into the go command's module cache, where it is read in
place, and check it against a pinned sum. NAME is ` + names + `.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(corpus.FetchNames(), args[0]) {
				return usagef("corpus fetch needs one NAME of %s; found %q", names, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			fmt.Fprintf(s.err, "fetching %s\n", args[0])
			dir, err := corpus.Fetch(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(s.err, "corpus:%s is ready in %s\n", args[0], dir)
			return nil
		},
	}
	cmd.ValidArgsFunction = firstOf(corpus.FetchNames())
	return cmd
}

// genProgress shows the writing of a corpus after its first two seconds.
type genProgress struct {
	s           *streams
	tty         bool
	began, last time.Time
	shown       bool
}

func newGenProgress(s *streams) *genProgress {
	return &genProgress{s: s, tty: terminal(s.err), began: time.Now()}
}

// file is called after each file, from one goroutine.
func (p *genProgress) file(name string, done, of int) {
	now := time.Now()
	every := lineEvery
	if p.tty {
		every = redrawEvery
	}
	if now.Sub(p.began) < 2*time.Second || now.Sub(p.last) < every {
		return
	}
	p.last = now
	if p.tty {
		p.shown = true
		fmt.Fprintf(p.s.err, "\r\x1b[Kwriting corpus:%s: %d of %d files", name, done, of)
		return
	}
	fmt.Fprintf(p.s.err, "writing corpus:%s: %d of %d files\n", name, done, of)
}

// stop clears the line.
func (p *genProgress) stop() {
	if p.shown {
		fmt.Fprint(p.s.err, "\r\x1b[K")
	}
}
