package vault

import (
	"testing"
	"time"
)

// The trail says when an act was done, whenever the entry was written or came.
func TestAnActBeganWhenItWasDone(t *testing.T) {
	at := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		a    Audited
		want time.Time
	}{
		{Audited{At: at, Kind: KindAudit, Audit: AuditNote{First: "2026-03-07T10:00:00Z", Last: "2026-03-07T10:30:00Z"}}, at.Add(-50 * time.Hour)},
		{Audited{At: at, Kind: KindImport, Import: ImportNote{At: "2026-03-09T11:00:00Z"}}, at.Add(-time.Hour)},
		{Audited{At: at, Kind: KindAudit, Audit: AuditNote{First: "then"}}, at},
	} {
		if got := c.a.Began(); !got.Equal(c.want) {
			t.Errorf("%v, not %v", got, c.want)
		}
	}
}
