package store

import "testing"

// Whose patient a record is and of what type are told by its row alone: a deep look
// compares them with what the payload says. Seen to pass over each when it did not.
func TestVerifySeesWhoseARecordIs(t *testing.T) {
	other := `{"resourceType":"Patient","id":"p2","name":[{"family":"Other"}]}`
	const observations = " WHERE type=(SELECT word FROM word WHERE text='Observation')"
	for _, change := range []string{
		"UPDATE record SET subject=(SELECT subject FROM subject WHERE ref='Patient/p2')" + observations,
		"UPDATE record SET subject=NULL" + observations,
		"UPDATE record SET subject=1 WHERE subject IS NULL",
		"UPDATE record SET type=(SELECT word FROM word WHERE text='Patient')" + observations,
		"UPDATE subject SET ref='Patient/p9' WHERE ref='Patient/p2'",
		"UPDATE subject SET source=source+1 WHERE ref='Patient/p2'",
	} {
		s := newPlain(t)
		addJSON(t, s, ann, other, weight, asthma, `{"resourceType":"Basic","id":"b","code":{"text":"nobody's"}}`)
		clean(t, s)
		if n, err := s.w.change(change); err != nil || n == 0 {
			t.Fatal(change, n, err)
		}
		if p := verify(t, s, false); len(p) == 0 {
			t.Errorf("nothing is told of: %s", change)
		}
	}
}
