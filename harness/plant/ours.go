package plant

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"sluice/scanner/limiter"
)

// Ours is a rule of ours in the machinery of package limiter, on the plant's clock
// and with the plant's signals. Bounds of 0 are the algorithm's. The exported fields
// of rule are its parameters; nil is the defaults. The rule itself is left alone: a
// fresh one is made for each plant.
func Ours(algorithm string, b limiter.Bounds, rule limiter.Rule) Contestant {
	c := Contestant{Name: algorithm, Kind: Own}
	all := limiter.Algorithms()
	i := slices.IndexFunc(all, func(a limiter.Algorithm) bool { return a.Name == algorithm })
	if i < 0 {
		c.New = func(uint64, Clock, func() limiter.Signals) (Gate, error) {
			return nil, fmt.Errorf("unknown algorithm %q; use one of %s", algorithm, names(all))
		}
		return c
	}
	a := all[i]
	b = limiter.Bounds{Initial: cmp.Or(b.Initial, a.Bounds.Initial), Min: cmp.Or(b.Min, a.Bounds.Min), Max: cmp.Or(b.Max, a.Bounds.Max)}
	if c.Doc = a.Doc; a.Name == "load" || a.Name == "occupancy" {
		c.Doc += "; sees inside the plant"
	}
	c.New = func(_ uint64, clock Clock, signals func() limiter.Signals) (Gate, error) {
		fresh := a.New(b)
		if err := adopt(fresh, rule); err != nil {
			return nil, err
		}
		l, err := limiter.New(limiter.Options{
			Rule: fresh, Initial: b.Initial, Min: b.Min, Max: b.Max, Clock: clock.Now, Signals: signals,
		})
		if err != nil {
			return nil, fmt.Errorf("make limiter %s: %w", algorithm, err)
		}
		return &machine{limiter: l}, nil
	}
	return c
}

func names(all []limiter.Algorithm) string {
	list := make([]string, len(all))
	for i, a := range all {
		list[i] = a.Name
	}
	return strings.Join(list, ", ")
}

// adopt gives a rule the parameters of another of its type.
func adopt(to, from limiter.Rule) error {
	if from == nil {
		return nil
	}
	into, out := reflect.ValueOf(to), reflect.ValueOf(from)
	if into.Type() != out.Type() || into.Kind() != reflect.Pointer || out.IsNil() {
		return fmt.Errorf("rule is a %T, expected a %T", from, to)
	}
	for i := range into.Elem().NumField() {
		if into.Elem().Type().Field(i).IsExported() {
			into.Elem().Field(i).Set(out.Elem().Field(i))
		}
	}
	return nil
}

// machine is a gate of package limiter.
type machine struct {
	limiter *limiter.Limiter
	free    []*pass
}

// pass is a ticket that holds a permit. It is used again.
type pass struct {
	machine *machine
	permit  limiter.Permit
}

// Admit takes a permit.
func (m *machine) Admit(time.Duration) (Ticket, bool) {
	if len(m.free) == 0 {
		m.free = append(m.free, &pass{machine: m})
	}
	p := m.free[len(m.free)-1]
	var ok bool
	if p.permit, ok = m.limiter.TryAcquire(); !ok {
		return nil, false
	}
	m.free = m.free[:len(m.free)-1]
	return p, true
}

// Limit is the limiter's.
func (m *machine) Limit() int { return m.limiter.Limit() }

// Settle settles the permit: the machinery measures latency by the plant's clock.
// Its one error is that of a permit settled before, which the simulation never does.
func (p *pass) Settle(_, _ time.Duration, o limiter.Outcome) {
	if err := p.permit.Settle(o); err != nil {
		panic(err)
	}
	p.machine.free = append(p.machine.free, p)
}

// Vary are an algorithm with its defaults, with each of its parameters halved and
// doubled ("bdp Gain÷2", "bdp Gain×2"), and from limits of 1, 5, 20 and 100 at the
// start ("bdp from 1"). An algorithm that is unknown gives one contestant, which says
// so when it is made.
func Vary(algorithm string) []Contestant {
	varied := []Contestant{Ours(algorithm, limiter.Bounds{}, nil)}
	for _, a := range limiter.Algorithms() {
		if a.Name != algorithm {
			continue
		}
		for _, initial := range []int{1, 5, 20, 100} {
			b := limiter.Bounds{Initial: initial, Min: min(a.Bounds.Min, initial), Max: max(a.Bounds.Max, initial)}
			varied = append(varied, called(fmt.Sprintf("%s from %d", algorithm, initial), Ours(algorithm, b, nil)))
		}
		for i := range parameters(a.New(a.Bounds)) {
			for _, by := range []struct {
				word   string
				factor float64
			}{{"÷2", 0.5}, {"×2", 2}} {
				rule := a.New(a.Bounds)
				if p := parameters(rule)[i]; p.scale(by.factor) {
					varied = append(varied, called(algorithm+" "+p.name+by.word, Ours(algorithm, limiter.Bounds{}, rule)))
				}
			}
		}
	}
	return varied
}

func called(name string, c Contestant) Contestant {
	c.Name = name
	return c
}

// parameter is an exported number of a rule.
type parameter struct {
	name  string
	value reflect.Value
}

// parameters are what of a rule may be varied.
func parameters(rule limiter.Rule) []parameter {
	v := reflect.ValueOf(rule)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil
	}
	v = v.Elem()
	var found []parameter
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if number := v.Field(i).CanInt() || v.Field(i).CanUint() || v.Field(i).CanFloat(); number && field.IsExported() {
			found = append(found, parameter{field.Name, v.Field(i)})
		}
	}
	return found
}

// scale multiplies a parameter and tells whether that made another of it: a whole
// number above 0 stays above 0.
func (p parameter) scale(by float64) bool {
	v := p.value
	switch {
	case v.CanInt():
		before := v.Int()
		v.SetInt(max(min(1, before), int64(float64(before)*by)))
		return v.Int() != before
	case v.CanUint():
		before := v.Uint()
		v.SetUint(max(min(1, before), uint64(float64(before)*by)))
		return v.Uint() != before
	}
	before := v.Float()
	v.SetFloat(before * by)
	return v.Float() != before
}
