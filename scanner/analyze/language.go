package analyze

import (
	"path"
	"strings"
	"unsafe"

	golang "github.com/tree-sitter/tree-sitter-go/bindings/go"
	javascript "github.com/tree-sitter/tree-sitter-javascript/bindings/go"
	python "github.com/tree-sitter/tree-sitter-python/bindings/go"
)

// Text is the language of a file that no grammar reads; rules for secrets run
// on it all the same.
const Text = "text"

// Language names the language of a file by the extension of its path, ASCII
// case ignored: "go", "python", "javascript", or "" where no grammar fits.
func Language(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".go":
		return "go"
	case ".py", ".pyi":
		return "python"
	case ".js", ".jsx", ".mjs", ".cjs":
		return "javascript"
	default:
		return ""
	}
}

// grammarOf returns the grammar of a language that Language names.
func grammarOf(name string) (language, error) {
	var p unsafe.Pointer
	switch name {
	case "go":
		p = golang.Language()
	case "python":
		p = python.Language()
	case "javascript":
		p = javascript.Language()
	}
	return newLanguage(p)
}
