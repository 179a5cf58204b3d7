package store

import (
	"testing"

	"phivault/vault"
	"phivault/vault/fhir"
)

func TestADryRunNeedsNoAttachmentAndKeepsNothing(t *testing.T) {
	s := newStore(t)
	r, err := fhir.Parse([]byte(`{"resourceType":"Binary","id":"b","data":""}`), []vault.Cut{{Offset: 42, Size: 70_000, SHA256: vault.Hash{1}}})
	if err != nil {
		t.Fatal(err)
	}
	p := prepared(t, s, &r)
	got, err := s.Append(ctx, vault.Batch{Puts: []*vault.Put{p, p}, DryRun: true})
	if err != nil || got[0] != vault.OutcomeNew || got[1] != vault.OutcomeSame {
		t.Fatalf("%v %v", got, err)
	}
	if n, err := s.Counts(ctx); err != nil || n.Records != 0 || n.Entries != 1 {
		t.Errorf("a dry run left %+v: %v", n, err)
	}
	clean(t, s)
}
