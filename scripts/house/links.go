package house

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"

	"sluice/harness/cli/doctest"
)

var (
	heading    = regexp.MustCompile(`^ {0,3}#{1,6}\s+(.*?)\s*#*$`)
	namedPlace = regexp.MustCompile(`<a\s+(?:id|name)="([^"]+)"`)
	linkTarget = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)|^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)|\b(?:href|src)="([^"]+)"`)
	scheme     = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9+.-]*:|//)`)
)

// linksLeadSomewhere follows the relative links of every page to a file or
// folder of the tree and, into a page, to a heading. Links with a scheme are
// left alone: a test does not depend on other people's servers.
func linksLeadSomewhere(t *Tree) []Fault {
	var faults []Fault
	for _, x := range t.texts {
		if path.Ext(x.path) != ".md" {
			continue
		}
		x.remarks(func(line int, prose string) {
			for _, m := range linkTarget.FindAllStringSubmatch(prose, -1) {
				target := m[1] + m[2] + m[3] // one of them is set
				if scheme.MatchString(target) {
					continue
				}
				if err := t.follow(x, target); err != nil {
					faults = append(faults, Fault{x.path, line, fmt.Sprintf("link to %s: %v", target, err)})
				}
			}
		})
	}
	return faults
}

// follow returns what is wrong with a link from a page; nil for a good one.
func (t *Tree) follow(from text, target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	name, data := from.path, from.data
	if u.Path != "" {
		if name = resolve(from.path, u.Path); !fs.ValidPath(name) {
			return errors.New("it leaves the tree")
		}
		if _, err := fs.Stat(t.fsys, name); err != nil {
			return errors.New("no such file in the tree")
		}
	}
	if u.Fragment == "" || path.Ext(name) != ".md" {
		return nil
	}
	if name != from.path {
		if data, err = fs.ReadFile(t.fsys, name); err != nil {
			return err
		}
	}
	if !anchors(data)[strings.ToLower(u.Fragment)] {
		return fmt.Errorf("the page has no heading for #%s", u.Fragment)
	}
	return nil
}

// resolve returns the file that a page's link means; a leading slash is the
// root of the tree, as code hosts take it.
func resolve(page, target string) string {
	if rooted := strings.TrimPrefix(target, "/"); rooted != target {
		return path.Clean(rooted)
	}
	return path.Join(path.Dir(page), target)
}

// anchors returns the places within a page that a link may name, made from its
// headings as code hosts do: lower case, blanks to hyphens, punctuation
// dropped, a number after a heading that was there before.
func anchors(page []byte) map[string]bool {
	places := map[string]bool{}
	seen := map[string]int{}
	for _, prose := range doctest.Prose(page) {
		for _, m := range namedPlace.FindAllStringSubmatch(prose, -1) {
			places[strings.ToLower(m[1])] = true
		}
		m := heading.FindStringSubmatch(prose)
		if m == nil {
			continue
		}
		slug := slugOf(m[1])
		place := slug
		if n := seen[slug]; n > 0 {
			place = fmt.Sprintf("%s-%d", slug, n)
		}
		seen[slug]++
		places[place] = true
	}
	return places
}

func slugOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
}
