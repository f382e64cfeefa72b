// Package profile reads the profiles of profiling trials: it merges those of
// repeated trials, says which pool and which station of the scanner had the
// samples, and subtracts one configuration's from another's.
//
// Profiles enter as readers of the format of go tool pprof ([Load]) and leave as
// figures ([Profile.Shares], [Profile.Top], [Compare]), as stacks for a picture
// ([Profile.Stacks]) or as a profile again ([Profile.Write]). The package takes no
// profile itself (see package capture) and knows neither store nor terminal.
//
// Figures of profiles are never compared with a verdict: a profiling trial runs
// slower than a timed one, and its samples are no independent repetitions.
package profile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/google/pprof/profile"
)

// MostBytes bounds the size of a profile that is read, compressed or not.
const MostBytes = 256 << 20

// ErrEmpty is a profile without samples.
var ErrEmpty = errors.New("the profile holds no sample")

// ErrDifference is a profile with negative values: one less another.
var ErrDifference = errors.New("the profile is a difference, with negative values; open it with go tool pprof")

// Profile is one profile, or several of a kind merged.
type Profile struct {
	Kind   string           // one of Kinds, or "contention" where mutex and block cannot be told apart
	Unit   string           // of the values: "nanoseconds", "bytes"
	Files  int64            // scanned while it was taken, summed over the merged; 0 unknown
	Merged int              // how many were merged
	Data   *profile.Profile // as parsed; not to be changed

	index int // of the sample value that is looked at
}

// The comments by which a profile of ours tells what the format has no field for.
const (
	kindComment  = "sluice kind: "
	filesComment = "sluice files scanned: "
)

// Stamp adds to a raw profile what it is and over how many files it was taken, and
// writes it compressed. It replaces an earlier stamp.
func Stamp(w io.Writer, data *profile.Profile, kind string, files int64) error {
	data.Comments = slices.DeleteFunc(data.Comments, func(c string) bool {
		return strings.HasPrefix(c, kindComment) || strings.HasPrefix(c, filesComment)
	})
	data.Comments = append(data.Comments, kindComment+kind)
	if files > 0 {
		data.Comments = append(data.Comments, filesComment+strconv.FormatInt(files, 10))
	}
	return data.Write(w)
}

// Load reads one profile; name is for its errors. A profile without samples is
// read, too: a lock that nobody waited for leaves one.
func Load(name string, r io.Reader) (*Profile, error) {
	raw, err := inflated(r)
	if err != nil {
		return nil, fmt.Errorf("read profile %s: %w", name, err)
	}
	switch {
	case len(raw) > MostBytes:
		return nil, fmt.Errorf("profile %s is larger than %d MiB; profile a shorter trial", name, MostBytes>>20)
	case len(raw) == 0:
		return nil, fmt.Errorf("profile %s is an empty file; the program that was profiled did not come to its end", name)
	case bytes.HasPrefix(raw, []byte("go 1.")) && bytes.Contains(raw[:min(len(raw), 32)], []byte(" trace")):
		return nil, fmt.Errorf("%s is an execution trace; open it with go tool trace %s", name, name)
	}
	data, err := profile.ParseUncompressed(raw) // the older text formats, which Go no longer writes, are not asked for
	if err == nil {
		err = data.CheckValid()
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not a profile as go tool pprof reads it (%w); take one with sluice scan --profile cpu --profile-dir DIR", name, err)
	}
	return of(name, data)
}

// inflated reads at most one byte more than MostBytes, of what is compressed after
// taking it apart.
func inflated(r io.Reader) ([]byte, error) {
	from := bufio.NewReader(r)
	if magic, _ := from.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return io.ReadAll(io.LimitReader(from, MostBytes+1))
	}
	whole, err := gzip.NewReader(from)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(whole, MostBytes+1))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: the file was cut short, take the profile again", err)
	}
	return raw, err
}

// of reads kind, unit and stamp.
func of(name string, data *profile.Profile) (*Profile, error) {
	p := &Profile{Merged: 1, Data: data}
	for _, comment := range data.Comments {
		if kind, ok := strings.CutPrefix(comment, kindComment); ok {
			p.Kind = kind
		}
		if files, ok := strings.CutPrefix(comment, filesComment); ok {
			n, err := strconv.ParseInt(files, 10, 64)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("profile %s says %q of itself, which is no number of files", name, comment)
			}
			p.Files += n
		}
	}
	value := ""
	for _, form := range forms() {
		if i := slices.IndexFunc(data.SampleType, func(t *profile.ValueType) bool { return t.Type == form.value }); i >= 0 && has(data, form.beside) {
			p.index, value = i, form.kind
			break
		}
	}
	if value == "" {
		return nil, fmt.Errorf("profile %s has samples of %s; the kinds that are understood are %s", name, sampleTypes(data), strings.Join(Kinds()[:5], ", "))
	}
	if p.Kind == "" {
		p.Kind = value
	}
	p.Unit = data.SampleType[p.index].Unit
	return p, nil
}

// A form tells a kind by the values of its samples.
type form struct{ kind, value, beside string }

func forms() []form {
	return []form{
		{CPU, "cpu", ""},
		{Heap, "alloc_space", ""},
		{"contention", "delay", "contentions"},
		{FGProf, "time", "samples"},
	}
}

func has(data *profile.Profile, sampleType string) bool {
	return sampleType == "" || slices.ContainsFunc(data.SampleType, func(t *profile.ValueType) bool { return t.Type == sampleType })
}

func sampleTypes(data *profile.Profile) string {
	var names []string
	for _, t := range data.SampleType {
		names = append(names, t.Type)
	}
	if len(names) == 0 {
		return "no type"
	}
	return strings.Join(names, ", ")
}

// Merge adds up profiles of one kind, those of repeated trials. Files add up where
// each says how many it saw; else they are unknown.
func Merge(all []*Profile) (*Profile, error) {
	if len(all) == 0 {
		return nil, errors.New("there is no profile to merge")
	}
	merged := *all[0]
	known := merged.Files > 0
	data := []*profile.Profile{all[0].Data}
	for _, p := range all[1:] {
		if p.Kind != merged.Kind {
			return nil, fmt.Errorf("a profile of kind %s does not merge with one of kind %s", p.Kind, merged.Kind)
		}
		known = known && p.Files > 0
		merged.Files += p.Files
		merged.Merged += p.Merged
		data = append(data, p.Data)
	}
	if !known {
		merged.Files = 0
	}
	if len(all) == 1 {
		return &merged, nil
	}
	var err error
	if merged.Data, err = profile.Merge(data); err != nil {
		return nil, fmt.Errorf("merge %d profiles of kind %s: %w", len(all), merged.Kind, err)
	}
	return &merged, nil
}

// Write writes the profile, compressed, as go tool pprof reads it.
func (p *Profile) Write(w io.Writer) error {
	if err := Stamp(w, p.Data.Copy(), p.Kind, p.Files); err != nil {
		return fmt.Errorf("write the merged profile: %w", err)
	}
	return nil
}

// Total is the sum of the values, in Unit.
func (p *Profile) Total() (sum int64) {
	for _, s := range p.Data.Sample {
		sum += s.Value[p.index]
	}
	return sum
}
