package fhirjson_test

import (
	"testing"

	"phivault/vault/codec/codectest"
	"phivault/vault/codec/fhirjson"
)

func TestConformance(t *testing.T) {
	var goldens []codectest.Golden
	for _, d := range documents {
		if d.want != "" {
			goldens = append(goldens, codectest.Golden{Name: "f", In: d.in, Want: d.want + "\n"})
		}
	}
	large := `{"resourceType":"Binary","contentType":"text/plain","data":"` + base(100_000) + `"}`
	goldens = append(goldens,
		codectest.Golden{Name: "large", In: large, Want: "item ||Binary 1 cuts " + large + "\n"},
		codectest.Golden{Name: "canary", In: `{"resourceType":"Patient","Canary7":{"Canary7":1,"Canary7":2}}`, Canary: "Canary7",
			Want: "refused canary: line 1, column 50: a member name occurs twice in one object\n"},
		codectest.Golden{Name: "stray", In: `{"resourceType":"Patient","id":Canary7}`, Canary: "Canary7",
			Want: "refused stray: line 1, column 32: it is not valid JSON\n"})
	codectest.Run(t, fhirjson.JSON(), goldens)
}
