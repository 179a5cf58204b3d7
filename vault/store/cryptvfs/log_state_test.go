package cryptvfs

import "testing"

// A mark may claim too little, never too much.
func TestAMarkClaimsOnlyWhatStaysDurable(t *testing.T) {
	commit := func(s *logState, from, to int64) {
		for f := from; f <= to; f++ {
			s.writing(f)
			s.seen(f, f == to)
		}
	}
	synced := func(s *logState) { s.durable(s.mark()) }
	for name, c := range map[string]struct {
		do   func(s *logState)
		next int64
		want uint64
	}{
		"nothing synced":    {func(s *logState) { commit(s, 0, 4) }, 5, 0},
		"a synced commit":   {func(s *logState) { commit(s, 0, 4); synced(s) }, 5, 5},
		"only its first":    {func(s *logState) { commit(s, 0, 4); synced(s); commit(s, 5, 9) }, 10, 5},
		"synced but open":   {func(s *logState) { commit(s, 0, 4); s.writing(5); s.seen(5, false); synced(s) }, 6, 5},
		"written again":     {func(s *logState) { commit(s, 0, 4); synced(s); s.writing(2); s.seen(2, false) }, 5, 2},
		"a new generation":  {func(s *logState) { commit(s, 0, 4); synced(s); s.begin(7) }, 0, 0},
		"no new commits":    {func(s *logState) { commit(s, 0, 4); synced(s); s.begin(7); synced(s) }, 3, 0},
		"commit after sync": {func(s *logState) { commit(s, 0, 4); m := s.mark(); commit(s, 5, 6); s.durable(m) }, 7, 5},
		"written again during the sync": {func(s *logState) {
			commit(s, 0, 4)
			m := s.mark()
			commit(s, 2, 4)
			s.durable(m)
		}, 5, 0},
		"started over during the sync": {func(s *logState) {
			commit(s, 0, 4)
			m := s.mark()
			s.begin(7)
			commit(s, 0, 4)
			s.durable(m)
		}, 5, 0},
	} {
		s := &logState{}
		s.begin(1)
		c.do(s)
		if got := s.writing(c.next); got != c.want {
			t.Errorf("%s: mark %d, want %d", name, got, c.want)
		}
	}
}
