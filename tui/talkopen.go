package tui

import (
	"fmt"
	"time"

	"phivault/crypto/secret"
)

// triesMost is how often a passphrase is asked for.
const triesMost = 3

// begin opens the vault and talks until its user leaves.
func (t *talk) begin() error {
	if t.o.Reason != "" {
		t.say(t.o.Reason)
	}
	if t.session == nil {
		place, err := t.o.Opener.Look(t.ctx)
		switch {
		case err != nil:
			return err
		case place.Exists:
			err = t.unlock(place)
		default:
			err = t.create(place)
		}
		if err != nil {
			return err
		}
	}
	t.say("The vault is open. Type a number and Enter. The words back, lock and quit work at every number. What is read out stays in this terminal until you clear it.")
	if n, ok := t.session.(interface{ Notices() []string }); ok {
		for _, text := range n.Notices() {
			t.say("Note. " + text)
		}
	}
	t.share()
	return t.home()
}

func (t *talk) unlock(place Place) error {
	t.say("This vault is locked: " + place.Dir)
	for try := 1; ; try++ {
		p, err := t.c.AskSecret(t.ctx, "Passphrase: ")
		t.touch()
		if err != nil {
			return err
		}
		t.say("Opening the vault. This takes a moment on purpose.")
		t.session, err = t.o.Opener.Open(t.ctx, p)
		release(p)
		if err == nil {
			return nil
		}
		t.session = nil
		if try == triesMost {
			return err
		}
		if err := t.fault(err); err != nil {
			return err
		}
	}
}

// create is the first run: a new vault, or one that another device has.
func (t *talk) create(place Place) error {
	t.say("There is no vault yet in " + place.Dir)
	if _, ok := t.o.Opener.(Joiner); !ok {
		return t.createNew()
	}
	t.say("1. Make a new vault\n2. Join a vault that another device has, with its invitation\n0. Leave the program")
	switch n, _, err := t.pick(2, "Number: "); {
	case err != nil:
		return err
	case n == 1:
		return t.createNew()
	case n == 2:
		return t.join()
	}
	return leaving(Quit)
}

func (t *talk) createNew() error {
	p, err := t.choosePassphrase()
	if err != nil {
		return err
	}
	t.say("Making the vault.")
	in, err := t.o.Opener.Create(t.ctx, p)
	release(p)
	if err != nil {
		return err
	}
	t.session = in
	t.say(madeNow)
	return nil
}

// join makes this device's copy of a vault that it was invited to.
func (t *talk) join() error {
	text, err := t.c.AskSecret(t.ctx, "Invitation, all of it in one line, or its 12 words; it is not shown: ")
	if err != nil {
		return err
	}
	defer text.Destroy()
	address, err := t.ask("Address of the remote, needed with 12 words; Enter for what the invitation says: ")
	if err != nil {
		return err
	}
	way, err := t.o.Opener.(Joiner).Join(text, address)
	if err != nil {
		return err
	}
	defer way.Close()
	p, err := t.choosePassphrase()
	if err != nil {
		return err
	}
	defer release(p)
	t.say("Asking at the remote.")
	words, err := way.Ask(t.ctx)
	if err != nil {
		return err
	}
	t.say("Type these words on the inviting device; four letters of each are enough:")
	t.say(words)
	t.say("Waiting to be let in.")
	in, err := way.Finish(t.ctx, p, func(int64) {})
	if err != nil {
		return err
	}
	t.session = in
	t.say("This device has the vault now.")
	return nil
}

// choosePassphrase asks for a new passphrase twice; the caller's from then on.
func (t *talk) choosePassphrase() (*secret.Bytes, error) {
	for _, l := range noRecovery {
		t.say(l)
	}
	for {
		p, err := t.c.AskSecret(t.ctx, "New passphrase, or Enter to have one made of random words: ")
		if err != nil {
			return nil, err
		}
		if p.Len() == 0 {
			p.Destroy()
			if p, err = t.o.Opener.Generate(); err != nil {
				return nil, err
			}
			t.sayf("Write this down, it is said only now: %s", p.Bytes())
		} else if take, err := t.judge(p); err != nil || !take {
			p.Destroy()
			if err != nil {
				return nil, err
			}
			continue
		}
		again, err := t.c.AskSecret(t.ctx, "The same again: ")
		t.touch()
		if err != nil {
			p.Destroy()
			return nil, err
		}
		same := p.Equal(again)
		again.Destroy()
		if same {
			return p, nil
		}
		p.Destroy()
		t.say("The two are not the same.")
	}
}

// judge says how strong a passphrase is, and whether it is to be taken.
func (t *talk) judge(p *secret.Bytes) (take bool, err error) {
	good, words := t.o.Opener.Strength(p)
	t.say(words)
	if good {
		return true, nil
	}
	return t.yes("It is easy to guess. Use it all the same?")
}

// share exchanges with other devices in the background.
func (t *talk) share() {
	s, ok := t.session.(Sharing)
	if !ok {
		return
	}
	go func() {
		_ = s.Sync().Watch(t.ctx, t.wake, func(list []Round) { // each remote's trouble is told by sync
			for _, r := range list {
				t.arrived.Add(int64(r.Pulled))
			}
			t.heard(list)
		})
	}()
}

// changed has what was just saved sent out soon.
func (t *talk) changed() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *talk) home() error {
	title := func() string {
		if n := t.arrived.Swap(0); n > 0 {
			t.sayf("%s arrived from other devices.", plural(int(n), "change"))
		}
		t.alarm()
		return "Main menu"
	}
	err := t.menu(title, "Leave the program",
		option{"Find a patient", t.find},
		option{"Search all records", func() error { return t.search(nil) }},
		option{"Add a patient", func() error { return t.fill(nil, "Patient") }},
		option{"Import a file or folder", t.takeIn},
		option{"Conflicts between devices", t.conflicts},
		option{"Sync and remotes", t.syncing},
		option{"Devices", t.devices},
		option{"Export", func() error { return t.export(nil) }},
		option{"Audit trail", t.trail},
		option{"Settings", t.settings},
		option{"Lock the vault", func() error { return leaving(Locked) }})
	if err == nil {
		return leaving(Quit)
	}
	return err
}

// takeIn imports, after saying what would happen.
func (t *talk) takeIn() error {
	path, err := t.ask("File or folder, Enter to go back: ")
	if err != nil || path == "" {
		return err
	}
	source, err := t.ask("A name for where it comes from, Enter for the usual: ")
	if err != nil {
		return err
	}
	in := Intake{Path: path, Source: source, Review: true}
	for _, review := range []bool{true, false} {
		in.Review = review
		t.say(map[bool]string{true: "Reading. Nothing is changed yet.", false: "Importing."}[review])
		out, err := t.session.Exchange().Import(t.ctx, in, func(int64) {})
		if err != nil {
			return err
		}
		t.sayf("%d new, %d the same and skipped, %d changed with a new version each, %d refused.", out.New, out.Same, out.Changed, out.Refused)
		for i, r := range out.Refusals {
			if i == 5 {
				t.sayf("and %d more are refused.", out.Refused-5)
				break
			}
			t.say("Refused: " + refusedWords(&r))
		}
		if !review {
			t.say("Done.")
			t.changed()
			return nil
		}
		if out.New+out.Changed == 0 {
			t.say("There is nothing new in it.")
			return nil
		}
		if ok, err := t.yes("Import it?"); err != nil || !ok {
			return err
		}
	}
	return nil
}

// conflicts lists what two devices changed apart, and lets one version be kept.
func (t *talk) conflicts() error {
	s, ok := t.session.(Sharing)
	if !ok {
		t.say("This vault is not shared.")
		return nil
	}
	rows, err := t.rows(conflictQuery())
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		t.say("There are no conflicts.")
		return nil
	}
	t.say(plural(len(rows), "record") + " changed apart on two devices. All versions are kept until someone decides.")
	n, err := t.choose(t.lines(rows), nil, 0, nil)
	if err != nil || n < 0 {
		return err
	}
	return t.decide(s.Conflicts(), rows[n])
}

// spokenMoment is momentOf to be read aloud.
func spokenMoment(at time.Time, sent bool) string {
	how := "made "
	if sent {
		how = "sent "
	}
	return how + at.Local().Format("2 January 2006 15:04")
}

func (t *talk) decide(c Conflicts, r row) error {
	heads, err := c.Heads(t.ctx, r.id)
	if err != nil {
		return err
	}
	var keep []option
	for i, h := range heads {
		name := fmt.Sprintf("version %d, %s by %s", h.Version, spokenMoment(h.At, h.Sent), h.Device)
		t.say("")
		t.say("Here is " + name + ".")
		if h.Deleted {
			t.say("It deletes the record. What was deleted:")
		}
		if err := t.read(spoken(viewOf(t.ctx, t.session, heads[i].Record))); err != nil {
			return err
		}
		keep = append(keep, option{"Keep " + name, func() error {
			old, err := t.session.Records().Get(t.ctx, r.id)
			if err == nil && h.Deleted {
				err = t.session.Editor().Delete(t.ctx, old)
			} else if err == nil {
				_, err = c.Keep(t.ctx, old, &h.Resource)
			}
			if err != nil {
				return err
			}
			t.changed()
			t.say("Decided. The other versions stay in the record's history.")
			return errBack
		}})
	}
	return t.menu(func() string { return "Which version is to count?" }, "Decide later", keep...)
}
