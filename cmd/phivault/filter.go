package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/text/unicode/norm"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/fhir/compose"
)

// filter is the set of flags that select records.
type filter struct {
	patient, typ, code, source, since, until, sort string
	limit                                          int
	deleted, conflicts                             bool
}

func (f *filter) flags(c *cobra.Command, only ...string) {
	fs := c.Flags()
	all := map[string]func(){
		"patient": func() {
			fs.StringVar(&f.patient, "patient", "", "records about this `patient`: an id, Patient/ID, or a name that only one has")
		},
		"type":    func() { fs.StringVar(&f.typ, "type", "", "this resourceType") },
		"code":    func() { fs.StringVar(&f.code, "code", "", "this `code`, in any system, or system|code (loinc|4548-4)") },
		"source":  func() { fs.StringVar(&f.source, "source", "", "imported from this source") },
		"since":   func() { fs.StringVar(&f.since, "since", "", "from this `date` on: 2024, 2024-03 or 2024-03-09") },
		"until":   func() { fs.StringVar(&f.until, "until", "", "up to this `date`") },
		"limit":   func() { fs.IntVar(&f.limit, "limit", f.limit, "at most this many (0: all)") },
		"sort":    func() { fs.StringVar(&f.sort, "sort", "newest", "newest, oldest or added") },
		"deleted": func() { fs.BoolVar(&f.deleted, "deleted", false, "deleted records instead of live ones") },
		"conflicts": func() {
			fs.BoolVar(&f.conflicts, "conflicts", false, "only records with more than one version that counts")
		},
	}
	for _, name := range only {
		all[name]()
	}
}

// all reports whether the flags leave nothing out.
func (f *filter) all() bool {
	return f.patient == "" && f.typ == "" && f.code == "" && f.source == "" && f.since == "" && f.until == "" && f.limit == 0
}

// query checks the flags and asks the vault who the patient is.
func (f *filter) query(ctx context.Context, v *vault.Vault) (q vault.Query, err error) {
	f.typ = typeNamed(f.typ)
	q = vault.Query{Type: f.typ, Code: compose.LongCode(f.code), Source: f.source, Since: f.since, Until: f.until,
		Limit: f.limit, Deleted: f.deleted, Conflicts: f.conflicts}
	switch f.sort {
	case "", "newest":
		q.Sort = vault.Newest
	case "oldest":
		q.Sort = vault.Oldest
	case "added":
		q.Sort = vault.Added
	default:
		return q, usage("--sort is newest, oldest or added", "")
	}
	if f.limit < 0 {
		return q, usage("--limit is not negative", "")
	}
	for name, d := range map[string]string{"--since": f.since, "--until": f.until} {
		if _, ok := instant(d); d != "" && !ok {
			return q, usage(name+" is not a date", "write 2024, 2024-03 or 2024-03-09")
		}
	}
	if f.typ != "" && !isTypeName(f.typ) {
		hint := "write it as FHIR does: Observation, MedicationRequest"
		if near := nearestType(f.typ, fhir.Types()); near != "" {
			hint = "did you mean " + near + "?"
		}
		return q, usage("the type is not a resourceType", hint)
	}
	if f.patient != "" {
		q.Patient, err = findPatient(ctx, v, f.patient)
	}
	return q, err
}

// typeNamed gives the resourceType that somebody means who writes it in another case,
// or of several; else what was typed.
func typeNamed(typed string) string {
	one := strings.TrimSuffix(strings.ToLower(typed), "s")
	plural := ""
	for _, t := range fhir.Types() {
		switch {
		case strings.EqualFold(t, typed):
			return t
		case strings.ToLower(t) == one:
			plural = t
		}
	}
	return cmp.Or(plural, types[strings.ToLower(typed)], types[one], typed)
}

func isTypeName(s string) bool {
	for i, r := range s {
		if !(r >= 'A' && r <= 'Z' || i > 0 && r >= 'a' && r <= 'z') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// nearestType gives the one of types that typ is a slip of the pen of, "" when it
// is one of them, or like none.
func nearestType(typ string, types []string) (best string) {
	least := 3
	for _, t := range types {
		switch d := distance(strings.ToLower(typ), strings.ToLower(t)); {
		case t == typ:
			return ""
		case d < least && d < len(t)/3:
			least, best = d, t
		}
	}
	return best
}

// findPatient gives the patient that a person means: by the vault's id or the
// beginning of it, by Patient/ID of any source, or by words of a name that only
// one patient has. Its errors name ids and nothing else.
func findPatient(ctx context.Context, v *vault.Vault, what string) (vault.RecordID, error) {
	if id, ok := strings.CutPrefix(what, "Patient/"); ok {
		return onePatient(ctx, v, vault.Query{Type: "Patient"}, func(r *vault.Record) bool { return r.Resource.ID == id })
	}
	if looksLikeID(what) {
		id, err := v.Lookup(ctx, what)
		if !errors.Is(err, vault.ErrNotFound) {
			return id, err
		}
	}
	words := strings.FieldsFunc(strings.ToLower(what), func(r rune) bool { return strings.ContainsRune(" \t,|\"*", r) })
	if len(words) == 0 {
		return vault.RecordID{}, usage("--patient is empty", "")
	}
	id, err := onePatient(ctx, v, vault.Query{Type: "Patient", Text: quoteWords(words)}, func(r *vault.Record) bool {
		return hasName(&r.Resource, words)
	})
	return id, err
}

func quoteWords(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = `"` + w + `"`
	}
	return strings.Join(q, " ")
}

// hasName reports whether each word is a whole name of the person.
func hasName(r *vault.Resource, words []string) bool {
	names := r.Title
	if r.Person != nil {
		names += " " + strings.Join(r.Person.Names, " ")
	}
	have := map[string]bool{}
	for _, n := range strings.FieldsFunc(plainName(names), func(r rune) bool { return strings.ContainsRune(" \t,|", r) }) {
		have[n] = true
	}
	for _, w := range words {
		if !have[plainName(w)] {
			return false
		}
	}
	return true
}

// plainName lowers and takes accents away, as the search does.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

// onePatient gives the only patient that fits. It stops looking at the fourth.
func onePatient(ctx context.Context, v *vault.Vault, q vault.Query, fits func(*vault.Record) bool) (vault.RecordID, error) {
	var found []vault.RecordID
	for r, err := range v.Find(ctx, q) {
		if err != nil {
			return vault.RecordID{}, err
		}
		if fits(&r) {
			if found = append(found, r.ID); len(found) > 3 {
				break
			}
		}
	}
	switch len(found) {
	case 0:
		return vault.RecordID{}, failed("not_found", "no such patient", `"phivault list Patient" shows them; an id may be cut to 4 digits or more`)
	case 1:
		return found[0], nil
	}
	ids := make([]string, 0, 3)
	for _, id := range found[:min(3, len(found))] {
		ids = append(ids, shortID(id))
	}
	if len(found) > 3 {
		ids = append(ids, "and more")
	}
	return vault.RecordID{}, failed("ambiguous", "more than one patient fits: "+strings.Join(ids, ", "), "name one by its id")
}

// looksLikeID reports whether s can begin a record id: four hex digits at least.
func looksLikeID(s string) bool {
	if len(s) < 4 || len(s) > 32 {
		return false
	}
	_, err := hex.DecodeString(s + strings.Repeat("0", len(s)%2))
	return err == nil
}

// shortID is enough of an id to name a record among a million.
func shortID(id vault.RecordID) string {
	if id.IsZero() {
		return "–"
	}
	return id.String()[:shortLength]
}

const shortLength = 10

// count is a number of things, in words that fit it.
func count[T int | int64 | uint64](n T, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return itoa(n) + " " + more
}

func itoa[T int | int64 | uint64](n T) string { return strconv.FormatInt(int64(n), 10) }
