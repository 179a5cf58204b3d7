package tui

import tea "charm.land/bubbletea/v2"

// draft is a form for a record: what is typed into it is neither changed while it is
// being saved nor dropped by a single Esc.
type draft struct {
	form  form
	begun []string // the fields' texts as they were
	saves lane
	sure  bool // the next Esc drops what was typed
}

func (d *draft) begin() {
	for _, x := range d.form.fields {
		d.begun = append(d.begun, x.text())
	}
}

// take gives the form what its user does, and reports whether it is to be saved.
func (d *draft) take(c commands, msg tea.Msg) (save bool) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		d.sure = false
		return !d.saves.busy && d.form.key(msg)
	case click:
		d.form.click(msg.y - 2)
	case tea.PasteMsg:
		d.sure = false
		if !d.saves.busy && !d.form.paste(msg.Content) {
			c.fail("That is too long for this field.")
		}
	}
	return false
}

func (d *draft) wipe() {
	d.saves.end()
	d.form.wipe()
	d.begun = nil
}

const changesLost = "The changes are not saved: Esc again drops them."

// leaving goes back, where there are changes only when that was said twice in a row.
func (c commands) leaving(changed bool, sure *bool, lost string) tea.Cmd {
	if changed && !*sure {
		*sure = true
		c.fail(lost)
		return nil
	}
	c.back()
	return nil
}
