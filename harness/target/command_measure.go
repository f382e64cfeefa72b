package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/trial"
)

// launch is one trial's commands with every placeholder filled in.
type launch struct {
	argv             []string
	env              []string // NAME=value, what it has beyond this process's
	dir              string
	stdin            string
	prepare, cleanup [][]string
	files            map[string]string // metric to the file that it is read from
	cores            []int
	limit            time.Duration
}

// render fills in one job.
func (c *Command) render(job lab.Job) launch {
	d, cores := c.def, c.options.Cores
	if len(job.Cores) > 0 {
		cores = job.Cores
	}
	values := map[string]string{
		"corpus": c.options.Corpus,
		"seed":   strconv.FormatUint(c.options.Seed, 10),
		"trial":  strconv.Itoa(job.Trial),
		"cores":  strconv.Itoa(len(cores)),
	}
	for _, config := range []record.Flat{d.Defaults, job.Arm.Config} {
		for name, value := range config {
			values[name] = Render(value)
		}
	}
	l := launch{
		argv: renderAll(d.command, values), dir: d.Dir, stdin: d.path(d.stdin.render(values)),
		env: d.environment(values, len(cores)), files: map[string]string{}, cores: cores, limit: job.Limit,
	}
	for _, list := range d.prepare {
		l.prepare = append(l.prepare, renderAll(list, values))
	}
	for _, list := range d.cleanup {
		l.cleanup = append(l.cleanup, renderAll(list, values))
	}
	for _, s := range d.sources {
		if s.from == fromFile {
			l.files[s.metric] = d.path(s.path.render(values))
		}
	}
	if d.Timeout > 0 && (l.limit == 0 || d.Timeout < l.limit) {
		l.limit = d.Timeout
	}
	return l
}

// path counts a relative path from the working directory.
func (d *Definition) path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(d.Dir, path)
}

// environment is what the command's own adds to this process's. GOMAXPROCS is
// set in every trial, since Go's runtime may otherwise change it under way.
func (d *Definition) environment(values map[string]string, cores int) []string {
	var env []string
	if !slices.ContainsFunc(d.env, func(v variable) bool { return v.name == "GOMAXPROCS" }) {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(cores))
	}
	for _, v := range d.env {
		env = append(env, v.name+"="+v.value.render(values))
	}
	return env
}

func (l launch) spec(argv []string) trial.Spec {
	return trial.Spec{
		Argv: argv, Env: slices.Concat(os.Environ(), l.env), Dir: l.dir, Cores: l.cores, Timeout: l.limit, Foreign: true,
	}
}

// Measure launches the command once, its prepare and cleanup around it. Whatever
// becomes of them is in the trial's status and reason; an error means that the
// harness could not do its own work.
func (c *Command) Measure(ctx context.Context, job lab.Job) (record.Trial, error) {
	l := c.render(job)
	t := record.Trial{
		Sample: record.Sample{
			Seed: c.options.Seed, Index: job.Draw.Index, Files: len(job.Draw.Files), Bytes: job.Draw.Bytes,
			Fidelity: job.Draw.Fidelity, Fingerprint: job.Draw.Fingerprint,
		},
		Metrics: map[string]float64{}, Command: l.words(),
	}
	out := output{before: map[string]stamp{}, files: l.files}
	for _, path := range l.files {
		out.before[path] = stampOf(path)
	}
	why, err := c.around(ctx, l, "prepare", l.prepare)
	if why != "" {
		t.Status, t.Reason = record.Failed, why
	} else if err == nil {
		err = c.launch(ctx, l, &t, out)
	}
	// What prepare or the command left is cleared away even when we are told to stop.
	warning, cleanErr := c.around(context.WithoutCancel(ctx), l.bounded(), "cleanup", l.cleanup)
	if warning != "" {
		t.Reason = strings.TrimPrefix(t.Reason+"; ", "; ") + warning
	}
	return t, errors.Join(err, cleanErr)
}

// launch runs the command itself and reads what it left.
func (c *Command) launch(ctx context.Context, l launch, t *record.Trial, out output) error {
	spec := l.spec(l.argv)
	// Always a pipe, never /dev/null: grep and its kin notice that and work less.
	spec.Stdin, spec.ExitOK, spec.KeepStdout = l.stdin, c.def.ExitOK, keepStdout
	result, err := trial.Run(ctx, c.options.Means.lend(spec))
	if why := cannotStart(err); why != "" {
		t.Status, t.Reason = record.Failed, why
		return nil
	}
	if err != nil {
		return err
	}
	t.Status, t.Reason, t.OthersCPUShare = result.Status, result.Reason, result.OthersCPUShare
	t.Metrics = result.Metrics()
	if err := c.options.Means.note(t, result); err != nil {
		return err
	}
	if t.Status != record.OK {
		return nil
	}
	out.stdout = wholeTail(result.Stdout)
	values, err := out.read(c.def.sources)
	if err != nil {
		t.Status, t.Reason = record.Failed, strings.ReplaceAll(err.Error(), "\n", "; ")
		return nil
	}
	for name, v := range values {
		t.Metrics[name] = v
	}
	return nil
}

// wholeTail drops the first line of a tail that may have been cut: the end of a
// nested object can look like an object.
func wholeTail(tail []byte) []byte {
	if len(tail) < keepStdout {
		return tail
	}
	_, rest, _ := bytes.Cut(tail, []byte{'\n'})
	return rest
}

// cannotStart tells a command that is not to be had, which is the trial's fault
// (a knob may name the program, prepare may make it), from trouble of ours.
func cannotStart(err error) string {
	for _, its := range []error{exec.ErrNotFound, fs.ErrNotExist, fs.ErrPermission, exec.ErrDot, syscall.ENOEXEC, syscall.E2BIG} {
		if errors.Is(err, its) {
			return err.Error()
		}
	}
	return ""
}

// mostCleanup bounds a cleanup, which Ctrl-C does not end.
const mostCleanup = 30 * time.Second

// bounded is the launch with a short limit: a cleanup that hangs must not hang us.
func (l launch) bounded() launch {
	if l.limit == 0 || l.limit > mostCleanup {
		l.limit = mostCleanup
	}
	return l
}

// around runs commands before or after a trial, one after the other, untimed, as
// long as they succeed. The text says which did not.
func (c *Command) around(ctx context.Context, l launch, what string, commands [][]string) (string, error) {
	for _, argv := range commands {
		spec := l.spec(argv)
		spec.Guard = c.options.Means.Guard
		result, err := trial.Run(ctx, spec)
		why := cannotStart(err)
		if err != nil && why == "" {
			return "", err
		}
		if err == nil && result.Status != record.OK {
			why = result.Reason
		}
		if why != "" {
			return fmt.Sprintf("%s (%s): %s", what, ShellLine(argv), why), nil
		}
	}
	return "", nil
}
