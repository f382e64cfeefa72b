package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

//go:embed study.py
var optunaScript string

// optunaRemedy is how the peers of Optuna are installed.
const optunaRemedy = "apt install python3-optuna python3-cmaes python3-scipy"

// optuna is a process that runs studies, one after another. It is not safe for
// concurrent use.
type optuna struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
	greeting
}

// greeting is the first line that the process says.
type greeting struct {
	Versions map[string]string `json:"versions"`
	Lacking  map[string]string `json:"lacking"` // module that a sampler lacks, by sampler
}

// startOptuna starts the script under an interpreter, and reads what it offers.
// Close ends it.
func startOptuna(ctx context.Context, python string) (*optuna, error) {
	command := exec.CommandContext(ctx, python, "-c", optunaScript)
	// A worker is one core's worth of work: no threads beside it.
	command.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	o := &optuna{command: command, in: in, out: json.NewDecoder(bufio.NewReader(out))}
	if err := o.out.Decode(&o.greeting); err != nil {
		return nil, errors.Join(fmt.Errorf("%s says no hello: %w", python, err), o.close())
	}
	return o, nil
}

func (o *optuna) close() error { return errors.Join(o.in.Close(), o.command.Wait()) }

// findPython returns the first interpreter that has Optuna, what it offers, and
// why there is none. The system's own comes second: Debian's packages are its
// alone where another Python stands before it in the path.
func findPython(ctx context.Context, names []string) (python string, g greeting, missing string) {
	for _, name := range names {
		o, err := startOptuna(ctx, name)
		if err != nil {
			continue
		}
		g := o.greeting
		if err := o.close(); err == nil && g.Versions["optuna"] != "" {
			return name, g, ""
		}
	}
	return "", greeting{}, "no optuna under " + strings.Join(names, " or ")
}

// versions lists what takes part: "optuna 3.1.0".
func (g greeting) versions() []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(g.Versions)) {
		list = append(list, name+" "+g.Versions[name])
	}
	return list
}

// order opens a study.
type order struct {
	Sampler string `json:"sampler"`
	Seed    uint64 `json:"seed"`
	Knobs   []knob `json:"knobs"`
}

// reply is a line of the process.
type reply struct {
	Ask  []float64 `json:"ask"`
	Best *struct {
		Trial int     `json:"trial"`
		Value float64 `json:"value"`
	} `json:"best"`
}

// study runs one study of so many trials, a launch each, and returns them. It is
// an error if the study's best trial is not the one recommended here.
func (o *optuna) study(c *course, sampler string, indices bool, trials int) ([]trial, error) {
	offered, err := knobs(c.problem.Space(), indices)
	if err != nil {
		return nil, err
	}
	answer, err := o.ask(map[string]order{"study": {sampler, c.seed, offered}})
	if err != nil {
		return nil, err
	}
	var seen bestSeen
	for range trials {
		config, err := decode(c.problem.Reference(), offered, answer.Ask)
		if err != nil {
			return nil, err
		}
		value, err := seen.try(c, config)
		if err != nil {
			return nil, err
		}
		if answer, err = o.ask(map[string]float64{"tell": value}); err != nil {
			return nil, err
		}
	}
	return seen.trials, o.finish(&seen)
}

// finish ends the study and compares its best trial with ours.
func (o *optuna) finish(seen *bestSeen) error {
	answer, err := o.ask(map[string]bool{"best": true})
	if err != nil {
		return err
	}
	if answer.Best == nil || answer.Best.Trial != seen.best {
		return fmt.Errorf("the study holds trial %v for its best, we trial %d", answer.Best, seen.best)
	}
	return nil
}

func (o *optuna) ask(line any) (reply, error) {
	if err := json.NewEncoder(o.in).Encode(line); err != nil {
		return reply{}, fmt.Errorf("tell optuna: %w", err)
	}
	var r reply
	if err := o.out.Decode(&r); err != nil {
		return reply{}, fmt.Errorf("hear optuna: %w", err)
	}
	return r, nil
}
