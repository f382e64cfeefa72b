// Package reports draws what was measured: for a terminal (Text), as Markdown
// (Summary) and as a folder with a page and pictures (Write).
//
// A record.Report comes in; nothing is measured and nothing decided here. What
// is said is made once, in reports/view; pictures are drawn in reports/plots,
// the page is set in reports/page. Everything in a record is foreign text and
// is escaped for the medium that shows it.
package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/reports/page"
	"sluice/reports/plots"
	"sluice/reports/view"
)

// Write draws the report into dir, which is made where it is missing:
// index.html, summary.md and a PNG for each picture of each scenario. A reader
// never meets half a file: each is written beside its name and then renamed; the
// page comes last. Pictures of an earlier report that this one does not draw are
// removed. A .gitignore keeps the folder out of git; one that is there already
// stays. Write refuses what Prepare refuses. It returns the paths of what it
// wrote, the page first.
func Write(dir string, rep record.Report) ([]string, error) {
	folder, err := begin(dir)
	if err != nil {
		return nil, err
	}
	v := view.New(rep)
	pictures := make([][]plots.Chart, len(v.Scenes))
	for i, scene := range v.Scenes {
		pictures[i] = plots.For(rep.Run, rep.Outcomes[i])
		pictures[i] = slices.DeleteFunc(pictures[i], func(c plots.Chart) bool { return !wanted(rep.Run.Plots, c.Name) })
		for _, chart := range pictures[i] {
			folder.write(scene.Slug+"-"+chart.Name+".png", chart.PNG)
		}
	}
	folder.write("summary.md", func() ([]byte, error) {
		var b bytes.Buffer
		err := Summary(&b, rep)
		return b.Bytes(), err
	})
	folder.write("index.html", func() ([]byte, error) { return page.Render(v, pictures) })
	folder.sweep()
	if err := errors.Join(folder.errs...); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return folder.paths(), nil
}

// wanted says whether a picture was asked for. The ratios, which hold the answer,
// always are.
func wanted(asked []string, name string) bool {
	return len(asked) == 0 || name == "ratios" || slices.Contains(asked, name)
}

// Prepare makes dir and says whether a report may stand in it: the folder is empty,
// or holds an earlier report of ours, and can be written to. Whoever measures for
// long before Write asks first.
func Prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the report folder: %w (choose another with --report DIR)", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into the report folder: %w (choose another with --report DIR)", err)
	}
	ours := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == written && e.Type().IsRegular() })
	if len(entries) > 0 && !ours {
		return fmt.Errorf("the folder %s is not empty and holds no report of sluice; choose a new or an empty one with --report DIR", dir)
	}
	probe, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return fmt.Errorf("write to the report folder: %w (choose another with --report DIR)", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// begin prepares a folder and marks it as ours before anything else is in it, so
// that a report that was cut short can be written again.
func begin(dir string) (folder, error) {
	f := folder{dir: dir}
	if err := Prepare(dir); err != nil {
		return f, err
	}
	for _, file := range []struct{ name, content string }{{written, "\n"}, {".gitignore", "*\n"}} {
		if _, err := os.Lstat(filepath.Join(dir, file.name)); errors.Is(err, fs.ErrNotExist) {
			f.write(file.name, func() ([]byte, error) { return []byte(file.content), nil })
		}
	}
	return f, nil
}

// folder gathers what was written and what went wrong, so that one picture that
// cannot be drawn does not take the others with it.
type folder struct {
	dir   string
	names []string
	errs  []error
}

func (f *folder) write(name string, draw func() ([]byte, error)) {
	data, err := draw()
	if err != nil {
		f.errs = append(f.errs, fmt.Errorf("draw %s: %w", name, err))
		return
	}
	if err := replace(filepath.Join(f.dir, name), data); err != nil {
		f.errs = append(f.errs, err)
		return
	}
	f.names = append(f.names, name)
}

// replace puts data under a name in one step.
func replace(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Chmod(0o644), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// written names the file that lists the pictures of the report, so that the next
// one removes those that it does not draw, and never anything else. By it a folder
// is known as a report's.
const written = ".pictures"

// sweep removes the pictures of the report that stood here before.
func (f *folder) sweep() {
	list, err := os.ReadFile(filepath.Join(f.dir, written))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.errs = append(f.errs, err)
	}
	for name := range strings.FieldsSeq(string(list)) {
		if filepath.Ext(name) != ".png" || filepath.Base(name) != name || slices.Contains(f.names, name) {
			continue
		}
		if err := os.Remove(filepath.Join(f.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			f.errs = append(f.errs, err)
		}
	}
	names := strings.Join(f.pictures(), "\n") + "\n"
	f.write(written, func() ([]byte, error) { return []byte(names), nil })
}

func (f *folder) pictures() []string {
	var names []string
	for _, name := range f.names {
		if filepath.Ext(name) == ".png" {
			names = append(names, name)
		}
	}
	return names
}

func (f *folder) paths() []string {
	paths := []string{filepath.Join(f.dir, "index.html"), filepath.Join(f.dir, "summary.md")}
	for _, name := range f.pictures() {
		paths = append(paths, filepath.Join(f.dir, name))
	}
	return paths
}
