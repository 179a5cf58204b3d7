package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault"
)

type editFlags struct {
	file      string
	set       []string
	ifVersion int
}

func (a *app) editCommand() *cobra.Command {
	var f editFlags
	c := &cobra.Command{
		Use:   "edit ID",
		Short: "Save a new version of a record, from flags, a file, stdin or a form",
		Long: `Edit saves a new version of a record; the old one stays in its history. --set
changes single fields of the common types by the names that add has for them
(value, unit, date, status, display, code, text, dose, …; a component of a
measurement is component.0) and leaves every other byte; what it says can be
seen in the process list. --file (- is stdin) gives the content whole. Without
either, on a terminal, each simple field at the top of the record is shown to be
kept or typed anew. No editor is started and nothing is written to a temporary
file.`,
		Example: `  phivault edit 5fb34df495 --set value=6.40 --set status=corrected
  phivault edit 1ea446d18b --set status=resolved --set ended=2026-03
  phivault show 1ea446d18b --raw | edited | phivault edit 1ea446d18b --file -`,
		Args: takes(1, 1, "one id"),
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("if-version") && f.ifVersion < 1 {
				return usage("--if-version counts from 1", `"phivault history" lists the versions`)
			}
			if f.file != "" && len(f.set) > 0 {
				return usage("--set and --file exclude each other", "the file says it")
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.edit(ctx, s.Vault.Vault, args[0], &f) })
		},
	}
	c.Flags().StringVar(&f.file, "file", "", "the new content from `file`; - is stdin")
	c.Flags().StringArrayVar(&f.set, "set", nil, "a `field` to change, KEY=VALUE; no VALUE takes it away")
	c.Flags().IntVar(&f.ifVersion, "if-version", 0, "save only if the record is still at version `N`")
	return c
}

func (a *app) edit(ctx context.Context, v *vault.Vault, what string, f *editFlags) error {
	old, err := fetch(ctx, v, what, 0)
	if err != nil {
		return err
	}
	if f.ifVersion != 0 && f.ifVersion != old.Version {
		return failed("changed", "the record is at another version", "")
	}
	var b []byte
	switch {
	case f.file != "":
		b, err = a.readInput(f.file)
	case len(f.set) > 0:
		b, err = setFields(&old.Resource, f.set)
	default:
		b, err = a.form(ctx, &old.Resource)
	}
	if err != nil {
		return err
	}
	var r *vault.Resource
	if f.file == "" && len(old.Resource.Cuts) > 0 && bytes.Equal(b, old.Resource.JSON) {
		return a.saved(&old, "phivault.edit.v1", "unchanged")
	}
	if r, err = parseOne(ctx, v, bytes.TrimRight(b, "\r\n")); err != nil {
		return err
	}
	if bytes.Equal(r.JSON, old.Resource.JSON) && slices.Equal(r.Cuts, old.Resource.Cuts) {
		return a.saved(&old, "phivault.edit.v1", "unchanged")
	}
	rec, err := v.Edit(ctx, old, r)
	if err != nil {
		return err
	}
	if f.file == "" {
		a.slips(&old.Resource, r)
	}
	return a.saved(&rec, "phivault.edit.v1", "saved")
}

// spot is a simple value in a resource's JSON.
type spot struct {
	name       string
	start, end int64 // of the value's text
	text       string
	quoted     bool
}

// form goes through the simple fields on the terminal. Everything else keeps
// its bytes.
func (a *app) form(ctx context.Context, r *vault.Resource) ([]byte, error) {
	if len(r.Cuts) > 0 {
		return nil, usage("a record with attachments is edited through --file", "")
	}
	spots, err := spotsOf(r.JSON)
	if err != nil {
		return nil, err
	}
	if len(spots) == 0 {
		return nil, usage("this record has no simple field at its top", "give its new content with --file")
	}
	t, err := a.prompt()
	if err != nil {
		return nil, failed("no_terminal", "there is no terminal for the form", "give the new content with --file")
	}
	defer t.close()
	t.say("Enter keeps what is in brackets. Only simple fields are shown; --file changes the others.\n")
	var out []byte
	at := int64(0)
	for _, s := range spots {
		typed, err := t.line(ctx, clean(s.name)+" ["+clean(s.text)+"]: ")
		if err != nil {
			return nil, err
		}
		if typed == "" || typed == s.text {
			continue
		}
		value := []byte(typed)
		if s.quoted {
			if value, err = json.Marshal(typed); err != nil {
				return nil, err
			}
		}
		out = append(append(out, r.JSON[at:s.start]...), value...)
		at = s.end
	}
	return append(out, r.JSON[at:]...), nil
}

var errNoObject = failed("integrity", "the record is not a JSON object", "")

// spotsOf finds the simple values at the top of a resource and in its
// valueQuantity. resourceType and id stay what they are.
func spotsOf(b []byte) (spots []spot, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return nil, errors.Join(err, errNoObject)
	}
	return spots, members(d, b, func(name string, start, end int64, tok json.Token) error {
		switch x := tok.(type) {
		case json.Delim:
			if name != "valueQuantity" || x != '{' {
				return skip(d)
			}
			return members(d, b, func(inner string, start, end int64, tok json.Token) error {
				if _, nested := tok.(json.Delim); nested {
					return skip(d)
				}
				add(&spots, name+"."+inner, start, end, tok, b)
				return nil
			})
		}
		if name != "resourceType" && name != "id" {
			add(&spots, name, start, end, tok, b)
		}
		return nil
	})
}

func add(spots *[]spot, name string, start, end int64, tok json.Token, b []byte) {
	s := spot{name: name, start: start, end: end, text: string(b[start:end])}
	if text, ok := tok.(string); ok {
		s.text, s.quoted = text, true
	}
	*spots = append(*spots, s)
}

// members calls take with each member of the object that d is in, and the place
// of a simple value; take reads a nested one to its end.
func members(d *json.Decoder, b []byte, take func(name string, start, end int64, tok json.Token) error) error {
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			return err
		}
		name := tok.(string) // the decoder gives nothing else here
		start := d.InputOffset()
		for start < int64(len(b)) && strings.IndexByte(": \n\r\t", b[start]) >= 0 {
			start++
		}
		if tok, err = d.Token(); err != nil {
			return err
		}
		if err := take(name, start, d.InputOffset(), tok); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// skip reads to the end of the object or array that was just opened.
func skip(d *json.Decoder) error {
	for depth := 1; depth > 0; {
		tok, err := d.Token()
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return nil
}
