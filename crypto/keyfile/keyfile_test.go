package keyfile

import "testing"

func TestKeyFileOpensWithProductParameters(t *testing.T) {
	b := newBundle(t)
	pass := phrase("correct horse battery staple")
	file, err := Seal(b, pass, nil, DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(file, pass, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Destroy()
	if !sameBundle(b, got) || got.VaultID() != b.VaultID() {
		t.Fatal("another bundle came back")
	}
}
