package source

import "strings"

// A glob is a compiled pattern of a gitignore file. Compiling it once lets a
// match run without parsing and, above all, without the exponential
// backtracking that a hostile tree could otherwise force on us.
type glob []token

type tokenKind uint8

const (
	tokenLiteral tokenKind = iota // the bytes of text
	tokenAny                      // ?: one byte, not a slash
	tokenSet                      // [a-z]: one byte of set, not a slash
	tokenStar                     // *: any bytes, no slash
	tokenTree                     // **/ at the start of an element: none or more whole elements
	tokenRest                     // ** as the last element: anything
)

type token struct {
	kind tokenKind
	text string // of a literal
	set  *set   // of a set
}

// A set holds bytes: git matches bytes, not characters.
type set [4]uint64

func (s *set) add(b byte)      { s[b>>6] |= 1 << (b & 63) }
func (s *set) has(b byte) bool { return s[b>>6]&(1<<(b&63)) != 0 }
func (s *set) addRange(from, to byte) {
	for b := int(from); b <= int(to); b++ {
		s.add(byte(b))
	}
}

func (s *set) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
}

// compile parses a pattern. A malformed one (an open bracket, an unknown class,
// a backslash at the end) is not ok, and matches nothing, as in git.
//
// Two stars that stand beside other characters in their element count as one,
// as gitignore(5) says. Git itself takes a**/b as if ** stood alone, an accident
// of how it skips the literal beginning of a pattern.
func compile(pattern string) (g glob, ok bool) {
	var literal []byte
	flush := func() {
		if len(literal) > 0 {
			g = append(g, token{kind: tokenLiteral, text: string(literal)})
			literal = nil
		}
	}
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '\\':
			i++
			if i == len(pattern) {
				return nil, false
			}
			literal = append(literal, pattern[i])
		case '?':
			flush()
			g = append(g, token{kind: tokenAny})
		case '[':
			s, next, ok := compileSet(pattern, i)
			if !ok {
				return nil, false
			}
			flush()
			g = append(g, token{kind: tokenSet, set: s})
			i = next
		case '*':
			flush()
			kind, next := compileStars(pattern, i)
			g = append(g, token{kind: kind})
			i = next
		default:
			literal = append(literal, c)
		}
	}
	flush()
	return g, true
}

// compileStars reads the run of stars at pattern[i] and returns what it means
// and its last byte, the slash of **/ included.
func compileStars(pattern string, i int) (kind tokenKind, last int) {
	start := i
	for i+1 < len(pattern) && pattern[i+1] == '*' {
		i++
	}
	alone := start == 0 || pattern[start-1] == '/'
	switch rest := pattern[i+1:]; {
	case i == start || !alone:
		return tokenStar, i
	case rest == "":
		return tokenRest, i
	case rest[0] == '/':
		return tokenTree, i + 1
	default:
		return tokenStar, i
	}
}

// compileSet reads the bracket at pattern[i] and returns its bytes and its last
// byte. The first member may be a closing bracket.
func compileSet(pattern string, i int) (s *set, last int, ok bool) {
	s = new(set)
	i++
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	for first, previous, ranged := true, byte(0), false; ; first = false {
		if i >= len(pattern) {
			return nil, 0, false
		}
		c := pattern[i]
		switch {
		case c == ']' && !first:
			if negated {
				s.invert()
			}
			return s, i, true
		case c == '-' && ranged && i+1 < len(pattern) && pattern[i+1] != ']':
			to, next, ok := member(pattern, i+1)
			if !ok {
				return nil, 0, false
			}
			s.addRange(previous, to)
			ranged, i = false, next
		case c == '[' && i+1 < len(pattern) && pattern[i+1] == ':':
			name, next, found := className(pattern, i)
			if !found { // no :] follows, so the bracket stands for itself
				s.add('[')
				previous, ranged = '[', true
				i++
				continue
			}
			if !s.addClass(name) {
				return nil, 0, false
			}
			ranged, i = false, next
		default:
			b, next, ok := member(pattern, i)
			if !ok {
				return nil, 0, false
			}
			s.add(b)
			previous, ranged, i = b, true, next
		}
	}
}

// member reads one byte of a set, escaped or not, and returns where the next begins.
func member(pattern string, i int) (b byte, next int, ok bool) {
	if pattern[i] == '\\' {
		i++
	}
	if i >= len(pattern) {
		return 0, 0, false
	}
	return pattern[i], i + 1, true
}

// className reads [:name:] at pattern[i]. It is not found unless the first
// closing bracket that follows has a colon before it.
func className(pattern string, i int) (name string, next int, found bool) {
	end := strings.IndexByte(pattern[i+2:], ']')
	if end < 1 || pattern[i+2+end-1] != ':' {
		return "", 0, false
	}
	return pattern[i+2 : i+2+end-1], i + 2 + end + 1, true
}

// addClass adds the ASCII members of a POSIX class, as git does.
func (s *set) addClass(name string) bool {
	switch name {
	case "alnum":
		return s.addClass("alpha") && s.addClass("digit")
	case "alpha":
		return s.addClass("upper") && s.addClass("lower")
	case "blank":
		s.add(' ')
		s.add('\t')
	case "cntrl":
		s.addRange(0, 31)
		s.add(127)
	case "digit":
		s.addRange('0', '9')
	case "graph":
		s.addRange('!', '~')
	case "lower":
		s.addRange('a', 'z')
	case "print":
		s.addRange(' ', '~')
	case "punct":
		s.addRange('!', '/')
		s.addRange(':', '@')
		s.addRange('[', '`')
		s.addRange('{', '~')
	case "space":
		for _, b := range []byte(" \t\n\r") { // git's idea: no vertical tab, no form feed
			s.add(b)
		}
	case "upper":
		s.addRange('A', 'Z')
	case "xdigit":
		s.addRange('0', '9')
		s.addRange('A', 'F')
		s.addRange('a', 'f')
	default:
		return false
	}
	return true
}

// match reports whether the whole of name fits. It goes back only to the last
// star and the last **/: what an earlier one could take, the last can take too,
// since everything between them already fits as far left as it can. The cost is
// at most quadratic in the length of name, times that of the pattern.
func (g glob) match(name string) bool {
	at, pos := 0, 0
	star, starPos := -1, 0 // the last * and the end of what it has taken
	tree, treePos := -1, 0 // the last **/, likewise
	for {
		if at == len(g) && pos == len(name) {
			return true
		}
		if at < len(g) {
			switch g[at].kind {
			case tokenRest:
				return true
			case tokenStar:
				star, starPos = at, pos
				at++
				continue
			case tokenTree:
				tree, treePos, star = at, pos, -1
				at++
				continue
			default:
				if n := g[at].take(name[pos:]); n > 0 {
					at++
					pos += n
					continue
				}
			}
		}
		switch {
		case star >= 0 && starPos < len(name) && name[starPos] != '/':
			starPos++
			at, pos = star+1, starPos
		case tree >= 0:
			slash := strings.IndexByte(name[treePos:], '/')
			if slash < 0 {
				return false
			}
			treePos += slash + 1
			at, pos, star = tree+1, treePos, -1
		default:
			return false
		}
	}
}

// take returns how many bytes of name a token of fixed length takes, 0 if it does not fit.
func (t token) take(name string) int {
	switch {
	case t.kind == tokenLiteral && strings.HasPrefix(name, t.text):
		return len(t.text)
	case name == "" || name[0] == '/':
		return 0
	case t.kind == tokenAny, t.kind == tokenSet && t.set.has(name[0]):
		return 1
	default:
		return 0
	}
}
