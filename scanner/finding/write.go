package finding

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The colours of a terminal, by severity; the numbers are ECMA-48's.
const (
	reset = "\x1b[0m"
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
)

// WriteText writes findings for a person, in the order given: one line that
// editors and terminals can follow to the place, then the snippet.
//
//	db/user.go:12:7: error: SQL built from … [go-sql-injection, CWE-89]
//	    rows, err := db.Query("SELECT " + column)
//
// A path with control characters or invalid UTF-8 is quoted, so that a file
// cannot write to the terminal. With color, ECMA-48 sequences set severities
// apart.
func WriteText(w io.Writer, fs []Finding, color bool) error {
	out := bufio.NewWriter(w)
	for _, f := range fs {
		_, _ = fmt.Fprintf(out, "%s %s: %s %s\n",
			paint(color, bold, fmt.Sprintf("%s:%d:%d:", quotePath(f.Path), f.Line, f.Column)),
			paint(color, severityColor(f.Severity), string(f.Severity)),
			f.Message,
			paint(color, faint, "["+label(f)+"]"))
		if f.Snippet != "" {
			_, _ = fmt.Fprintf(out, "    %s\n", f.Snippet)
		}
	}
	// The writer keeps its first error and returns it here.
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write %d findings as text: %w", len(fs), err)
	}
	return nil
}

// line is a finding as WriteJSON writes it.
type line struct {
	Finding
	PathBytes []byte `json:"path_bytes,omitempty"` // base64, as encoding/json writes bytes
}

// WriteJSON writes findings as JSON lines, in the order given: one object on one
// line for each finding. JSON holds text alone, so in a path that is not UTF-8
// every wrong byte becomes U+FFFD; such an object ends in "path_bytes", the path's
// own bytes in base64, and a reader that opens files takes them where they are
// given. No other object has the field. [ParseJSON] reads both.
func WriteJSON(w io.Writer, fs []Finding) error {
	buffer := bufio.NewWriter(w)
	enc := json.NewEncoder(buffer)
	enc.SetEscapeHTML(false)
	for _, f := range fs {
		out := line{Finding: f}
		if !utf8.ValidString(f.Path) {
			out.PathBytes = []byte(f.Path)
		}
		if err := enc.Encode(out); err != nil {
			return fmt.Errorf("write %d findings as JSON: %w", len(fs), err)
		}
	}
	if err := buffer.Flush(); err != nil {
		return fmt.Errorf("write %d findings as JSON: %w", len(fs), err)
	}
	return nil
}

// ParseJSON reads one line of WriteJSON, its path byte for byte as it was.
func ParseJSON(data []byte) (Finding, error) {
	var in line
	if err := json.Unmarshal(data, &in); err != nil {
		return Finding{}, fmt.Errorf("read a finding: %w", err)
	}
	if len(in.PathBytes) > 0 {
		in.Path = string(in.PathBytes)
	}
	return in.Finding, nil
}

func label(f Finding) string {
	if f.CWE == "" {
		return f.Rule
	}
	return f.Rule + ", " + f.CWE
}

func paint(color bool, code, text string) string {
	if !color {
		return text
	}
	return code + text + reset
}

func severityColor(s Severity) string {
	switch s {
	case Error:
		return "\x1b[31m"
	case Warning:
		return "\x1b[33m"
	default:
		return "\x1b[36m"
	}
}

func quotePath(path string) string {
	hidden := func(r rune) bool { return !strconv.IsPrint(r) }
	if utf8.ValidString(path) && !strings.ContainsFunc(path, hidden) {
		return path
	}
	return strconv.Quote(path)
}
