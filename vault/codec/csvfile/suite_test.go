package csvfile_test

import (
	"testing"

	"phivault/vault/codec/codectest"
)

func TestConformance(t *testing.T) {
	codectest.Run(t, codec(t, weight), []codectest.Golden{
		{Name: "good", In: "Date,Weight\n2024-01-02,70.10\n", Want: `item line 2||Observation 0 cuts {"resourceType":"Observation","id":"csv-bdda91c2f5771325b9dfae0a718a57831b193f6d","status":"unknown",` +
			`"code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}],"text":"Body weight"},"subject":{"reference":"Patient/p1"},` +
			`"effectiveDateTime":"2024-01-02","valueQuantity":{"value":70.10,"unit":"kg"}}` + "\n"},
		{Name: "bad", In: "Date,Weight\nCanary7,Canary7\n2024-01-02,Canary7\n\"Canary7\"x\nCanary7\n", Canary: "Canary7", Want: `refused bad: line 2: its date is not like 2024-05-31
refused bad: line 3: its value is not a decimal number
refused bad: line 4: something follows a closing quote
refused bad: line 5: it has not as many cells as the header
`},
	})
}
