// Package contrast holds analysers that find nothing. They take the engine's
// place where an experiment asks what the rest of a scan costs, or how another
// parser meets the same pipeline: [GoAST] parses with Go's own parser, without C,
// and [Lines] counts newlines, which costs next to nothing.
//
// A file enters as bytes and leaves as a verdict; no finding is made, hence every
// scan has the digest of no findings. Neither analyser holds anything outside
// Go's heap. What finds is package analyze.
package contrast

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"path"

	"sluice/scanner/pipeline"
)

// SkipNotGo is the reason for which GoAST skips what is not called *.go.
const SkipNotGo = "not go"

// The languages under which the verdicts count files.
const (
	languageGo   = "go"
	languageText = "text"
)

// GoAST makes an analyser for one worker: it parses each .go file with go/parser,
// comments included, and counts the calls in the tree. Other files are skipped as
// [SkipNotGo]. A syntax error fails nothing: the parser returns the tree that it
// could make, and the file counts as analysed. A file allocates about 25
// times its source on Go's heap (BenchmarkAnalyse), until the collector takes it.
func GoAST() pipeline.Analyser { return &goAST{} }

type goAST struct{ calls int }

// Analyse implements pipeline.Analyser. The parser keeps no byte of src: names
// and literals of the tree are copies.
func (a *goAST) Analyse(name string, src []byte) (pipeline.Verdict, error) {
	if path.Ext(name) != ".go" {
		return pipeline.Verdict{Skip: SkipNotGo}, nil
	}
	// A set of its own for each file: one for all would grow with the corpus.
	tree, _ := parser.ParseFile(token.NewFileSet(), name, src, parser.ParseComments) // the error is of syntax alone: src is given
	if tree != nil {
		a.calls += calls(tree)
	}
	return pipeline.Verdict{Language: languageGo}, nil
}

// Close implements pipeline.Analyser; there is nothing to free.
func (*goAST) Close() {}

// calls counts the call expressions of a tree, so that walking it is part of the
// work as it is of the engine's.
func calls(tree ast.Node) (n int) {
	ast.Inspect(tree, func(node ast.Node) bool {
		if _, ok := node.(*ast.CallExpr); ok {
			n++
		}
		return true
	})
	return n
}

// Lines makes an analyser for one worker: it counts the newlines of every file,
// binaries included, in less time than it takes to copy it. What is left of a scan's time
// is that of reading and hand-over.
func Lines() pipeline.Analyser { return &lines{} }

type lines struct{ seen int }

// Analyse implements pipeline.Analyser.
func (a *lines) Analyse(_ string, src []byte) (pipeline.Verdict, error) {
	a.seen += bytes.Count(src, []byte{'\n'})
	return pipeline.Verdict{Language: languageText}, nil
}

// Close implements pipeline.Analyser; there is nothing to free.
func (*lines) Close() {}
