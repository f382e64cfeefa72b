package limiter

// Static is the rule that never moves.
type Static struct {
	Limit int
}

// NewStatic returns the rule that stays where it begins.
func NewStatic(b Bounds) *Static { return &Static{Limit: b.Initial} }

// Next returns the limit.
func (s *Static) Next(Window) Decision {
	return Decision{Limit: s.Limit, Reason: Reason{What: "static"}}
}
