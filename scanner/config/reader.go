package config

import "sluice/scanner/config/strict"

// reader fills a configuration from the values of a file, and remembers where it
// found them.
type reader struct {
	config *Config
	given  []string                // the knobs met that are right, in that order
	at     map[string]*strict.Node // where each knob met stands, right or wrong
	wrong  map[string]bool
}

func newReader(into *Config) *reader {
	return &reader{config: into, at: make(map[string]*strict.Node), wrong: make(map[string]bool)}
}

// take reads a knob, or all of a limiter's block. A nil node is a knob that the
// file does not give.
func (r *reader) take(k knob, node *strict.Node) {
	switch {
	case node == nil:
	case k.isLimiter() && node.IsMapping():
		r.takeBlock(k, node)
	default:
		r.takeScalar(k, node)
	}
}

// takeScalar records what is wrong with the value at its place.
func (r *reader) takeScalar(k knob, node *strict.Node) {
	r.at[k.Name] = node
	scalar, _ := node.Scalar()
	value, ok := k.parse(scalar)
	if !ok {
		node.Mismatch(k.expected())
	} else if message := k.check(value); message != "" {
		node.Fault("%s", message)
		ok = false
	}
	if !ok {
		r.wrong[k.Name] = true
		return
	}
	k.put(r.config, value)
	r.given = append(r.given, k.Name)
}

// takeBlock reads {algorithm: …, initial: …, min: …, max: …, latency: …}. A block
// says all of a limiter: what it leaves out is auto.
func (r *reader) takeBlock(k knob, node *strict.Node) {
	members := block(k.Name)
	fields := node.Fields(append([]string{"algorithm"}, keys(members)...)...)
	if algorithm := fields["algorithm"]; algorithm != nil {
		r.takeScalar(k, algorithm)
	} else {
		node.Fault("%s: the block has no algorithm; add algorithm: %s", k.Name, strict.OneOf(k.Values))
		r.wrong[k.Name] = true
	}
	for _, member := range members {
		member.put(r.config, member.instead)
		if value := fields[member.key()]; value != nil {
			r.takeScalar(member, value)
		}
	}
}

// contradictions records what the knobs cannot say together, at the place of the
// first that the file gives. Of knobs that are wrong by themselves nothing is said.
func (r *reader) contradictions() {
	for _, x := range r.config.contradictions() {
		if x.of(r.wrong) {
			continue
		}
		for _, name := range x.knobs {
			if node := r.at[name]; node != nil {
				node.Fault("%s", x.text)
				break
			}
		}
	}
}
