// Package analyze finds what a pack of rules describes in the text of one file.
//
// Text enters as a path and bytes already in memory; findings leave sorted,
// without repetition, and with every secret masked. Where the bytes come from,
// how many files are analysed at once, and what becomes of the findings is the
// business of others: the package opens no file and starts no goroutine.
//
// An Engine holds what all workers share and never changes: for each language
// one Aho-Corasick automaton over every literal that its rules need, one
// tree-sitter query made of all of its patterns, and the secrets' regular
// expressions. A Worker holds what one goroutine needs: a parser, a cursor and
// their buffers. A file passes three gates, cheapest first:
//
//	literals (hundreds of MB/s) ─▶ secrets, on the lines with a keyword
//	                            └▶ parse and query (a few MB/s), if a rule still can apply
//
// The parser is the C core inside github.com/tree-sitter/go-tree-sitter, driven
// by core.c rather than by that module's Go side: one call into C for each file
// instead of several for each candidate, no copy of the text, and comparisons of
// names done before anything reaches Go. A call holds its OS thread until the
// file is done, and GOMAXPROCS does not bound such calls: the number of workers
// does. Trees live in an arena of the worker (arena.h), about thirty times the
// size of the text, which is emptied after each file.
//
// The query is not run over whole trees: a plan made of its patterns (plan.go)
// says what a node must look like, a walk in C (walk.h) finds such nodes, and
// the query is run there. Patterns that no plan can express are run as they are.
package analyze
