package invalidate

// A set holds strings in the order in which they were added, each of them once.
type set struct {
	list []string
	has  map[string]struct{}
}

func (s *set) add(all ...string) {
	for _, v := range all {
		if _, ok := s.has[v]; ok {
			continue
		}
		if s.has == nil {
			s.has = make(map[string]struct{})
		}
		s.has[v] = struct{}{}
		s.list = append(s.list, v)
	}
}
