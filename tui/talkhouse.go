package tui

import (
	"fmt"
	"strconv"
)

// export writes records in the clear; p nil: everyone's.
func (t *talk) export(p *patient) error {
	t.say("What is exported is not encrypted.")
	out := Outlet{}
	if p != nil {
		n, err := t.number("Whose records?", "This patient's", "Everyone's")
		if err != nil || n == 0 {
			return err
		}
		if n == 1 {
			out.Patient = p.id
		}
	}
	formats := []string{"bundle", "ndjson", "csv"}
	n, err := t.number("In which format?", "Bundle, one FHIR file with every resource as it came in", "NDJSON, one resource a line", "CSV, measurements as a table")
	if err != nil || n == 0 {
		return err
	}
	out.Format = formats[n-1]
	if out.Path, err = t.ask("A new file, Enter to go back: "); err != nil || out.Path == "" {
		return err
	}
	if ok, err := t.again(); err != nil || !ok {
		return err
	}
	t.say("Writing.")
	count, err := t.session.Exchange().Export(t.ctx, out, func(int64) {})
	if err != nil {
		return err
	}
	t.sayf("%s written, not encrypted, to %s", plural(int(count), "record"), out.Path)
	return nil
}

// trail reads out who did what, newest first.
func (t *talk) trail() error {
	called := t.called()
	for before := int64(-1); before != 0; {
		v, err := readAudit(t.ctx, t.session, before)
		if err != nil {
			return err
		}
		if before = v.from; len(v.rows) == 0 {
			continue
		}
		for i, r := range v.rows {
			if i > 0 && i%linesAtOnce == 0 {
				text, err := t.ask("Enter for more, 0 stops: ")
				if err != nil || text != "" {
					return err
				}
			}
			text := r.at.Local().Format("2 January 2006 15:04") + ", " + r.act
			for _, x := range []string{r.who, r.say} {
				if x != "" {
					text += ", " + x
				}
			}
			t.say(text + ", device " + called(r.device))
		}
	}
	t.say("That was all.")
	return nil
}

// settings changes after how long the vault locks by itself.
func (t *talk) settings() error {
	now := t.idle.Load()
	text := "never locks by itself"
	if now > 0 {
		text = "locks after " + plural(int(now), "minute") + " without typing"
	}
	said, err := backupWords(t.ctx, t.session, t.o.Clock())
	if err != nil {
		return err
	}
	for _, line := range said {
		t.say(line)
	}
	var names []string
	for _, m := range idleTimes {
		if n, err := strconv.Atoi(m); err == nil {
			m = "After " + plural(n, "minute")
		} else {
			m = "Never"
		}
		names = append(names, m)
	}
	n, err := t.number(fmt.Sprintf("The vault %s. When shall it lock?", text), names...)
	if err != nil || n == 0 {
		return err
	}
	minutes, _ := strconv.Atoi(idleTimes[n-1]) // "never" is 0
	t.idle.Store(int64(minutes))
	t.o.Settings.Idle = minutes
	if t.o.Save != nil {
		if err := t.o.Save(t.o.Settings); err != nil {
			return err
		}
	}
	t.say("The settings are kept.")
	return nil
}
