package tui

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/fhir/compose"
)

// signs are marks that go with a letter, and would only be read out.
var signs = strings.NewReplacer("▲ ", "", "▼ ", "", "◆ ", "")

// spoken says a view in lines, each with its label.
func spoken(view []fhir.Line) (out []string) {
	for _, l := range view {
		switch {
		case l.Label == "":
			out = append(out, l.Text)
		case l.Text == "":
			out = append(out, l.Label+":")
		default:
			out = append(out, l.Label+": "+signs.Replace(l.Text))
		}
	}
	return out
}

// record reads one record out and says what can be done with it.
func (t *talk) record(p *patient, id vault.RecordID) error {
	read := true
	for {
		in, err := readRecord(t.ctx, t.session, id, 0)
		if err != nil {
			return err
		}
		r := &in.r
		if p == nil {
			p = t.about(t.ctx, r)
		}
		if read {
			t.say("")
			if p != nil && r.Resource.Type != "Patient" {
				t.sayf("Patient %s, born %s%s.", p.shownName(), t.born(p), strings.TrimSuffix(", "+p.apart, ", "))
			}
			if err := t.read(append(spoken(in.view), calledIn(in.facts[0], t.called()), in.facts[1])); err != nil {
				return err
			}
		}
		read = false
		again := func(err error) error {
			read = err == nil
			return cmp.Or(err, errAgain)
		}
		list := []option{
			{"Read it again", func() error { return again(nil) }},
			{"Versions", func() error { return t.versions(id) }},
			{"The JSON as it is stored", func() error { return t.read(in.raw) }},
		}
		if amendable(r) && !r.Deleted {
			list = append(list, option{"Edit", func() error { return again(t.amend(r)) }})
		}
		if len(in.files) > 0 {
			list = append(list, option{"Attachments", func() error { return t.attachments(r, in.files) }})
		}
		if !r.Deleted {
			list = append(list, option{"Delete", func() error {
				if ok, err := t.yes("Delete this record? Its history stays."); err != nil || !ok {
					return err
				}
				if err := t.session.Editor().Delete(t.ctx, *r); err != nil {
					return err
				}
				t.say("Deleted.")
				t.changed()
				return errBack
			}})
		}
		err = t.menu(func() string { return "This record" }, "Back", list...)
		if !errors.Is(err, errAgain) {
			return err
		}
	}
}

// errAgain reads the record anew.
var errAgain = errors.New("again")

func (t *talk) versions(id vault.RecordID) error {
	history, err := t.session.Records().History(t.ctx, id)
	if err != nil {
		return err
	}
	var lines []string
	called := t.called()
	for i := len(history) - 1; i >= 0; i-- {
		h := history[i]
		act := "changed"
		if h.Kind == vault.KindTombstone {
			act = "deleted"
		} else if h.Purge != nil {
			act = "content removed on purpose"
		} else if h.Gone {
			act = "content missing"
		} else if len(h.Parents) == 0 {
			act = "new"
		}
		lines = append(lines, fmt.Sprintf("Version %d, %s, %s, device %s", i+1, act, spokenMoment(h.At, h.Sent), called(idText(h.Device))))
	}
	n, err := t.choose(lines, nil, 0, nil)
	if err != nil || n < 0 {
		return err
	}
	r, err := t.session.Records().At(t.ctx, id, len(history)-n)
	if err != nil && !errors.Is(err, vault.ErrDeleted) {
		return err
	}
	return t.read(spoken(viewOf(t.ctx, t.session, r)))
}

// attachments reads those of text and saves any.
func (t *talk) attachments(r *vault.Record, files []Attachment) error {
	var lines []string
	for i, a := range files {
		lines = append(lines, fmt.Sprintf("%s, %s, %d bytes", stated(a.Title, fmt.Sprintf("attachment %d", i+1)), a.Type, a.Size))
	}
	n, err := t.choose(lines, nil, 0, nil)
	if err != nil || n < 0 {
		return err
	}
	a := files[n]
	if isText(a) {
		text, err := readText(t.ctx, t.session, a)
		if err != nil {
			return err
		}
		if err := t.read(text.lines); err != nil {
			return err
		}
	}
	path, err := t.ask("A new file to save it in, not encrypted; Enter saves nothing: ")
	if err != nil || path == "" {
		return err
	}
	if err := t.session.Exchange().Save(t.ctx, r.Patient, path, a); err != nil {
		return err
	}
	t.say("Saved, not encrypted.")
	return nil
}

// addTo asks what is to be added to a chart.
func (t *talk) addTo(p *patient) error {
	var list []option
	for _, x := range addable {
		if x.typ != "" {
			list = append(list, option{x.name, func() error { return cmp.Or(t.fill(p, x.typ), errBack) }})
		}
	}
	return t.menu(func() string { return "What is to be added?" }, "Nothing", list...)
}

// fill asks for the fields of a new record, and saves it once they are confirmed.
func (t *talk) fill(p *patient, typ string) error {
	f := form{fields: fieldsOf(typ, t.o.Clock().Format("2006-01-02"))}
	t.say("Each field is asked for by itself. Enter keeps what is said, or leaves the field empty.")
	if err := t.fields(&f); err != nil {
		return err
	}
	about, source := "", ""
	if p != nil {
		if p.fhirID == "" {
			t.say("This patient's record has no id that others could refer to.")
			return nil
		}
		about, source = "Patient/"+p.fhirID, p.source
	}
	list := newRecords(typ, about, &f)
	if len(list) == 0 {
		t.say("Nothing is measured, so nothing is saved.")
		return nil
	}
	ok, err := t.yes("Save it?")
	if err != nil || !ok {
		return err
	}
	for _, b := range list {
		if _, err := t.session.Editor().Add(t.ctx, source, b); err != nil {
			return err
		}
	}
	t.changed()
	t.sayf("Saved as %s.", plural(len(list), "record"))
	return nil
}

// fields asks for each field of a form until it is right.
func (t *talk) fields(f *form) error {
	for i := 0; i < len(f.fields); i++ {
		x := f.fields[i]
		now := x.text()
		switch {
		case x.off != "":
			t.sayf("%s, %s, cannot be changed here: %s.", x.label, stated(now, "empty"), x.off)
			continue
		case x.area != nil:
			if err := t.several(x); err != nil {
				return err
			}
			now = x.text()
		default:
			typed, err := t.ask(fieldPrompt(x, now))
			if err != nil {
				return err
			}
			switch {
			case typed == "-" && now != "":
				now = ""
				if len(x.choices) > 0 && x.choices[0] == notStated {
					now = notStated
				}
			case typed != "":
				now = typed
			}
		}
		if wrong := x.wrong(now); wrong != "" {
			t.say(x.label + " " + wrong)
			i--
			continue
		}
		if x.area == nil {
			x.in.Set(now)
		}
	}
	return nil
}

func fieldPrompt(x *field, now string) string {
	prompt := x.label
	if x.need {
		prompt += ", needed"
	}
	if len(x.choices) > 0 {
		prompt += ", one of " + strings.Join(x.choices, ", ")
	} else if x.hint != "" {
		prompt += " (" + x.hint + ")"
	}
	if now != "" {
		prompt += ", now " + now
		if !x.need {
			prompt += ", a minus empties it"
		}
	}
	return prompt + ": "
}

// several asks for a text of several lines, ended by a line with a full stop.
func (t *talk) several(x *field) error {
	if now := x.text(); now != "" {
		t.say(x.label + " is now:")
		t.say(now)
		ok, err := t.yes("Write it anew?")
		if err != nil || !ok {
			return err
		}
	}
	t.say(x.label + ". Write lines; a line with nothing but a full stop ends it.")
	var lines []string
	for {
		line, err := t.line("")
		switch {
		case err != nil:
			return err
		case line == ".":
			x.area.Set(strings.Join(lines, "\n"))
			return nil
		}
		if lines = append(lines, line); len(strings.Join(lines, "\n")) > 512<<10 {
			t.say("That is too long: half a megabyte at most. Nothing of it is taken.")
			lines = nil
		}
	}
}

// amend asks for the fields of a record that exists.
func (t *talk) amend(r *vault.Record) error {
	f, begun := amendForm(r)
	t.say("Each field is asked for by itself. Enter keeps what is said.")
	if err := t.fields(f); err != nil {
		return err
	}
	in := changesOf(f, begun)
	if len(in) == 0 {
		t.say("Nothing was changed.")
		return nil
	}
	b, err := compose.Change(r.Resource.JSON, in)
	var wrong *compose.FieldError
	if errors.As(err, &wrong) && wrong.Key == compose.Flag {
		keep, yerr := t.yes("A flag is stated for the value before. Keep the flag?")
		if yerr != nil {
			return yerr
		}
		in[compose.Flag] = ""
		if i := slices.IndexFunc(f.fields, func(x *field) bool { return x.key == compose.Flag }); keep && i >= 0 {
			in[compose.Flag] = f.fields[i].text()
		}
		b, err = compose.Change(r.Resource.JSON, in)
	}
	if errors.As(err, &wrong) {
		t.sayf("Not saved: %s %s.", cmp.Or(labels[wrong.Key], "a component"), wrong.Reason)
		return nil
	}
	if err != nil {
		return err
	}
	rec, err := t.session.Editor().Edit(t.ctx, *r, b)
	if err != nil {
		return err
	}
	t.changed()
	t.sayf("Saved as version %d.", rec.Version)
	return nil
}
