package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sluice/scanner/config"
)

// ValidationSchema names the JSON object that config validate prints.
const ValidationSchema = "sluice.validation/v1"

// validation is what config validate says.
type validation struct {
	Schema string      `json:"schema"`
	Valid  bool        `json:"valid"` // all files are
	Files  []validated `json:"files"`
}

// validated is what is said of one file.
type validated struct {
	File       string        `json:"file"`
	Valid      bool          `json:"valid"`
	Knobs      int           `json:"knobs"` // that the file gives
	Provenance *provenanceOf `json:"provenance"`
	Faults     []validFault  `json:"faults"`
	Warnings   []string      `json:"warnings"`
}

// validFault is one thing wrong. A file that cannot be read has no line.
type validFault struct {
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// provenanceOf is the gist of where a file's values come from.
type provenanceOf struct {
	Machine   string `json:"machine,omitempty"`
	Corpus    string `json:"corpus,omitempty"`
	Storage   string `json:"storage,omitempty"`
	Objective string `json:"objective,omitempty"`
	Verdict   string `json:"verdict,omitempty"`
	Run       string `json:"run,omitempty"`
	Date      string `json:"date,omitempty"`
}

func configValidate(s *streams) *cobra.Command {
	f := &configFlags{}
	cmd := &cobra.Command{
		Use:   "validate [FILE…]",
		Short: "say everything that is wrong with configuration files",
		Long: `Say everything that is wrong with configuration files: each fault with its file,
line, column and remedy, of all files at once. Knobs without effect are warnings.
Without FILE it is sluice.yaml; - is standard input.

Exit status: 0 all files are valid; 2 one is not.`,
		ValidArgsFunction: configFiles(false, 0),
		RunE:              func(_ *cobra.Command, args []string) error { return f.validate(s, args) },
	}
	f.addCores(cmd)
	formatFlag(cmd, &f.format)
	return cmd
}

func (f *configFlags) validate(s *streams, args []string) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	cores, err := f.usable()
	if err != nil {
		return err
	}
	if len(args) == 0 {
		if _, err := os.Stat("sluice.yaml"); err != nil {
			return usagef("sluice config validate needs a file: there is no sluice.yaml here; name one, as in sluice config validate FILE")
		}
		args = []string{"sluice.yaml"}
	}
	files, faults, wrong := make([]validated, len(args)), 0, 0
	for i, name := range args {
		files[i] = validate(s.in, name, cores)
		if !files[i].Valid {
			faults, wrong = faults+len(files[i].Faults), wrong+1
		}
	}
	if err := printValidated(s.out, files, wrong == 0, f.format); err != nil {
		return err
	}
	if wrong > 0 {
		return usagef("%s in %s", counted(faults, "fault"), counted(wrong, "file"))
	}
	return nil
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func printValidated(w io.Writer, files []validated, valid bool, format string) error {
	if format == "json" {
		return json.NewEncoder(w).Encode(validation{Schema: ValidationSchema, Valid: valid, Files: files})
	}
	for _, v := range files {
		for _, fault := range v.Faults {
			place := v.File
			if fault.Line > 0 {
				place = fmt.Sprintf("%s:%d:%d", v.File, fault.Line, fault.Column)
			}
			fmt.Fprintf(w, "%s: %s\n", place, fault.Message)
		}
		if v.Valid {
			fmt.Fprintf(w, "%s: valid: %s, %s\n", v.File, counted(v.Knobs, "knob"), v.Provenance.words())
		}
		for _, warning := range v.Warnings {
			fmt.Fprintf(w, "%s: warning: %s\n", v.File, warning)
		}
	}
	return nil
}

// words sum the provenance up.
func (p *provenanceOf) words() string {
	if p == nil {
		return "no provenance"
	}
	var parts []string
	for _, part := range [][2]string{
		{"verdict ", p.Verdict}, {"for ", p.Objective}, {"on ", p.Machine}, {"over ", p.Corpus}, {"on storage ", p.Storage}, {"run ", p.Run}, {"", p.Date},
	} {
		if part[1] != "" {
			parts = append(parts, part[0]+part[1])
		}
	}
	if len(parts) == 0 {
		return "an empty provenance"
	}
	return "provenance: " + strings.Join(parts, ", ")
}

// validate reads one file as a scan on so many cores would.
func validate(stdin io.Reader, name string, cores int) validated {
	v := validated{File: name, Faults: []validFault{}, Warnings: []string{}}
	read := func() ([]byte, error) { return os.ReadFile(name) }
	if name == "-" {
		v.File = "standard input"
		read = func() ([]byte, error) { return io.ReadAll(stdin) }
	}
	data, err := read()
	if err != nil {
		err = fmt.Errorf("%w; name a file that can be read", err)
	}
	var file config.File
	if err == nil {
		file, err = config.Parse(v.File, data, cores)
	}
	if err == nil {
		resolved := file.Config.Resolve(cores)
		err = resolved.Validate()
	}
	if v.Faults = faultsOf(err); len(v.Faults) > 0 {
		return v
	}
	v.Valid, v.Knobs, v.Provenance = true, len(file.Given), gist(file.Provenance)
	if file.Provenance == nil { // a tuned file names every knob, asked for or not
		v.Warnings = append(v.Warnings, file.Warnings()...)
	}
	return v
}

// faultsOf takes an error apart.
func faultsOf(err error) []validFault {
	if err == nil {
		return []validFault{}
	}
	var placed config.Faults
	if !errors.As(err, &placed) {
		return []validFault{{Message: strings.ReplaceAll(err.Error(), "\n", "; ")}}
	}
	faults := make([]validFault, len(placed))
	for i, f := range placed {
		faults[i] = validFault{Line: f.Line, Column: f.Column, Message: f.Message}
	}
	return faults
}

func gist(p *config.Provenance) *provenanceOf {
	if p == nil {
		return nil
	}
	g := &provenanceOf{Machine: p.Machine.Class, Corpus: p.Corpus.Name, Storage: p.Storage.Asked, Objective: p.Goal.Objective, Verdict: p.Verdict, Run: p.Run}
	if !p.Date.IsZero() {
		g.Date = p.Date.UTC().Format("2006-01-02")
	}
	return g
}
