package fhirjson_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/codec/codectest"
	"phivault/vault/codec/fhirjson"
)

func record(json string, id byte) vault.Record {
	return vault.Record{ID: vault.RecordID{15: id}, Resource: vault.Resource{Type: "Patient", JSON: []byte(json)}}
}

func encode(t *testing.T, e vault.Encoder, records ...vault.Record) {
	t.Helper()
	for _, r := range records {
		if err := e.Encode(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestABundleHasEachResourceByteForByte(t *testing.T) {
	var b bytes.Buffer
	own := record(p2, 2)
	own.Resource.ID = "0b3b1e5a-0000-4000-8000-000000000001"
	encode(t, fhirjson.NewBundle(&b, nil, fhirjson.BundleOptions{}), record("{\n \"resourceType\":\"Patient\"}", 1), own)
	want := `{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"urn:uuid:00000000-0000-8000-8000-000000000001","resource":{
 "resourceType":"Patient"}},
{"fullUrl":"urn:uuid:0b3b1e5a-0000-4000-8000-000000000001","resource":{ "id" : "2", "resourceType" : "Patient" }}
]}
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

func TestAnEmptyBundleIsOne(t *testing.T) {
	var b bytes.Buffer
	encode(t, fhirjson.NewBundle(&b, nil, fhirjson.BundleOptions{}))
	if got := b.String(); got != `{"resourceType":"Bundle","type":"collection"}`+"\n" {
		t.Error(got)
	}
}

func TestLinesLoseWhiteSpaceOnlyWhereALineBreaks(t *testing.T) {
	var b bytes.Buffer
	encode(t, fhirjson.NewNDJSON(&b, nil), record(p2, 1), record("{ \"a\" :\r\n\t\" \\\" x\\\\\" , \"b\": [ 1 ] }", 2))
	want := p2 + "\n" + `{"a":" \" x\\","b":[1]}` + "\n"
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

func TestDeletedRecordsAreNotWritten(t *testing.T) {
	gone := record(p1, 1)
	gone.Deleted = true
	for _, e := range []vault.Encoder{fhirjson.NewNDJSON(io.Discard, nil), fhirjson.NewBundle(io.Discard, nil, fhirjson.BundleOptions{})} {
		if err := e.Encode(context.Background(), gone); !errors.Is(err, vault.ErrDeleted) {
			t.Errorf("got %v", err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestADocumentThatFailedIsNotClosedAsWhole(t *testing.T) {
	missing := record(`{"data":""}`, 1)
	missing.Resource.Cuts = []vault.Cut{{Offset: 9, Size: 3}}
	var b bytes.Buffer
	for _, e := range []vault.Encoder{fhirjson.NewNDJSON(&b, &codectest.Blobs{}), fhirjson.NewBundle(&b, &codectest.Blobs{}, fhirjson.BundleOptions{})} {
		if err := e.Encode(context.Background(), missing); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		if err := e.Close(); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("closing gives %v", err)
		}
	}
	if strings.Contains(b.String(), "]}") {
		t.Error("the Bundle was ended")
	}
}
