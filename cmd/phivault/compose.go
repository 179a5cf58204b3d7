package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"

	"phivault/vault"
	"phivault/vault/codec/fhirjson"
	"phivault/vault/fhir/compose"
)

// composed is what add makes of its flags.
type composed struct {
	patient, code, display, value, unit, date, status, text string
	name, birthDate, gender                                 string
}

// types are the names under which add knows resource types.
var types = map[string]string{"patient": "Patient", "observation": "Observation", "condition": "Condition",
	"medication": "MedicationStatement", "allergy": "AllergyIntolerance", "immunization": "Immunization", "note": "DocumentReference"}

// resource makes the JSON of a resource of type typ about subject, a reference.
func (c *composed) resource(typ, subject string) []byte {
	in := compose.Values{compose.Code: c.code, compose.Display: c.display, compose.Value: c.value, compose.Unit: c.unit,
		compose.Date: c.date, compose.Status: c.status, compose.Text: c.text, compose.BirthDate: c.birthDate, compose.Gender: c.gender,
		compose.Dose: strings.TrimSpace(c.value + " " + c.unit)}
	if family, given, ok := strings.Cut(c.name, ","); ok {
		in[compose.Family], in[compose.Given] = strings.TrimSpace(family), given
	} else if words := strings.Fields(c.name); len(words) > 1 {
		last := len(words) - 1
		in[compose.Family], in[compose.Given] = words[last], strings.Join(words[:last], " ")
	} else {
		in[compose.Name] = strings.TrimSpace(c.name)
	}
	return compose.New(typ, subject, in)
}

// inputMost bounds a resource that is read whole, to be added or edited.
const inputMost = 64 << 20

// readInput reads a resource from a file, or from stdin for "-".
func (a *app) readInput(name string) ([]byte, error) {
	r := io.Reader(a.stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, because(err, "the input")
		}
		defer f.Close()
		r = f
	} else if err := a.stdinIsData(); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, inputMost+1))
	if err != nil {
		return nil, because(err, "the input cannot be read")
	}
	if len(b) > inputMost {
		return nil, failed("limit", "the input is over 64 MiB", "import it instead")
	}
	return b, nil
}

// parseOne reads bytes as exactly one resource, as importing would, large
// attachments going to the vault's own place for them.
func parseOne(ctx context.Context, v *vault.Vault, b []byte) (*vault.Resource, error) {
	var found *vault.Resource
	for it, err := range fhirjson.JSON().Decode(ctx, "the input", bytes.NewReader(b), vault.DecodeOptions{Blobs: v.Blobs()}) {
		if err != nil {
			return nil, because(err, "the input is refused")
		}
		if found != nil {
			return nil, usage("the input holds more than one resource", "import it instead")
		}
		found = &it.Resource
	}
	if found == nil {
		return nil, usage("the input holds no resource", "")
	}
	return found, nil
}

// withID gives the JSON of a resource that has no id a random one, as its first
// member; the rest of the bytes stay.
func withID(b []byte) []byte {
	at := bytes.IndexByte(b, '{') + 1
	out := append([]byte{}, b[:at]...)
	out = append(out, `"id":"`+vault.NewID()+`",`...)
	return append(out, b[at:]...)
}
