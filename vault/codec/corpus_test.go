package codec_test

import (
	"context"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/codectest"
	"phivault/vault/codec/document"
)

// all is what the command line reads, in its order.
func all(t *testing.T) []vault.Codec {
	t.Helper()
	d, err := document.New(document.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return append(codecs[:len(codecs):len(codecs)], d)
}

func TestTheCorpusAsOneFolder(t *testing.T) {
	in, err := codec.Open(codectest.Corpus(t, "fhir-r4"), all(t))
	if err != nil {
		t.Fatal(err)
	}
	var blobs codectest.Blobs
	got, err := codectest.Read(in.Items(context.Background(), vault.DecodeOptions{Blobs: &blobs}))
	if err != nil || got.Err != nil {
		t.Fatal(err, got.Err)
	}
	xml := 0
	for _, r := range got.Refusals {
		if strings.HasPrefix(r.Reason, "FHIR XML is not supported yet") {
			xml++
		}
	}
	// The sum of the folders (see the test of fhirjson), and eight files of XML.
	if len(got.Items) != 7160+87+459+6278 || xml != 8 || len(got.Refusals) != 4+5+5+8 {
		t.Errorf("%d items, %d refusals, %d of XML", len(got.Items), len(got.Refusals), xml)
		for _, r := range got.Refusals {
			t.Log(r)
		}
	}
}

func TestOtherFormatsAreRefusedByName(t *testing.T) {
	counts := map[string]int{"ccda": 13, "hl7v2": 22, "apple-health": 4, "smart-health-cards": 16}
	for folder, reason := range map[string]string{"ccda": "C-CDA", "hl7v2": "HL7 v2", "apple-health": "Apple Health", "smart-health-cards": "SMART Health Cards"} {
		in, err := codec.Open(codectest.Corpus(t, folder), all(t))
		if err != nil {
			t.Fatal(err)
		}
		got, err := codectest.Read(in.Items(context.Background(), vault.DecodeOptions{}))
		if err != nil || got.Err != nil {
			t.Fatal(err, got.Err)
		}
		named := 0
		for _, r := range got.Refusals {
			if strings.HasPrefix(r.Reason, reason) || strings.HasPrefix(r.Reason, "exports of "+reason) {
				named++
			}
		}
		if want := counts[folder]; named != want {
			t.Errorf("%s: %d files were refused as %s, want %d", folder, named, reason, want)
		}
	}
}
