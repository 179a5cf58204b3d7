package tui

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// standing watches whether the versions that are compared are still those that count:
// another device may decide while somebody reads here.
type standing struct {
	looks   lane
	arrived int64 // from other devices, when the versions were read or last looked at
	now     int   // versions that count now
	moved   bool  // they are not those that were read
}

func (x *standing) begin(arrived int64) {
	x.looks.end()
	x.arrived, x.now, x.moved = arrived, 0, false
}

// look asks which versions count now, where something arrived since it was last asked.
func (s *deciding) look(st Standing) tea.Cmd {
	if st.Arrived == s.standing.arrived || len(s.heads) == 0 || s.acts.busy {
		return nil
	}
	s.standing.arrived = st.Arrived
	id := s.id
	return s.shared(&s.standing.looks, func(ctx context.Context, sh Sharing, _ func(int64)) (any, error) {
		return sh.Conflicts().Heads(ctx, id)
	})
}

func (x *standing) compare(read, now []Head) {
	x.now = len(now)
	x.moved = !slices.EqualFunc(read, now, func(a, b Head) bool { return a.Version == b.Version && a.Deleted == b.Deleted })
}

// told says that what stands here is not how it is any more.
func (s *deciding) told(w int) (out []string) {
	text := "Another device changed this record while you read. Nothing of yours was saved. Enter reads it as it is now."
	if s.standing.now < 2 {
		text = "Another device decided this while you read: it is in no conflict any more. Nothing of yours was saved. Enter reads it as it is now."
	}
	for _, l := range wrapped([]string{text}, "  ! ", "    ", w) {
		out = append(out, s.d.theme.Error.Render(widget.Fit(l, w)))
	}
	return append(out, "")
}
