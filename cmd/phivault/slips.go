package main

import (
	"time"

	"phivault/vault"
	"phivault/vault/fhir/compose"
)

// slips tells of what was saved as it was written and may be a slip all the same.
// old is the record before, or nil.
func (a *app) slips(old, r *vault.Resource) {
	if old == nil {
		old = &vault.Resource{}
	}
	if t, ok := instant(r.Date); ok && r.Date != old.Date && t.After(a.now().Add(24*time.Hour)) {
		a.note("The date is in the future.")
	}
	text := func(v string) bool { return v != "" && !compose.IsDecimal(v) }
	if r.Type == "Observation" && text(r.Value) && !text(old.Value) {
		a.note("The value is saved as text, not as a number: it is in no trend.")
	}
}
