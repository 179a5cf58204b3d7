package store

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/synth"
)

// plainTerms is termsOf as one would write it first.
func plainTerms(r *vault.Resource) (all []string) {
	add := func(t string) {
		if !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	add(facetType + strings.ToLower(r.Type))
	for _, c := range r.Codings[:min(len(r.Codings), maxCodes)] {
		add(hashFacet(facetCode, c.Code))
		add(hashFacet(facetSystem, c.System+"|"+c.Code))
	}
	for _, w := range plainWords(r.Title) {
		add(facetTitle + w)
	}
	for _, w := range append(plainWords(r.Title), plainWords(r.Text)...) {
		add(w)
	}
	return all
}

// plainWords folds the whole text at once.
func plainWords(text string) (all []string) {
	var b []byte
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(text, " ")) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r < 0x80 && r != '\x00', unicode.IsLetter(r), unicode.IsNumber(r), unicode.Is(unicode.Mc, r):
			b = append(b, string(unicode.ToLower(r))...)
		default:
			b = append(b, ' ')
		}
	}
	split(b, func(w []byte) bool { all = append(all, string(w)); return true })
	return all
}

func sameTerms(t testing.TB, r *vault.Resource) {
	t.Helper()
	got, want := string(termsOf(r)), strings.Join(plainTerms(r), " ")
	if got != want {
		t.Errorf("terms\n%q, want\n%q", got, want)
	}
}

func TestTermsAreTheDistinctWordsAndFacets(t *testing.T) {
	n := 0
	for j := range synth.New(synth.Options{Seed: 3, Records: 500}).Resources() {
		r, err := fhir.Parse(bytes.Clone(j), nil)
		if err != nil {
			t.Fatal(err)
		}
		sameTerms(t, &r)
		n++
	}
	if n < 400 {
		t.Fatalf("%d records", n)
	}
	var many strings.Builder // more than the set begins with
	for i := range 5000 {
		many.WriteString(" w" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + string(rune('0'+i/26%10)) + string(rune('a'+i/260)))
	}
	r := vault.Resource{Type: "Basic", Title: "Ångström 12.5 mg", Text: many.String() + " ångström 12.5"}
	sameTerms(t, &r)
	sameTerms(t, &vault.Resource{Type: "Basic", Text: "again"})
	if all := plainWords("5 µg Ångström, Ελληνικά ﬁ\u0301x e\u0301 \ue004title 1.5."); !slices.Equal(all, []string{"5", "μg", "angstrom", "ελληνικα", "fix", "e", "title", "1.5"}) {
		t.Errorf("%q", all)
	}
}

func TestTermsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range maxTerms + 1000 {
		b.WriteString("w" + hashFacet("", string(rune(i+1000))) + " ")
	}
	if n := len(strings.Fields(string(termsOf(&vault.Resource{Type: "Basic", Text: b.String()})))); n != maxTerms {
		t.Errorf("%d terms, want %d", n, maxTerms)
	}
	sameTerms(t, &vault.Resource{Type: "Basic", Text: strings.Repeat("a", 3*maxTerm) + "é b"})
}

func FuzzTerms(f *testing.F) {
	f.Add("Ångström 12.5 mg", "a e\u0301 \u1e9b\u0323 \ue000x ½ İ ǅ Ⅷ ☃\xff.5 1.\u0663")
	f.Add("\xf9", "00\xf3Ȭ0")
	f.Fuzz(func(t *testing.T, title, text string) {
		sameTerms(t, &vault.Resource{Type: "Basic", Title: title, Text: text, Codings: []vault.Coding{{System: title, Code: text}}})
	})
}
