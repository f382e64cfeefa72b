package strict

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsNoMappingIsRefusedAtItsPlace(t *testing.T) {
	for name, row := range map[string]struct{ data, want string }{
		"a list":                         {"- 1\n", `f.yaml:1:1: found a list, expected a mapping of names to values`},
		"a word":                         {"\n\n  off\n", `f.yaml:3:3: found text "off", expected a mapping of names to values`},
		"nothing behind dashes":          {"---\n---\n", `f.yaml:2:1: found a second document, expected one; remove the line of dashes and what follows`},
		"two documents":                  {"a: 1\n---\nb: 2\n", `f.yaml:2:1: found a second document, expected one; remove the line of dashes and what follows`},
		"a byte that is not UTF-8":       {"a: 1\nbé: \xff\n", `f.yaml:2:5: found a byte that is not UTF-8; save the file as UTF-8`},
		"a control character":            {"a: 1\nb: \x00\n", `f.yaml:2:4: found the control character '\x00'; remove it`},
		"a tab as indentation":           {"a:\n\tb: 1\n", "f.yaml:2:1: not valid YAML: found character that cannot start any token; indent with spaces, and quote a value that starts with @ or `"},
		"a line indented too deep":       {"a: 1\n  b: 2\n", `f.yaml:2:3: not valid YAML: mapping values are not allowed in this context; check the indentation, and quote a value that holds ": "`},
		"a line indented too little":     {"# top\na:\n  b:\n    c: 1\n   d: 2\ne: 3\n", `f.yaml:5:4: not valid YAML: did not find expected key; check the indentation, and quote a value that holds ": "`},
		"a list below keys":              {"# top\na: 1\n- 3\nb: 2\n", `f.yaml:3:1: not valid YAML: did not find expected key; check the indentation, and quote a value that holds ": "`},
		"an open bracket":                {"# top\na: [1, 2\n", `f.yaml:2:1: not valid YAML: did not find expected ',' or ']'; a comma or a closing bracket is missing`},
		"an open brace over many lines":  {"# top\nb: {c: 1,\n  d: 2}\na: {b: 1\n", `f.yaml:4:1: not valid YAML: did not find expected ',' or '}'; a comma or a closing bracket is missing`},
		"an unknown anchor":              {"a: 1\nb: *x\nc: 2\n", `f.yaml:2:1: not valid YAML: unknown anchor 'x' referenced; quote a value that starts with *`},
		"a line without a value":         {"a: 1\nfoo\nb: 2\n", `f.yaml:2:1: not valid YAML: could not find expected ':'; write "name: value"`},
		"a closing brace and no opening": {"}", `f.yaml:1:1: not valid YAML: did not find expected node content`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode("f.yaml", []byte(row.data))
			if err == nil {
				t.Fatalf("%q was read without a fault", row.data)
			}
			if diff := cmp.Diff(row.want, err.Error()); diff != "" {
				t.Errorf("fault of %q (-want +got):\n%s", row.data, diff)
			}
		})
	}
}

func TestAnEmptyFileIsAnEmptyMapping(t *testing.T) {
	for _, data := range []string{"", "\n", "# nothing here\n"} {
		root, err := Decode("f.yaml", []byte(data))
		if err != nil {
			t.Fatalf("Decode(%q): %v", data, err)
		}
		line, column := root.Pos()
		if !root.IsMapping() || root.Len() != 0 || line != 1 || column != 1 {
			t.Errorf("Decode(%q) is no empty mapping at 1:1", data)
		}
	}
}

func TestEveryFaultIsToldAtOnceInTheOrderOfTheFile(t *testing.T) {
	const data = `threds: 4
threads: four
name: 7
tags: [a, [b], {c: d}]
wait: 90
name: again
mode: sloww
? [x]
: 1
pool.size: 3
pool: {size: 1, sizes: 2}
`
	root, err := Decode("f.yaml", []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	fields := root.Fields("threads", "name", "tags", "wait", "mode", "pool")
	fields["mode"].Word("fast", "slow")
	fields["wait"].Duration()
	fields["tags"].Strings()
	fields["name"].Text()
	fields["threads"].IntIn(1, 8)
	fields["pool"].Named("knob", "pool", "channel.size").Fields("size")
	var faults Faults
	if !errors.As(root.Err(), &faults) {
		t.Fatalf("got %v, want faults", root.Err())
	}
	want := `f.yaml:1:1: unknown key "threds"; did you mean "threads"?
f.yaml:2:10: threads: found text "four", expected a whole number from 1 to 8
f.yaml:3:7: name: found number 7, expected text
f.yaml:4:11: tags[1]: found a list, expected text
f.yaml:4:16: tags[2]: found a mapping, expected text
f.yaml:5:7: wait: found number 90, expected a duration such as 2ms or 90s
f.yaml:6:1: key "name" is given twice, first at line 3 column 1; keep one
f.yaml:7:7: mode: found text "sloww", expected fast or slow; did you mean "slow"?
f.yaml:8:3: found a list as a key, expected a name
f.yaml:10:1: unknown key "pool.size"; nest it: write "pool: {size: …}"
f.yaml:11:17: unknown knob "pool.sizes"; did you mean "pool.size"?`
	if diff := cmp.Diff(want, faults.Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestScalarsFollowTheRulesOfJSON(t *testing.T) {
	for text, want := range map[string]any{
		"8": int64(8), "-3": int64(-3), "+3": int64(3), "0": int64(0), "9223372036854775807": int64(math.MaxInt64),
		"1.5": 1.5, "1e3": 1000.0, "-.5": -.5,
		"true": true, "False": false,
		"yes": "yes", "off": "off", `"8"`: "8", "2ms": "2ms",
		"010": nil, "0x8": nil, "1_000": nil, "9223372036854775808": nil, ".inf": nil, ".nan": nil, "~": nil, "": nil,
		"[1]": nil, "{a: 1}": nil, "2001-01-01": nil, "!odd 3": nil, "!!int x": nil, "!!bool x": nil,
	} {
		t.Run(text, func(t *testing.T) {
			n, err := Value("f", "knob", "a.b", text)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := n.Scalar()
			if ok != (want != nil) || ok && got != want {
				t.Errorf("Scalar of %q is %v, %v; want %v", text, got, ok, want)
			}
		})
	}
}

func TestReadersReturnWhatIsWritten(t *testing.T) {
	root, err := Decode("f", []byte(`
count: 3
ratio: 2
share: 0.25
on: true
text: plain
word: slow
wait: 1m30s
zero: 0
size: 512MiB
bytes: 4096
when: 2026-01-31T12:00:00Z
list: [rg, -j, 4, true]
again: &a [x]
alias: *a
free: {b: 1, a: 2}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]any)
	for name, n := range root.Each() {
		var ok bool
		switch name {
		case "count":
			got[name], ok = n.Int()
		case "ratio", "share":
			got[name], ok = n.Float()
		case "on":
			got[name], ok = n.Bool()
		case "text":
			got[name], ok = n.Text()
		case "word":
			got[name], ok = n.Word("fast", "slow")
		case "wait", "zero":
			got[name], ok = n.Duration()
		case "size", "bytes":
			got[name], ok = n.Size()
		case "when":
			got[name], ok = n.Time()
		case "list", "again", "alias":
			got[name], ok = n.Strings()
		case "free":
			var keys []string
			for key := range n.Each() {
				keys = append(keys, key)
			}
			got[name], ok = keys, true
		}
		if !ok {
			t.Errorf("%s was not read", name)
		}
	}
	want := map[string]any{
		"count": 3, "ratio": 2.0, "share": .25, "on": true, "text": "plain", "word": "slow",
		"wait": 90 * time.Second, "zero": time.Duration(0), "size": int64(512 << 20), "bytes": int64(4096),
		"when": time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), "list": []string{"rg", "-j", "4", "true"},
		"again": []string{"x"}, "alias": []string{"x"}, "free": []string{"b", "a"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if err := root.Err(); err != nil {
		t.Errorf("faults: %v", err)
	}
}

func TestWrongKindsSayWhatWasFoundAndExpected(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		read func(*Node)
		want string
	}{
		"a list for an int":        {"[1]", func(n *Node) { n.Int() }, "found a list, expected a whole number"},
		"octal for an int":         {"010", func(n *Node) { n.Int() }, "found number 010, expected a whole number"},
		"a low int":                {"0", func(n *Node) { n.IntIn(1, math.MaxInt) }, "found number 0, expected a whole number, 1 or more"},
		"a high int":               {"2", func(n *Node) { n.IntIn(math.MinInt, 1) }, "found number 2, expected a whole number, 1 or less"},
		"text for a number":        {"x", func(n *Node) { n.Float() }, `found text "x", expected a number`},
		"no number for a number":   {".nan", func(n *Node) { n.Float() }, "found number .nan, expected a number"},
		"yes for true":             {"yes", func(n *Node) { n.Bool() }, `found text "yes", expected true or false`},
		"nothing for text":         {"", func(n *Node) { n.Text() }, "found nothing, expected text"},
		"true for text":            {"true", func(n *Node) { n.Text() }, "found true, expected text"},
		"a tag for text":           {"!odd x", func(n *Node) { n.Text() }, `found a value tagged "!odd", expected text`},
		"a date for text":          {"2001-01-01", func(n *Node) { n.Text() }, `found text "2001-01-01", expected text`},
		"a number for a word":      {"1", func(n *Node) { n.Word("a", "b", "c") }, "found number 1, expected a, b or c"},
		"text for a list":          {"x", func(n *Node) { n.Strings() }, `found text "x", expected a list of texts`},
		"text for items":           {"x", func(n *Node) { n.Items() }, `found text "x", expected a list`},
		"text for a mapping":       {"x", func(n *Node) { n.Fields() }, `found text "x", expected a mapping of names to values`},
		"no unit for a duration":   {"5", func(n *Node) { n.Duration() }, "found number 5, expected a duration such as 2ms or 90s"},
		"no unit for a size":       {"64K", func(n *Node) { n.Size() }, `found text "64K", expected a size such as 512MiB`},
		"below zero for a size":    {"-1", func(n *Node) { n.Size() }, "found number -1, expected a size such as 512MiB"},
		"text for a time":          {"now", func(n *Node) { n.Time() }, `found text "now", expected a date and time such as 2026-01-31T12:00:00Z`},
		"a long text is shortened": {strings.Repeat("x", 90), func(n *Node) { n.Int() }, `found text "` + strings.Repeat("x", 59) + `…", expected a whole number`},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := Value("f", "knob", "a.b", row.text)
			if err != nil {
				t.Fatal(err)
			}
			row.read(n)
			if err := n.Err(); err == nil || err.Error() != "f:1:1: a.b: "+row.want {
				t.Errorf("got %v, want a.b: %s", err, row.want)
			}
		})
	}
}

func TestAnAbsentValueIsReadWithoutAFault(t *testing.T) {
	root, err := Decode("f", []byte("a: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	n := root.Fields("a", "b")["b"].Named("knob", "b")
	_, isInt := n.Int()
	_, isFloat := n.Float()
	_, isBool := n.Bool()
	_, isText := n.Text()
	_, isWord := n.Word("x")
	_, isList := n.Strings()
	_, isDuration := n.Duration()
	_, isSize := n.Size()
	_, isTime := n.Time()
	_, isScalar := n.Scalar()
	if isInt || isFloat || isBool || isText || isWord || isList || isDuration || isSize || isTime || isScalar {
		t.Error("an absent value was read")
	}
	n.Fault("never")
	n.Mismatch("never")
	if len(n.Fields("c")) != 0 || n.Items() != nil || n.Len() != 0 || n.IsNull() {
		t.Error("an absent value has content")
	}
	if err := root.Err(); err != nil {
		t.Errorf("faults: %v", err)
	}
}

func TestAMappingReadTwiceTellsItsFaultsOnce(t *testing.T) {
	root, err := Decode("f", []byte("a: 1\na: 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	root.Fields("a")
	root.Fields("a")
	if want := `f:2:1: key "a" is given twice, first at line 1 column 1; keep one`; root.Err() == nil || root.Err().Error() != want {
		t.Errorf("got %v, want %s", root.Err(), want)
	}
}

func TestNearestFindsWhatWasMeant(t *testing.T) {
	names := []string{"io.workers", "cpu.workers", "channel.buffer", "memory.gogc"}
	for name, want := range map[string]string{
		"cpu.worker": "cpu.workers", "CPU.Workers": "cpu.workers", "oi.workers": "io.workers", "cpu.wrokers": "cpu.workers",
		"buffer": "channel.buffer", "cpu.buffer": "channel.buffer", "gogc": "memory.gogc",
		"workers": "", "zebra": "", "": "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) is %q, want %q", name, got, want)
		}
	}
}

func TestSizesReadBackAsTheyAreWritten(t *testing.T) {
	for _, bytes := range []int64{0, 1, 1000, 1 << 10, 3 << 20, 1<<30 + 1, 1 << 40, 1<<53 + 1, math.MaxInt64} {
		text := FormatSize(bytes)
		if got, ok := ParseSize(text); !ok || got != bytes {
			t.Errorf("ParseSize(%q) is %d, %v; want %d", text, got, ok, bytes)
		}
	}
	for text, want := range map[string]int64{"1.5GiB": 3 << 29, "2 MB": 2e6, "4kB": 4000, "4KB": 4000, "7B": 7, "0B": 0} {
		if got, ok := ParseSize(text); !ok || got != want {
			t.Errorf("ParseSize(%q) is %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "B", "4", "4K", "-1B", "0.5B", "1e3B", "NaNB", "9223372036854775808B", "8388608TiB", "1  B", "0x1B"} {
		if got, ok := ParseSize(text); ok {
			t.Errorf("ParseSize(%q) is %d, want a refusal", text, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "a: 1\n", "{\"a\": [1, {\"b\": null}]}", "a: &x [*x]\n", "? [a]\n: b\n", "a: 1\n---\nb", "a: |\n  x\n y\n", "\xef\xbb\xbfa: 1", "- {", "a: \"\\"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := Decode("f", data)
		if err == nil {
			for _, n := range root.Each() {
				n.Strings()
				n.Fields("a")
			}
			err = root.Err()
		}
		checkFaults(t, err, data)
	})
}

// checkFaults demands that every fault names a place within the file.
func checkFaults(t *testing.T, err error, data []byte) {
	t.Helper()
	var faults Faults
	if err != nil && !errors.As(err, &faults) {
		t.Fatalf("error is %T, want Faults: %v", err, err)
	}
	lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + strings.Count(string(data), "\u0085") +
		strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029") + 1
	for _, fault := range faults {
		if fault.Line < 1 || fault.Line > lines+1 || fault.Column < 1 || fault.Message == "" || strings.Contains(fault.Message, "\n") {
			t.Errorf("fault %+v of a file of %d lines", fault, lines)
		}
	}
}
