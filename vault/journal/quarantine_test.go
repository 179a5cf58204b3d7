package journal

import (
	"slices"
	"testing"

	"phivault/vault"
)

// A removed device whose credentials still work writes one segment each in ever more
// logs. Expected: as many of them are taken as of one log. Seen to go on for ever with
// full counting each log by itself, and later asking without it.
func TestARemovedDevicesLogsAreNotReadForEver(t *testing.T) {
	a, b := people[0], people[1]
	j := &Journal{self: a.DeviceID(), s: &state{Logs: map[vault.LogID]*logState{},
		Events: []event{founderOf(a), admission(a, b, 0, 1), removal(a, b, 1, 0)}}}
	of := func(n uint64) vault.LogID { return vault.LogID{Device: b.DeviceID(), Number: n} }
	for n := range uint64(maxBeyond) {
		j.s.Logs[of(n)] = &logState{Last: vault.Place{Log: of(n)}}
	}
	asks := func(n uint64) bool { return slices.Contains(j.later("r", &session{}), of(n)) }
	if j.full(of(maxBeyond-1)) || !asks(maxBeyond) {
		t.Error("full before it is") // the first of all stands
	}
	j.s.Logs[of(maxBeyond)] = &logState{Last: vault.Place{Log: of(maxBeyond)}}
	if !j.full(of(maxBeyond)) || asks(maxBeyond+1) {
		t.Error("never full")
	}
	if j.full(vault.LogID{Device: a.DeviceID()}) || !slices.Contains(j.later("r", &session{}), vault.LogID{Device: a.DeviceID(), Number: 1}) {
		t.Error("a member is not asked for")
	}
}
