// Package flame draws a profile as a flame graph, or the difference of two, as one
// HTML page that needs nothing else: d3-flame-graph and what it draws with lie in
// the binary (assets, with their licences), and a Content Security Policy forbids
// every request that the page could make.
//
// Stacks come in by [Graph.Add], bytes leave by [Graph.Write]. What a stack
// belongs to and what its values mean is the caller's knowledge.
package flame

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed page.html page.css page.js assets/d3.min.js assets/d3-flamegraph.umd.min.js
var parts embed.FS

// Page is what stands around a flame graph.
type Page struct {
	Title    string   // what was profiled
	Subtitle string   // with which configuration
	Kind     string   // "processor time"; what the width of a frame is
	Unit     string   // of the values: "nanoseconds", "bytes", "share"
	PerFile  bool     // values are of one file
	Caption  []string // sentences; the unattributable share belongs here
	Base     string   // what the differences are against; empty for one profile
	Changed  string   // the other side of the difference
}

// Graph is a flame graph in the making. Its zero value has no stack.
type Graph struct {
	root node
}

// node is a frame. Base is its value in the profile that the differences are
// against.
type node struct {
	Name     string  `json:"name"`
	Pool     string  `json:"pool,omitempty"`
	Value    float64 `json:"value"`
	Base     float64 `json:"base,omitempty"`
	Children []*node `json:"children,omitempty"`

	index map[string]*node
}

// Add adds a stack, from the bottom up, under its pool; none for the pool leaves
// that level out. Base is 0 where nothing is compared.
func (g *Graph) Add(pool string, functions []string, value, base float64) {
	at := &g.root
	at.Value += value
	at.Base += base
	if pool != "" {
		functions = append([]string{poolFrame + pool}, functions...)
	}
	for _, name := range functions {
		at = at.child(name, pool)
		at.Value += value
		at.Base += base
	}
}

// poolFrame begins the name of a pool's own frame. No function is called so.
const poolFrame = "pool "

// child finds or makes a frame.
func (n *node) child(name, pool string) *node {
	if c := n.index[name]; c != nil {
		return c
	}
	if n.index == nil {
		n.index = map[string]*node{}
	}
	c := &node{Name: name, Pool: pool}
	n.index[name] = c
	n.Children = append(n.Children, c)
	return c
}

// least is the share of a graph below which a frame is left out: a fifth of a pixel
// on a screen 2,000 wide. Its parent keeps its width.
const least = 1e-4

// prune leaves out what cannot be seen and sorts, so that equal profiles have equal
// pages.
func (n *node) prune(least float64) {
	n.Children = slices.DeleteFunc(n.Children, func(c *node) bool { return c.Value+c.Base < least })
	slices.SortFunc(n.Children, func(a, b *node) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range n.Children {
		c.prune(least)
	}
}

// legend is a pool with its share of the whole.
type legend struct {
	Name  string
	Class string
	Share string
}

// sheet is what the template sees.
type sheet struct {
	Page
	CSS            template.CSS
	D3, Flame, Own template.JS
	Data           template.JS
	Legend         []legend
}

// data is what the script sees.
type data struct {
	Root    *node  `json:"root"`
	Unit    string `json:"unit"`
	PerFile bool   `json:"perFile"`
	Diff    bool   `json:"diff"`
	Base    string `json:"base"`
	Changed string `json:"changed"`
}

// Write writes the page. A graph without stacks is an error.
func (g *Graph) Write(w io.Writer, p Page) error {
	total := g.root.Value + g.root.Base
	if total <= 0 {
		return fmt.Errorf("flame graph of %s: there is no sample to draw", p.Title)
	}
	g.root.Name = "all"
	g.root.prune(total * least)
	raw, err := json.Marshal(data{&g.root, p.Unit, p.PerFile, p.Base != "", p.Base, p.Changed})
	if err != nil {
		return fmt.Errorf("flame graph of %s: %w", p.Title, err)
	}
	s := sheet{
		Page:  p,
		CSS:   template.CSS(part("page.css")),                       //nolint:gosec // ours
		D3:    template.JS(part("assets/d3.min.js")),                //nolint:gosec // embedded
		Own:   template.JS(part("page.js")),                         //nolint:gosec // ours
		Data:  template.JS(raw),                                     //nolint:gosec // json.Marshal escapes <, > and &
		Flame: template.JS(part("assets/d3-flamegraph.umd.min.js")), //nolint:gosec // embedded
	}
	for _, pool := range g.root.Children {
		name := strings.TrimPrefix(pool.Name, poolFrame)
		s.Legend = append(s.Legend, legend{name, Class(name), fmt.Sprintf("%.1f %%", 100*(pool.Value+pool.Base)/total)})
	}
	page, err := template.New("page").Parse(part("page.html"))
	if err != nil {
		return fmt.Errorf("parse the flame graph's template: %w", err)
	}
	if err := page.Execute(w, s); err != nil {
		return fmt.Errorf("set the flame graph: %w", err)
	}
	return nil
}

func part(name string) string {
	text, err := parts.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded, or this does not compile
	}
	return string(text)
}

// Class is the style of a pool: one of those that have a colour of their own, or
// other.
func Class(pool string) string {
	switch pool {
	case "read", "analyse", "inline", "per-file", "threads", "walk", "batcher", "runtime", "monitor", "profiler", "unattributable":
		return "pool-" + pool
	default:
		return "pool-other"
	}
}
