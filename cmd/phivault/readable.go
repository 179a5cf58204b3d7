package main

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"strconv"
	"strings"

	"phivault/vault"
)

// readable shows a record for people: what it says, where it comes from, and
// then every field of it as a tree, nothing left out and no number rounded.
func (a *app) readable(ctx context.Context, v *vault.Vault, r *vault.Record) error {
	res := &r.Resource
	pairs := [][2]string{{res.Type, orUnknown(res.Title)}}
	add := func(name, value string) {
		if value != "" {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	if r.Patient != r.ID {
		add("Patient", v.PatientName(ctx, r.Patient))
	}
	add("Date", res.Date)
	add("Status", res.Status)
	if res.Code.Code != "" {
		add("Code", strings.TrimSpace(res.Code.Code+" "+res.Code.Display)+" ("+res.Code.System+")")
	}
	for _, m := range res.Measures {
		name := m.Name
		if len(res.Measures) == 1 {
			name = "Value"
		}
		if m.Value == "" {
			add(name, "no value"+prefixed(": ", m.Absent))
			continue
		}
		add(name, strings.TrimSpace(m.Value+" "+m.Unit)+"  flag "+flagText(m.Flag, a.out.utf8)+"  "+rangeText(m.Low, m.High, m.Range))
	}
	if len(res.Measures) == 0 {
		add("Value", strings.TrimSpace(res.Value+" "+res.Unit))
	}
	add("Id", r.ID.String()+"  ("+strings.TrimSuffix(res.Type+"/"+res.ID, "/")+")")
	add("Source", r.Source)
	version := itoa(r.Version)
	if r.Conflict {
		version += ", in conflict: more than one version counts"
	}
	add("Version", version)
	if err := writeFields(a.out, pairs); err != nil {
		return err
	}
	a.out.Write([]byte("\n"))
	return writeTree(a.out, res.JSON, res.Cuts)
}

func orUnknown(s string) string {
	if s == "" {
		return "(no title)"
	}
	return s
}

func prefixed(p, s string) string {
	if s == "" {
		return ""
	}
	return p + s
}

// writeTree writes JSON as an indented tree of names and values.
func writeTree(out *sink, b []byte, cuts []vault.Cut) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	t := &tree{out: out, d: d, cuts: cuts}
	return t.value("", 0)
}

type tree struct {
	out  *sink
	d    *json.Decoder
	cuts []vault.Cut
	name string // of the member being read
}

func (t *tree) value(label string, depth int) error {
	tok, err := t.d.Token()
	if err != nil {
		return err
	}
	delim, nested := tok.(json.Delim)
	if !nested {
		return t.line(label, depth, t.scalar(tok))
	}
	if label != "" {
		if err := t.line(label, depth, ""); err != nil {
			return err
		}
		depth++
	}
	for i := 1; t.d.More(); i++ {
		inner := strconv.Itoa(i)
		if delim == '{' {
			key, err := t.d.Token()
			if err != nil {
				return err
			}
			inner = key.(string)
			t.name = inner
		}
		if err := t.value(inner, depth); err != nil {
			return err
		}
	}
	_, err = t.d.Token()
	return err
}

func (t *tree) scalar(tok json.Token) string {
	switch x := tok.(type) {
	case string:
		if at := t.d.InputOffset(); x == "" {
			for _, c := range t.cuts {
				if at == c.Offset+1 {
					return "(attachment of " + sizeText(c.Size) + ")"
				}
			}
		}
		if t.name == "div" {
			return strings.Join(strings.Fields(html.UnescapeString(withoutTags(x))), " ")
		}
		if t.name == "data" && len(x) > 200 {
			return "(base64, " + sizeText(int64(len(x))) + ")"
		}
		return x
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	}
	return "null"
}

// withoutTags leaves the text of a narrative.
func withoutTags(s string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			return b.String() + s
		}
		b.WriteString(s[:open] + " ")
		end := strings.IndexByte(s[open:], '>')
		if end < 0 {
			return b.String()
		}
		s = s[open+end+1:]
	}
}

func (t *tree) line(label string, depth int, value string) error {
	indent := strings.Repeat("  ", depth)
	lines := strings.Split(cleanLines(value), "\n")
	if room := t.out.cols - width(indent) - width(label) - 2; t.out.tty && room > 20 {
		var short []string
		for _, l := range lines {
			short = append(short, wrap(l, room)...)
		}
		lines = short
	}
	head := indent + clean(label)
	for i, l := range lines {
		if i > 0 {
			head = strings.Repeat(" ", width(head))
		}
		if _, err := t.out.Write([]byte(strings.TrimRight(head+"  "+l, " ") + "\n")); err != nil {
			return err
		}
	}
	return nil
}
