package corpus

import (
	"fmt"
	"slices"
	"strings"

	"sluice/workloads/internal/author"
	"sluice/workloads/internal/nearest"
	"sluice/workloads/internal/seeded"
)

// Preset is a kind of synthetic corpus: how many files, of which sizes, in which
// languages. Presets returns those that there are; a Preset made by hand writes
// nothing.
type Preset struct {
	Name  string
	About string
	Files int // at scale 1

	median, spread int64 // of the sizes: bytes, and thousandths of an octave
	least, most    int64 // bytes
	mix            []share
	plantOneIn     int // files, on average, for each that holds findings
	giantOneIn     int // every so manieth file is a giant; 0 for none
}

// share is one kind of file and its weight.
type share struct {
	kind   string
	weight int
}

// presetVersion counts the changes to what the presets write for the same seed.
const presetVersion = 1

// PresetSeed is the seed of the synthetic corpora that a Registry hands out.
const PresetSeed = 1

// Presets lists the synthetic corpora by rising size of their files. Their sizes
// are lognormal, as those of source files are: the module of Kubernetes 1.30 has
// a median of 4 kB, a mean of 12 kB and 0.6 % of its files above 100 kB.
func Presets() []Preset {
	repository := []share{{"go", 660}, {"py", 60}, {"js", 60}, {"yaml", 90}, {"json", 50}, {"md", 50}, {"txt", 20}, {"ini", 10}}
	even := []share{
		{"go", 20},
		{"py", 20},
		{"js", 20},
		{"yaml", 8},
		{"json", 8},
		{"ini", 4}, // configuration
		{"md", 12},
		{"txt", 8}, // text
	}
	return []Preset{
		{
			Name: "tiny", About: "many files of about 1 kB", Files: 50_000,
			median: 950, spread: 500, least: 250, most: 8 << 10, mix: repository, plantOneIn: 25,
		},
		{
			Name: "mixed", About: "Go, Python, JavaScript, configuration and text in equal parts", Files: 3000,
			median: 3500, spread: 1900, least: 250, most: 1 << 20, mix: even, plantOneIn: 6,
		},
		{
			Name: "typical", About: "sizes and languages of a real repository, most of it Go", Files: 4000,
			median: 4096, spread: 2050, least: 250, most: 2 << 20, mix: repository, plantOneIn: 12,
		},
		{
			Name: "heavy-tail", About: "few files, some of 5 to 20 MB in JavaScript, Go and Python", Files: 500,
			median: 6000, spread: 2300, least: 250, most: 4 << 20, mix: even, plantOneIn: 6, giantOneIn: 83,
		},
	}
}

// FindPreset returns the preset of that name, or an error that names the nearest.
func FindPreset(name string) (Preset, error) {
	var names []string
	for _, p := range Presets() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	hint := ""
	if near := nearest.Name(name, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return Preset{}, fmt.Errorf("no synthetic corpus is named %q; there are %s%s", name, strings.Join(names, ", "), hint)
}

// plan is what is settled about a file before it is written.
type plan struct {
	File
	kind   string
	plants int          // findings asked for
	dice   *author.Dice // as they lie when the text begins
}

// Plan lists the files that the preset has at that scale, which multiplies the
// number of files: paths and sizes, sorted by path. It writes nothing; 50 000
// files take about 50 ms. File i depends on the seed and i alone, so that a
// smaller corpus is part of a larger one.
func (p Preset) Plan(seed uint64, scale float64) ([]File, error) {
	n, err := p.count(scale)
	if err != nil {
		return nil, err
	}
	files := make([]File, n)
	for i := range files {
		files[i] = p.file(seed, i).File
	}
	return FromFiles("", "", files).Files, nil
}

// largestScale bounds a corpus to what a disk may hold.
const largestScale = 1000

func (p Preset) count(scale float64) (int, error) {
	if !(scale > 0 && scale <= largestScale) { // also if it is no number
		return 0, fmt.Errorf("scale is %v; use more than 0 and at most %d (1 is usual)", scale, largestScale)
	}
	return max(1, int(float64(p.Files)*scale+0.5)), nil
}

// file plans file i.
func (p Preset) file(seed uint64, i int) plan {
	d := author.NewDice(seeded.Hash(seed, presetVersion, p.Name), i)
	kind := p.kind(d)
	size := min(max(d.Lognormal(p.median, p.spread), p.least), p.most)
	plants := 0
	if d.Pick(p.plantOneIn) == 0 {
		plants = 1 + d.Pick(3)
	}
	if p.giantOneIn > 0 && i%p.giantOneIn == p.giantOneIn/2 {
		kind = []string{"js", "go", "py"}[i/p.giantOneIn%3]
		size = min(5_000_000+d.Lognormal(2_800_000, 1300), 20_000_000)
		plants = 5
	}
	// A file too small for its plants goes without, so that they are all there.
	plants = min(plants, int(size/author.Least))
	return plan{File: File{Path: place(d, kind, i), Size: size}, kind: kind, plants: plants, dice: d}
}

func (p Preset) kind(d *author.Dice) string {
	total := 0
	for _, s := range p.mix {
		total += s.weight
	}
	at := d.Pick(total)
	i := slices.IndexFunc(p.mix, func(s share) bool {
		at -= s.weight
		return at < 0
	})
	return p.mix[i].kind
}

// Folders of each depth: fewer further down, as in a real tree, so that a folder
// holds a handful of files.
//
//nolint:gochecknoglobals // tables that never change
var (
	tops   = []string{"cmd", "pkg", "internal", "api", "docs", "test", "plugins", "tools"}
	groups = []string{"auth", "batch", "cluster", "config", "controller", "network", "policy", "scheduler", "server", "storage", "util", "volume"}
	leaves = []string{"v1", "client", "handlers", "install", "metrics", "options", "testing"}
	depths = []int{1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6}
)

// place is the path of file i: its index keeps it apart from all others.
func place(d *author.Dice, kind string, i int) string {
	var b strings.Builder
	depth := depths[d.Pick(len(depths))]
	for level := range depth {
		among := leaves
		switch level {
		case 0:
			among = tops
		case 1:
			among = groups
		}
		b.WriteString(among[min(d.Pick(len(among)), d.Pick(len(among)))])
		b.WriteByte('/')
	}
	test := ""
	if kind == "go" && d.Pick(4) == 0 {
		test = "_test"
	}
	fmt.Fprintf(&b, "%s_%05d%s.%s", nouns[d.Pick(len(nouns))], i, test, kind)
	return b.String()
}
