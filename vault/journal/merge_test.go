package journal

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"phivault/vault"
)

func res(typ, json string) *vault.Resource { return &vault.Resource{Type: typ, JSON: []byte(json)} }

func TestMergeDoesOnlyWhatIsAllowed(t *testing.T) {
	const patient, appointment = "Patient", "Appointment"
	for name, c := range map[string]struct{ typ, old, a, b, want string }{
		"telecom and address of a patient": {patient,
			`{"id":"1", "telecom":[1], "address":[1], "x":1.50}`, `{"id":"1", "telecom":[2], "address":[1], "x":1.50}`,
			`{"id":"1", "telecom":[1], "address":[2], "x":1.50}`, `{"id":"1", "telecom":[2], "address":[2], "x":1.50}`},
		"a new contact beside a new address": {patient,
			`{"id":"1"}`, `{"id":"1","contact":[1]}`, `{"id":"1","address":[2]}`, `{"id":"1","address":[2],"contact":[1]}`},
		"one taken away": {patient,
			`{"id":"1","address":[1],"telecom":[1]}`, `{"id":"1","telecom":[1]}`, `{"id":"1","address":[1],"telecom":[2]}`, `{"id":"1","telecom":[2]}`},
		"both the telecom":            {patient, `{"telecom":[1]}`, `{"telecom":[2]}`, `{"telecom":[3]}`, ""},
		"a patient's name":            {patient, `{"name":[1],"telecom":[1]}`, `{"name":[2],"telecom":[1]}`, `{"name":[1],"telecom":[2]}`, ""},
		"fields of an appointment":    {appointment, `{"start":"1","comment":"x"}`, `{"start":"2","comment":"x"}`, `{"start":"1","comment":"y"}`, `{"start":"2","comment":"y"}`},
		"the same of an appointment":  {appointment, `{"start":"1"}`, `{"start":"2"}`, `{"start":"3"}`, ""},
		"a field and its extension":   {appointment, `{"start":"1"}`, `{"start":"2"}`, `{"start":"1","_start":{"extension":[]}}`, ""},
		"an extension and its field":  {appointment, `{"start":"1"}`, `{"start":"0"}`, `{"start":"1","_start":{"extension":[]}}`, ""},
		"a dose":                      {"MedicationRequest", `{"a":1,"b":1}`, `{"a":2,"b":1}`, `{"a":1,"b":2}`, ""},
		"an allergy":                  {"AllergyIntolerance", `{"a":1,"b":1}`, `{"a":2,"b":1}`, `{"a":1,"b":2}`, ""},
		"taken away against a change": {patient, `{"address":[1]}`, `{}`, `{"address":[2]}`, ""},
	} {
		got := Merge(res(c.typ, c.old), res(c.typ, c.a), res(c.typ, c.b))
		if string(got) != c.want || (got == nil) != (c.want == "") {
			t.Errorf("%s: %s", name, got)
		}
		if again := Merge(res(c.typ, c.old), res(c.typ, c.b), res(c.typ, c.a)); string(again) != string(got) {
			t.Errorf("%s: the other way round: %s", name, again)
		}
	}
	withCut := res(patient, `{"telecom":[2],"address":[1]}`)
	withCut.Cuts = []vault.Cut{{}}
	if Merge(res(patient, `{"telecom":[1],"address":[1]}`), withCut, res(patient, `{"telecom":[1],"address":[2]}`)) != nil {
		t.Error("merged over an attachment")
	}
}

// Which removals count depends on the set of events alone, never on their order.
func TestMembershipIsAFunctionOfTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := randomEvents(t)
		s := &state{Events: events}
		want := s.members(everything)
		s.Events = rapid.Permutation(events).Draw(t, "order")
		got := s.members(everything)
		if len(got.removed) != len(want.removed) || len(got.all) != len(want.all) {
			t.Fatalf("%v and %v", got.removed, want.removed)
		}
		for d, r := range want.removed {
			if !reflect.DeepEqual(got.removed[d], r) {
				t.Fatalf("%v and %v", got.removed, want.removed)
			}
		}
		owners := 0
		for _, m := range want.all {
			if want.owner(m.device) {
				owners++
			}
		}
		if owners == 0 {
			t.Fatal("no owner is left")
		}
	})
}
