package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"sluice/harness/cli/doctest"
)

// TestDocsPrintWhatTheyPromise runs every console block of the documentation,
// each page in a fresh folder that holds the files of testdata/docs.txtar.
func TestDocsPrintWhatTheyPromise(t *testing.T) {
	fixture, err := txtar.ParseFile("testdata/docs.txtar")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		unpack(t, dir, fixture)
		for _, block := range doctest.Blocks(text) {
			ran++
			if err := block.Match(shell(t, dir, block.Command)); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if ran < 5 {
		t.Errorf("%d examples were run; the documentation has more", ran)
	}
}

func unpack(t *testing.T, dir string, files *txtar.Archive) {
	t.Helper()
	for _, f := range files.Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// shell runs a command as a reader would and returns both its outputs.
func shell(t *testing.T, dir, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.TrimPrefix(command, "bin/"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir()) // no journal of another scan is to be named
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited { //nolint:errorlint // Run wraps nothing
		t.Fatal(err)
	}
	return string(out)
}
