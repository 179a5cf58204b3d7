package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"phivault/tui/widget"
)

// whom is how long the line mode waits for a device before it asks whether to go on.
const whom = 30 * time.Second

// devices lists who has the vault, and lets devices in and takes them out.
func (t *talk) devices() error {
	s, ok := t.session.(Sharing)
	if !ok {
		t.say("This vault is not shared.")
		return nil
	}
	for {
		st, err := s.Sync().Standing(t.ctx)
		if err != nil {
			return err
		}
		var list []option
		for _, d := range st.Devices {
			list = append(list, option{t.deviceWords(d), func() error { return t.device(s, d, st) }})
		}
		for _, f := range st.Forks {
			list = append(list, option{"Two histories: " + f.short(st), func() error { return t.fork(s, f, st) }})
		}
		list = append(list, option{"Invite a device", func() error { return t.invite(s, st) }})
		title := "Devices. Each has a copy of everything, under a passphrase of its own. An owner lets devices in and takes them out."
		if err := t.menu(func() string { return title }, "Back", list...); !errors.Is(err, errAgain) {
			return err
		}
	}
}

// deviceWords says a device and what is known of it.
func (t *talk) deviceWords(d Device) string {
	parts := []string{"Device " + d.Letter, deviceLabel(d), "member"}
	switch {
	case d.Next != "":
		parts[2] = "keys replaced, now device " + d.Next
	case d.Removed:
		parts[2] = "taken out"
	case d.Owner:
		parts[2] = "owner"
	}
	if !d.Self {
		parts = append(parts, "last news "+t.whenWords(d.Seen, "none yet"))
		if !d.Removed {
			parts = append(parts, map[bool]string{true: "has what was sent from here", false: "not known to have what was sent from here"}[d.Current])
		}
	}
	return strings.Join(parts, ", ")
}

// whenWords is a moment in words, and how long ago it was.
func (t *talk) whenWords(then time.Time, never string) string {
	if then.IsZero() {
		return never
	}
	return then.Local().Format("2 January 2006 15:04") + ", " + ago(t.o.Clock(), then)
}

// device names a device or takes it out.
func (t *talk) device(s Sharing, d Device, st Standing) error {
	owner := slices.ContainsFunc(st.Devices, func(x Device) bool { return x.Self && x.Owner })
	return t.menu(func() string { return t.deviceWords(d) + ", id " + d.ID }, "Back",
		option{"Give it a name", func() error {
			if !owner && !d.Self {
				return t.only()
			}
			name, err := t.ask("Name, all devices show it; Enter to go back: ")
			if err != nil || name == "" {
				return err
			}
			if len([]rune(name)) > nameMost {
				t.sayf("That is too long: %d characters at most.", nameMost)
				return nil
			}
			if ok, err := t.again(); err != nil || !ok {
				return err
			}
			if err := s.Devices().Rename(t.ctx, d.ID, name); err != nil {
				return err
			}
			t.changed()
			t.sayf("Device %s is now called %s.", d.Letter, name)
			return errAgain
		}},
		option{"Take it out", func() error {
			switch {
			case !owner:
				return t.only()
			case d.Self:
				t.say("This is the device itself: take it out on another one.")
				return nil
			case d.Next != "":
				t.say("Its keys were replaced: it is device " + d.Next + " now.")
				return nil
			case d.Removed:
				t.say("It was taken out already.")
				return nil
			}
			for _, l := range removalMeans(st, d) {
				t.say(l)
			}
			if ok, err := t.again(); err != nil || !ok {
				return err
			}
			t.say("Taking it out, and telling the remotes.")
			if err := s.Devices().Remove(t.ctx, d.ID); err != nil {
				return err
			}
			t.say(takenOut(st, d))
			return errAgain
		}})
}

func (t *talk) only() error {
	t.say("Only an owner may do that; this device is a member.")
	return nil
}

// again asks for the passphrase before what cannot be taken back; ok is false when
// nothing was typed.
func (t *talk) again() (ok bool, err error) {
	p, err := t.c.AskSecret(t.ctx, "Passphrase again, Enter to go back: ")
	t.touch()
	if err != nil {
		return false, err
	}
	defer release(p)
	if p.Len() == 0 {
		t.say("Nothing was done.")
		return false, nil
	}
	err = t.session.Exchange().Check(t.ctx, p)
	return err == nil, err
}

// invite lets a new device in.
func (t *talk) invite(s Sharing, st Standing) error {
	switch {
	case !slices.ContainsFunc(st.Devices, func(x Device) bool { return x.Self && x.Owner }):
		return t.only()
	case len(st.Remotes) == 0:
		t.say("Devices meet at a remote, and there is none yet: Sync and remotes adds one.")
		return nil
	}
	t.say("It will have a copy of everything, under a passphrase of its own. You pass the invitation on; then the new device says 8 words that you type here.")
	at := 0
	if len(st.Remotes) > 1 {
		var names []string
		for _, r := range st.Remotes {
			names = append(names, r.Name)
		}
		n, err := t.number("Which remote shall they meet at?", names...)
		if err != nil || n == 0 {
			return err
		}
		at = n - 1
	}
	role, err := t.number("What will it be?", roleMember, roleOwner)
	if err != nil || role == 0 {
		return err
	}
	if ok, err := t.again(); err != nil || !ok {
		return err
	}
	t.say("Making the invitation.")
	v, err := s.Devices().Invite(t.ctx, st.Remotes[at].Name, role == 2)
	if err != nil {
		return err
	}
	defer v.Close()
	t.card(v.Card())
	who, err := t.await(v)
	if err != nil || who == "" {
		return err
	}
	return t.admit(st, v, who)
}

// number asks among a few; 0 goes back.
func (t *talk) number(question string, names ...string) (int, error) {
	t.say(question)
	for i, n := range names {
		t.sayf("%d. %s", i+1, n)
	}
	t.say("0. Back")
	n, _, err := t.pick(len(names), "Number: ")
	return n, err
}

// card says an invitation, a few words to a line.
func (t *talk) card(c Card) {
	t.sayf("The invitation counts once, until %s. On the new device start phivault and choose to join a vault.", t.o.Clock().Add(c.Valid).Local().Format("15:04"))
	if c.Alone {
		t.say("Its 12 words:")
		for i, part := range slices.Collect(slices.Chunk(strings.Fields(c.Words), 4)) {
			t.sayf("%d to %d: %s", 4*i+1, 4*i+len(part), strings.Join(part, ", "))
		}
		t.say("The address that goes with them: " + c.Meet)
		t.say("Or all of it in one line, to copy in place of the words:")
	} else {
		t.say("This remote needs a credential, which words are too short for. All of it in one line, to copy:")
	}
	t.say(c.Text)
}

// await waits for the device that was invited and gives its name; "" when the
// invitation was taken back.
func (t *talk) await(v Invitation) (who string, err error) {
	for {
		text, err := t.ask("Enter once the new device says 8 words, 0 takes the invitation back: ")
		if err != nil {
			return "", err
		}
		if text != "" {
			t.say("The invitation is taken back.")
			return "", nil
		}
		t.say("Looking for its request.")
		ctx, done := context.WithTimeout(t.ctx, whom)
		c, err := v.Wait(ctx)
		late := ctx.Err() != nil && t.ctx.Err() == nil
		done()
		switch {
		case err == nil:
			who = stated(widget.Clean(c.Name), "A device without a name")
			t.sayf("%s asks to join. That name is its own word for itself. Its id: %s", who, c.ID)
			t.say("It will be able to read all records. If you did not expect it, let nobody in.")
			return who, nil
		case late:
			t.say("Nobody asked yet.")
		default:
			return "", err
		}
	}
}

// admit lets the device in that says the words typed.
func (t *talk) admit(st Standing, v Invitation, who string) error {
	for {
		words, err := t.ask("The 8 words that it says, four letters of each are enough; Enter lets nobody in: ")
		if err != nil {
			return err
		}
		if words == "" {
			t.say("Nobody was let in. The invitation is used up.")
			return nil
		}
		t.say("Letting it in.")
		switch err := v.Admit(t.ctx, words); {
		case errors.Is(err, ErrWords):
			t.say("Those are not its words. Nobody was let in yet: type them again.")
		case err != nil:
			return err
		default:
			t.changed()
			t.say(letIn(who, st))
			return errAgain
		}
	}
}

// removalMeans says what taking a device out does, and what it does not.
func removalMeans(st Standing, d Device) []string {
	lines := []string{
		"What is written from now on, by devices that know of this, it cannot read.",
		"What it writes from now on is set aside and not shown.",
		"What it has read so far, it keeps: nobody can take that back.",
		fmt.Sprintf("The credentials that it has at the remotes (%s) go on working until you change them there.", placesOf(st)),
	}
	for _, k := range kin(st, d) {
		if k.Letter == d.Of {
			lines = append(lines, fmt.Sprintf("It was a copy of device %s: whoever made it has the keys of %s too, and can read on. Unless it was yours, take out %s as well.", k.Letter, k.Letter, k.Letter))
		} else {
			lines = append(lines, fmt.Sprintf("Device %s was a copy of it, and stays. Unless that one is yours, take it out as well.", k.Letter))
		}
	}
	return append(lines, "It cannot be undone. The device can be invited anew, as a new one.")
}

// kin are the devices that go on having what a device has: a copy has the keys of
// what it was made of until both are taken out.
func kin(st Standing, d Device) (out []Device) {
	for _, k := range st.Devices {
		if !k.Removed && k.Letter != d.Letter && (k.Letter == d.Of || k.Of == d.Letter) {
			out = append(out, k)
		}
	}
	return out
}

// takenOut says what is left to do after a device was taken out.
func takenOut(st Standing, d Device) string {
	text := "Taken out."
	for _, k := range kin(st, d) {
		text += " Look at device " + k.Letter + " as well: one was a copy of the other."
	}
	return text + " Change the credentials that it had at the remotes: " + placesOf(st) + "."
}

// placesOf names the remotes.
func placesOf(st Standing) string {
	var names []string
	for _, r := range st.Remotes {
		names = append(names, widget.Clean(r.Name))
	}
	return stated(strings.Join(names, ", "), "none")
}
