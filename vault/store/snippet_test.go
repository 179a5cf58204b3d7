package store

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"phivault/vault/fhir"
	"phivault/vault/synth"
)

// plainSnippet is snippet as one would write it first.
func plainSnippet(text string, wanted []string) string {
	all := strings.Fields(text)
	holds := func(field string) (ok bool) {
		words(field, func(w string) bool {
			for _, want := range wanted {
				p, prefix := strings.CutSuffix(want, "*")
				ok = ok || w == p || prefix && strings.HasPrefix(w, p)
			}
			return true
		})
		return ok
	}
	first := max(0, slices.IndexFunc(all, holds))
	start, before := first, 0
	for start > 0 && before+len(all[start-1]) < snippetBefore {
		start--
		before += len(all[start]) + 1
	}
	var out []string
	size := 0
	for _, f := range all[start:] {
		if size >= before+snippetAfter {
			break
		}
		size += len(f) + 1
		if holds(f) {
			f = "\x02" + f + "\x03"
		}
		out = append(out, f)
	}
	s := strings.Join(out, " ")
	if start > 0 {
		s = "… " + s
	}
	if start+len(out) < len(all) {
		s += " …"
	}
	return s
}

// TestSnippetsAreOfTheWholeText holds the passages that little of a text is read for
// to those of the whole.
func TestSnippetsAreOfTheWholeText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for b := range synth.New(synth.Options{Seed: 12, Records: 1500}).Resources() {
		res, err := fhir.Parse(slices.Clone(b), nil)
		if err != nil {
			t.Fatal(err)
		}
		all := wordsOf(res.Text)
		for range 4 {
			wanted := []string{"none-of-it"}
			if len(all) > 0 {
				w := all[r.IntN(len(all))]
				wanted = [][]string{{w}, {w[:1+r.IntN(len(w))] + "*"}, {w, all[r.IntN(len(all))]}, {"nothing"}}[r.IntN(4)]
			}
			want := plainSnippet(res.Text, wanted)
			if got := snippet(res.Text, wanted); got != want {
				t.Fatalf("%q of\n%s\nis\n%q, not\n%q", wanted, res.Text, got, want)
			}
			e := enough{wanted: wanted}
			part, err := fhir.Options{Accepted: true, Enough: e.more}.Text(res.JSON, nil, res.Title, res.Value, res.Unit)
			if err != nil || !strings.HasPrefix(res.Text, part) {
				t.Fatalf("%v: %q is not how %q begins", err, part, res.Text)
			}
			if got := snippet(part, wanted); got != want {
				t.Fatalf("%q of what is enough\nis\n%q, not\n%q", wanted, got, want)
			}
		}
	}
	for _, text := range []string{"", " ", "a", " Ärzte  raten\u00a0ab\tvon K\u212aB", "x " + strings.Repeat("y", 300) + " z"} {
		for _, w := range []string{"a", "arzte", "ab", "kkb", "raten*", "z"} {
			if got, want := snippet(text, []string{w}), plainSnippet(text, []string{w}); got != want {
				t.Errorf("%q of %q is %q, not %q", w, text, got, want)
			}
		}
	}
}

func wordsOf(text string) (all []string) {
	words(text, func(w string) bool { all = append(all, w); return true })
	return all
}
