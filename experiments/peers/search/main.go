// Command search puts other people's tuners beside our strategies, on problems
// whose best configuration is known, and prints who got how far for how many
// launches.
//
//	go run ./search                                  # everybody on surfaces E and M, 50 seeds
//	go run ./search -seeds 20 -only optuna-tpe,sluice
//
// The objective is computed here alone: Optuna runs as a process of its own that is
// asked for configurations and told values over standard input and output
// (study.py), goptuna is linked. Who is not installed is left out, and named.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("search", flag.ContinueOnError)
	flags.SetOutput(stderr)
	t := contest{progress: stderr}
	flags.IntVar(&t.Seeds, "seeds", 50, "searches of each contestant on each problem")
	flags.IntVar(&t.Launches, "launches", 300, "launches of a search, repeats and references among them")
	flags.Float64Var(&t.Noise, "noise", .03, "standard deviation of a launch's logarithm")
	flags.IntVar(&t.workers, "workers", 2, "searches at once")
	problems := flags.String("problems", "E,M", "surfaces, and files of recorded tables, separated by commas")
	choices := flags.Bool("unordered", false, "offer words in an order (GOGC) as choices without one, to everybody")
	only := flags.String("only", "", "beginnings of contestants' names, separated by commas; empty for all")
	pythons := flags.String("python", "python3,/usr/bin/python3", "interpreters to look for Optuna under")
	out := flags.String("out", "", "folder for search.json and search.csv")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no option; see -h", flags.Arg(0))
	}
	if err := errors.Join(t.validate(), t.find(*problems, *choices)); err != nil {
		return err
	}
	d, err := t.play(ctx, *only, strings.Split(*pythons, ","))
	if err == nil || len(d.Rows) > 0 { // of a contest that was stopped, those whose searches had all ended
		err = errors.Join(err, d.give(*out, stdout))
	}
	return err
}

func (d document) give(folder string, w io.Writer) error {
	if folder != "" {
		if err := d.write(folder); err != nil {
			return err
		}
	}
	return d.print(w)
}

func (t *contest) find(names string, choices bool) (err error) {
	if t.workers < 1 {
		return fmt.Errorf("workers is %d; use 1 or more", t.workers)
	}
	t.problems, err = findProblems(names, t.Noise)
	for i, p := range t.problems {
		if choices {
			t.problems[i] = unordered{p}
		}
	}
	return err
}

// play finds out who is here and lets them search.
func (t *contest) play(ctx context.Context, only string, pythons []string) (document, error) {
	all := selected(contestants(), only)
	if len(all) == 0 {
		return document{}, fmt.Errorf("nobody's name begins with %q", only)
	}
	python, greeting, missing := findPython(ctx, pythons)
	d := document{Schema: schema, settings: t.settings, Versions: append(greeting.versions(), goptunaVersion())}
	t.python = python
	t.contestants, d.Absent = present(all, python, greeting, missing)
	rows, gone, err := t.run(ctx)
	d.Rows, d.Absent = rows, append(d.Absent, gone...)
	return d, err
}
