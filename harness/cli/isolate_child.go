package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sluice/harness/target"
	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/finding"
	"sluice/scanner/journal"
)

// A childReport is what the child of an isolated scan says at its end. Paths are
// escaped as in a URL on the way: JSON would mangle those that are not UTF-8.
type childReport struct {
	Findings []finding.Finding
	Failures []scanner.Failure
	Stats    scanner.Stats
	Storage  *target.StorageReport
}

// A childLine is one line that the child writes: how far it is, or the report.
type childLine struct {
	Progress *scanner.Progress `json:"progress,omitempty"`
	Report   *childReport      `json:"report,omitempty"`
}

// offer makes this process, the child, the one that the kernel kills when memory
// runs out, rather than its parent (proc_pid_oom_score_adj(5); 1000 would be
// before all others). It is an offer: where it cannot be made the larger one goes.
func offer() { _ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0) }

// sendProgress is the child's progress line. A parent that is gone is no fault of
// the scan's.
func sendProgress(w io.Writer) func(scanner.Progress) {
	return func(at scanner.Progress) { _ = json.NewEncoder(w).Encode(childLine{Progress: &at}) }
}

// sendReport ends the child's side.
func sendReport(w io.Writer, r scanner.Result, extra extras) error {
	report := childReport{Findings: r.Findings, Failures: r.Failures, Stats: r.Stats, Storage: extra.storage}
	for i := range report.Findings {
		report.Findings[i].Path = url.PathEscape(report.Findings[i].Path)
	}
	for i := range report.Failures {
		report.Failures[i].Path = url.PathEscape(report.Failures[i].Path)
	}
	if err := json.NewEncoder(w).Encode(childLine{Report: &report}); err != nil {
		return fmt.Errorf("report to the parent of the isolated scan: %w", err)
	}
	return nil
}

// receive reads the child's lines until it closes its output. It returns nil
// where that ended without a whole report, as a dying child leaves it.
func receive(r io.Reader, progress func(scanner.Progress)) *childReport {
	lines := json.NewDecoder(r)
	for {
		var line childLine
		if err := lines.Decode(&line); err != nil {
			_, _ = io.Copy(io.Discard, r) // let it write to its end
			return nil
		}
		if line.Progress != nil {
			progress(*line.Progress)
		}
		if line.Report != nil && line.Report.unescape() == nil {
			return line.Report
		}
	}
}

func (r *childReport) unescape() error {
	var errs []error
	restore := func(path *string) {
		plain, err := url.PathUnescape(*path)
		*path, errs = plain, append(errs, err)
	}
	for i := range r.Findings {
		restore(&r.Findings[i].Path)
	}
	for i := range r.Failures {
		restore(&r.Failures[i].Path)
	}
	return errors.Join(errs...)
}

// A nursery starts the children of one isolated scan and keeps their files.
type nursery struct {
	exe    string
	folder string
	root   string
	flags  *scanFlags
	cfg    config.Config
	bar    *scanProgress
}

func newNursery(f *scanFlags, root string, cfg config.Config, bar *scanProgress) (*nursery, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program, to start it for --isolate: %w", err)
	}
	folder, err := os.MkdirTemp("", "sluice-isolate-")
	if err != nil {
		return nil, fmt.Errorf("folder for the files of --isolate: %w", err)
	}
	return &nursery{exe: exe, folder: folder, root: root, flags: f, cfg: cfg, bar: bar}, nil
}

// close removes the files. That they cannot be removed harms nobody.
func (n *nursery) close() { _ = os.RemoveAll(n.folder) }

// command writes the files of a job and returns its command line.
func (n *nursery) command(job childJob) (argv []string, journal string, err error) {
	cfg := n.cfg
	cfg.CPU.Workers = job.analysers
	text, err := config.File{Config: cfg}.Marshal()
	if err != nil {
		return nil, "", err
	}
	list, yaml := filepath.Join(n.folder, "list"), filepath.Join(n.folder, "sluice.yaml")
	journal = filepath.Join(n.folder, "journal")
	var paths strings.Builder
	for _, path := range job.paths {
		paths.WriteString(path)
		paths.WriteByte(0)
	}
	err = errors.Join(os.WriteFile(list, []byte(paths.String()), 0o600), os.WriteFile(yaml, text, 0o600))
	if gone := os.Remove(journal); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	if err != nil {
		return nil, "", fmt.Errorf("files of --isolate: %w", err)
	}
	argv = []string{
		n.exe, "scan", "--isolated", "--quiet", "--files-from", list, "--root", n.root, "--config", yaml, "--journal", journal,
	}
	return append(argv, n.flags.inherited()...), journal, nil
}

// inherited are the flags of a scan that its child needs too, beside those that
// say what is scanned and how it is configured.
func (f *scanFlags) inherited() []string {
	args := []string{
		"--max-file-size", f.maxBytes, "--storage", f.storage,
		"--seed", strconv.FormatUint(f.seed, 10), "--block", strconv.Itoa(f.block),
	}
	args = append(args, "--rules", f.rules, "--analyser", f.analyser, "--stall-after", f.stallAfter.String())
	if f.noFilter {
		args = append(args, "--no-prefilter")
	}
	if f.failStalled {
		args = append(args, "--fail-stalled")
	}
	return args
}

// run is a runner. The child leads a group of its own, which ends with ctx and
// with this process. The kernel ties the latter to the thread that forks: so the
// thread is held until the child is gone.
func (n *nursery) run(ctx context.Context, job childJob) (childEnd, error) {
	if ctx.Err() != nil {
		return childEnd{}, context.Cause(ctx)
	}
	argv, left, err := n.command(job)
	if err != nil {
		return childEnd{}, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	words := &lastWords{}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = words
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return childEnd{}, fmt.Errorf("start the isolated scan: %w", err)
	}
	progress := n.bar.scan
	if job.alone {
		progress = func(scanner.Progress) {}
	}
	report := receive(out, progress)
	err = cmd.Wait()
	if ctx.Err() != nil {
		return childEnd{}, context.Cause(ctx)
	}
	if err == nil && report != nil {
		return childEnd{report: report}, nil
	}
	return autopsy(left, err, words)
}

// autopsy says how a child ended that did not report. One that ended in order,
// with an error that it printed, has removed its journal.
func autopsy(left string, err error, words *lastWords) (childEnd, error) {
	end := childEnd{death: death(err, words.String())}
	inFlight, err := journal.Read(left)
	switch {
	case err == nil:
		end.began, end.inFlight = true, inFlight
	case !errors.Is(err, fs.ErrNotExist):
		return childEnd{}, fmt.Errorf("the isolated scan died (%s): %w", end.death, err)
	}
	return end, nil
}

// death puts a child's end into words.
func death(err error, words string) string {
	text := "it ended without a report"
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		status, _ := failed.Sys().(syscall.WaitStatus)
		switch {
		case status.Signaled() && status.Signal() == syscall.SIGKILL:
			text = "killed by SIGKILL: perhaps out of memory"
		case status.Signaled():
			text = "killed by " + cmp.Or(unix.SignalName(status.Signal()), status.Signal().String())
		default:
			text = fmt.Sprintf("exit status %d", status.ExitStatus())
		}
	} else if err != nil {
		text = err.Error()
	}
	if words != "" {
		text += ": " + words
	}
	return text
}

// lastWords keeps what tells from a child's standard error: Go begins with the
// reason for which it dies and goes on with the stacks of all goroutines, others
// say it in their last line.
type lastWords struct {
	head, tail []byte
}

const (
	keptHead = 16 << 10
	keptTail = 4 << 10
	longest  = 300 // bytes of the words
)

// Write implements io.Writer.
func (l *lastWords) Write(p []byte) (int, error) {
	l.head = append(l.head, p[:min(len(p), keptHead-len(l.head))]...)
	l.tail = append(l.tail, p...)
	l.tail = l.tail[max(0, len(l.tail)-keptTail):]
	return len(p), nil
}

// String is the line, or the two, that give the reason.
func (l *lastWords) String() string {
	var said []string
	for line := range strings.Lines(string(l.head)) {
		line = strings.TrimSpace(line)
		for _, beginning := range []string{"fatal error: ", "panic: ", "SIG", "runtime: goroutine stack exceeds"} {
			if strings.HasPrefix(line, beginning) && len(said) < 2 {
				said = append(said, line)
			}
		}
	}
	text := strings.Join(said, ", ")
	if text == "" {
		whole := strings.TrimSpace(string(l.tail))
		text = whole[strings.LastIndexByte(whole, '\n')+1:]
	}
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
