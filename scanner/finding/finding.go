// Package finding holds what a scan reports: one value for each place that a
// rule objects to, their order, their digest, and their two written forms.
//
// Findings enter from package analyze and leave as text or JSON lines. The
// package knows neither rules nor files, and it hides nothing: secrets are
// masked before a finding is made, so every field may be printed and stored.
package finding

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
)

// Severity says how much a finding matters. The words are those of SARIF.
type Severity string

// The severities, gravest first.
const (
	Error   Severity = "error"   // exploitable as written, or a live credential
	Warning Severity = "warning" // exploitable under conditions that the file does not show
	Note    Severity = "note"    // worth a look
)

// Severities lists every severity, gravest first. The slice is the caller's.
func Severities() []Severity { return []Severity{Error, Warning, Note} }

// Valid reports whether s is one of Severities.
func (s Severity) Valid() bool { return slices.Contains(Severities(), s) }

// Finding is one place in one file that a rule objects to.
type Finding struct {
	Rule string `json:"rule"` // "go-sql-injection"
	Path string `json:"path"` // slash-separated, relative to the root of the scan

	// Line and Column are where the place begins, counted from 1; columns count
	// bytes. EndColumn is the first byte after the place, on EndLine.
	Line      int `json:"line"`
	Column    int `json:"column"`
	EndLine   int `json:"end_line"`
	EndColumn int `json:"end_column"`

	Severity Severity `json:"severity"`
	Message  string   `json:"message"` // what is wrong and what to do instead; one sentence or two
	Snippet  string   `json:"snippet"` // the line, trimmed, at most 160 bytes of valid UTF-8, secrets masked
	CWE      string   `json:"cwe"`     // "CWE-89"
}

// Compare orders findings by path, place and rule, then by whatever remains, so
// that only equal findings compare as equal.
func Compare(a, b Finding) int {
	return cmp.Or(
		strings.Compare(a.Path, b.Path),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Column, b.Column),
		strings.Compare(a.Rule, b.Rule),
		cmp.Compare(a.EndLine, b.EndLine),
		cmp.Compare(a.EndColumn, b.EndColumn),
		strings.Compare(string(a.Severity), string(b.Severity)),
		strings.Compare(a.Message, b.Message),
		strings.Compare(a.Snippet, b.Snippet),
		strings.Compare(a.CWE, b.CWE),
	)
}

// Sort puts findings in the order of Compare, in place.
func Sort(fs []Finding) { slices.SortFunc(fs, Compare) }

// Digest names a set of findings: "sha256:" and 64 hexadecimal digits over every
// field of every finding in the order of Sort. The order of fs does not matter
// and fs is left as it is; a repeated finding does count. It costs a copy and a
// sort where fs is not sorted yet.
func Digest(fs []Finding) string {
	if !slices.IsSortedFunc(fs, Compare) {
		fs = slices.Clone(fs)
		Sort(fs)
	}
	h := sha256.New()
	var buf []byte
	for _, f := range fs {
		buf = appendFields(buf[:0], f)
		write(h, buf)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// appendFields writes a finding so that no two different ones read the same:
// texts carry their length, since a path may hold any byte but NUL.
func appendFields(buf []byte, f Finding) []byte {
	for _, text := range [...]string{f.Rule, f.Path, string(f.Severity), f.Message, f.Snippet, f.CWE} {
		buf = binary.AppendUvarint(buf, uint64(len(text)))
		buf = append(buf, text...)
	}
	for _, number := range [...]int{f.Line, f.Column, f.EndLine, f.EndColumn} {
		buf = binary.AppendVarint(buf, int64(number))
	}
	return buf
}

// write drops the error that the interface asks for; a hash never returns one.
func write(h hash.Hash, p []byte) { _, _ = h.Write(p) }
