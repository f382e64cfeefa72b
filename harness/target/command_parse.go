package target

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/scanner/config/strict"
)

// ReadCommand is ParseCommand of a file.
func ReadCommand(path string) (*Definition, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	return ParseCommand(path, data)
}

// ParseCommand reads a target file. The error is every fault of the file, each
// with its place (strict.Faults). The name is what faults call the file; its
// folder is what a relative cwd counts from.
func ParseCommand(name string, data []byte) (*Definition, error) {
	root, err := strict.Decode(name, data)
	if err != nil {
		return nil, err
	}
	f := root.Fields("name", "command", "env", "cwd", "stdin", "timeout", "prepare", "cleanup", "knobs", "defaults", "metrics", "goal", "exit_ok")
	r := &reader{used: map[string]bool{}, def: &Definition{
		File: name, Name: strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)),
	}}
	if text, ok := f["name"].Text(); ok {
		r.def.Name = text
	}
	if f["knobs"] == nil {
		root.Fault("knobs is missing; name what may vary, as in knobs: {threads: {type: int, min: 1, max: 64}}")
	}
	r.readKnobs(f["knobs"])
	r.readDefaults(f["defaults"], f["knobs"])
	r.readCommand(root, f["command"])
	r.def.prepare = r.commands(f["prepare"])
	r.def.cleanup = r.commands(f["cleanup"])
	r.readEnv(f["env"])
	r.readPlace(name, f["cwd"])
	r.def.stdin = r.text(f["stdin"])
	r.readTimeout(f["timeout"])
	r.readMetrics(f["metrics"])
	r.readGoal(f["goal"])
	r.readExits(f["exit_ok"])
	r.checkUse()
	if err := root.Err(); err != nil {
		return nil, err
	}
	return r.def, nil
}

// reader makes a Definition of nodes.
type reader struct {
	def   *Definition
	knobs map[string]*strict.Node // where each knob is described
	used  map[string]bool         // knobs met in a template
}

func (r *reader) readCommand(root, n *strict.Node) {
	if n == nil {
		root.Fault("command is missing; give the program and its arguments as a list, as in command: [rg, -j, \"{threads}\", TODO, .]")
		return
	}
	r.def.command = r.list(n)
	if n.IsSequence() && n.Len() == 0 {
		n.Fault("command is empty; give at least a program")
	}
	if len(r.def.command) > 0 && r.def.command[0].empty() {
		n.Items()[0].Fault("command[0] is empty; give the program")
	}
}

// commands reads one command, a list of texts, or several, a list of such lists.
func (r *reader) commands(n *strict.Node) [][]template {
	if n == nil {
		return nil
	}
	if !n.IsSequence() || n.Len() == 0 || !n.Items()[0].IsSequence() {
		if list := r.list(n); len(list) > 0 {
			return [][]template{list}
		}
		return nil
	}
	var all [][]template
	for _, item := range n.Items() {
		if item.IsSequence() && item.Len() == 0 {
			item.Fault("%s is an empty command; give at least a program", item.Path())
			continue
		}
		all = append(all, r.list(item))
	}
	return all
}

// list reads a command. A text would need a shell to be cut into words, and
// which shell is the user's to say.
func (r *reader) list(n *strict.Node) []template {
	if line, ok := n.Scalar(); ok {
		n.Fault("%s: found %s, expected a list of words; write them one by one, or [sh, -c, %q] to have a shell cut them",
			n.Path(), shown(line), fmt.Sprint(line))
		r.use(names(split(fmt.Sprint(line)))) // one fault is enough
		return nil
	}
	var list []template
	for _, item := range n.Items() {
		if item.IsMapping() {
			item.Fault("%s: found a mapping, expected text; quote a placeholder: \"{threads}\"", item.Path())
			continue
		}
		list = append(list, r.template(item))
	}
	return list
}

// template reads a text with placeholders. A number or a truth value stands for
// itself.
func (r *reader) template(n *strict.Node) template {
	value, ok := n.Scalar()
	if _, fraction := value.(float64); fraction || !ok { // 1.10 would lose its zero
		n.Mismatch("text; put it in quotes")
		return template{}
	}
	t := split(fmt.Sprint(value))
	if strings.Contains(t.text, "\x00") {
		n.Fault("%s: found a zero byte, which no command can be given", n.Path())
		return template{}
	}
	r.use(names(t))
	for _, name := range names(t) {
		known := append(r.def.knobs(), builtin()...)
		if slices.Contains(known, name) || r.knobs[name] != nil {
			continue
		}
		if knob, _, isLine := strings.Cut(name, "="); isLine {
			n.Fault("%s: {%s} gives values, which is for the command line; name them under knobs and write {%s} (a brace itself is written {{)", n.Path(), name, knob)
			continue
		}
		remedy := "the placeholders are {" + strings.Join(known, "}, {") + "}"
		if near := strict.Nearest(name, known); near != "" {
			remedy = "did you mean {" + near + "}?"
		}
		n.Fault("%s: unknown placeholder {%s}; %s (a brace itself is written {{)", n.Path(), name, remedy)
	}
	return t
}

func (r *reader) use(names []string) {
	for _, name := range names {
		r.used[name] = true
	}
}

// text reads a template that may be absent.
func (r *reader) text(n *strict.Node) template {
	if n == nil {
		return template{}
	}
	t := r.template(n)
	if value, ok := n.Scalar(); ok && value == "" {
		n.Fault("%s is empty; give a path, or leave it out", n.Path())
	}
	return t
}

func (r *reader) readEnv(n *strict.Node) {
	for name, value := range n.Each() {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			value.Fault("env: %q cannot be the name of a variable; use letters, digits and _", name)
			continue
		}
		if value.IsMapping() {
			value.Fault("%s: found a mapping, expected text; quote a placeholder: \"{gogc}\"", value.Path())
			continue
		}
		r.def.env = append(r.def.env, variable{name: name, value: r.template(value)})
	}
}

// readPlace resolves the working directory of all commands. Without cwd it is the
// folder of the target file.
func (r *reader) readPlace(file string, n *strict.Node) {
	dir, _ := n.Text()
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(file), dir)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		n.Fault("cwd: %v", err)
	}
	r.def.Dir = absolute
}

func (r *reader) readTimeout(n *strict.Node) {
	d, ok := n.Duration()
	if ok && d <= 0 {
		n.Fault("timeout is %v; use a positive duration such as 90s, or leave it out", d)
	}
	r.def.Timeout = d
}

func (r *reader) readExits(n *strict.Node) {
	if n == nil {
		return
	}
	if n.IsSequence() && n.Len() == 0 {
		n.Fault("exit_ok is empty, so that every trial would fail; name the codes of success, as in [0, 1]")
	}
	for _, item := range n.Items() {
		if code, ok := item.IntIn(0, 255); ok {
			r.def.ExitOK = append(r.def.ExitOK, code)
		}
	}
}

// checkUse finds knobs that change nothing.
func (r *reader) checkUse() {
	for _, p := range r.def.Space {
		if !r.used[p.Name] {
			r.knobs[p.Name].Fault("knob %s is used in no argument, variable, file or command around the trial; write {%s} where its value belongs, or remove it", p.Name, p.Name)
		}
	}
}
