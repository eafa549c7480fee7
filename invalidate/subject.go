package invalidate

// A subject is one model to ask the rule about.
type subject struct {
	model    any
	was      bool
	before   any
	unloaded func(model any) []Relation
}

// with returns the subject that m is. Of a Row that is the model in it. What is known
// of s holds for m as well.
func (s subject) with(m any) subject {
	s.model = m
	for {
		row, ok := s.model.(Row)
		if !ok {
			return s
		}
		s.model, s.was = row.Model, s.was || row.Was
		if row.Before != nil {
			s.before = row.Before
		}
		if row.Unloaded != nil {
			s.unloaded = row.Unloaded
		}
	}
}
