package tui

import (
	"fmt"
	"strings"

	"phivault/crypto/secret"
)

// syncing is what concerns the remotes.
func (t *talk) syncing() error {
	s, ok := t.session.(Sharing)
	if !ok {
		t.say("This vault is not shared.")
		return nil
	}
	return t.menu(func() string { return "Sync and remotes" }, "Back",
		option{"Sync now", func() error { return t.sync(s) }},
		option{"How things stand", func() error { return t.standing(s) }},
		option{"Compare codes with another device", func() error { return t.compare(s) }},
		option{"Add a remote", func() error { return t.addRemote(s) }},
		option{"Test a remote", func() error {
			return t.withRemote(s, func(r Remote) error {
				t.say("Asking " + r.Name + ".")
				if err := s.Remotes().Test(t.ctx, r.Name); err != nil {
					return err
				}
				t.say(r.Name + " answers.")
				return nil
			})
		}},
		option{"Forget a remote", func() error {
			return t.withRemote(s, func(r Remote) error {
				if ok, err := t.yes("Forget " + r.Name + " and its credentials? What lies there stays there."); err != nil || !ok {
					return err
				}
				if err := s.Remotes().Remove(t.ctx, r.Name); err != nil {
					return err
				}
				t.say(r.Name + " is forgotten.")
				return nil
			})
		}})
}

// noRemote is said where there is none.
const noRemote = "There is no remote yet: this machine has the only copy, besides backups. A remote is any place that keeps files. It gets nothing but ciphertext."

func (t *talk) withRemote(s Sharing, do func(Remote) error) error {
	st, err := s.Sync().Standing(t.ctx)
	if err != nil {
		return err
	}
	if len(st.Remotes) == 0 {
		t.say(noRemote)
		return nil
	}
	var names []string
	for _, r := range st.Remotes {
		names = append(names, r.Name+", "+r.Address)
	}
	n, err := t.number("Which remote?", names...)
	if err != nil || n == 0 {
		return err
	}
	return do(st.Remotes[n-1])
}

func (t *talk) sync(s Sharing) error {
	now, err := s.Sync().Standing(t.ctx)
	if err != nil {
		return err
	}
	if len(now.Remotes) == 0 {
		t.say(noRemote)
		return nil
	}
	t.say("Exchanging with the remotes.")
	rounds, err := s.Sync().Now(t.ctx, func(int64) {})
	if err != nil {
		return err
	}
	t.heard(rounds)
	for _, r := range rounds {
		t.sayf("%s: %s sent, %d received.", r.Remote, entries(r.Pushed), r.Pulled)
		if r.Trouble != TroubleNone {
			t.sayf("Trouble with %s: %s In its own words: %s", r.Remote, troubleTexts[r.Trouble], r.Words)
		}
	}
	if now, err = s.Sync().Standing(t.ctx); err == nil {
		for _, l := range standingWords(now) {
			t.say(l)
		}
	}
	return err
}

// heard keeps what exchanges came to; one that cheats is told at the next menu.
func (t *talk) heard(list []Round) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range list {
		if was := t.rounds[r.Remote]; r.Trouble.Cheats() && r.Trouble != was.Trouble {
			t.alarms = append(t.alarms, "Warning. "+r.Remote+" cannot be trusted. Nothing here was changed. Sync and remotes says more.")
		} else if r.Trouble == TroubleFork && r.Trouble != was.Trouble {
			t.alarms = append(t.alarms, "Warning. A device has two histories, or another says so. Sync and remotes says more.")
		}
		t.rounds[r.Remote] = r
	}
}

// alarm says what must not be missed, once.
func (t *talk) alarm() {
	t.mu.Lock()
	list := t.alarms
	t.alarms = nil
	t.mu.Unlock()
	for _, l := range list {
		t.say(l)
	}
}

// standingWords says in sentences how a vault stands towards other devices.
func standingWords(st Standing) (out []string) {
	switch {
	case st.Out: // said below
	case st.Pending == 0:
		out = append(out, "Nothing waits to be sent.")
	case st.Pending == 1:
		out = append(out, "1 change waits to be sent.")
	default:
		out = append(out, fmt.Sprintf("%d changes wait to be sent.", st.Pending))
	}
	switch st.Conflicts {
	case 0:
		out = append(out, "No record is in conflict.")
	case 1:
		out = append(out, "1 record is in conflict.")
	default:
		out = append(out, fmt.Sprintf("%d records are in conflict.", st.Conflicts))
	}
	for _, x := range []struct {
		yes  bool
		text string
	}{
		{st.Out, "This device was removed from the vault: nothing is exchanged any more."},
		{st.Ended, "This device's keys were replaced elsewhere: it sends nothing."},
		{st.Restored, "This copy is an older one and sends nothing."},
		{st.Waiting > 0, "Some history has not arrived yet."},
		{st.SetAside > 0, "What a removed device wrote later is set aside."},
	} {
		if x.yes {
			out = append(out, x.text)
		}
	}
	for _, f := range st.Forks {
		out = append(out, f.short(st)+" Devices tells more and ends it.")
	}
	return out
}

// standing reads out remotes, devices and this device's code.
func (t *talk) standing(s Sharing) error {
	st, err := s.Sync().Standing(t.ctx)
	if err != nil {
		return err
	}
	lines := standingWords(st)
	if len(st.Remotes) == 0 {
		lines = []string{noRemote}
	}
	t.mu.Lock()
	for _, r := range st.Remotes {
		round := roundOf(r, t.rounds)
		state := troubleTexts[round.Trouble]
		if round.Trouble == TroubleNone {
			state = stateOf(r, round)
		}
		lines = append(lines, fmt.Sprintf("Remote %s, %s, last sync %s, %d to send, %s", r.Name, r.Address, t.whenWords(r.Synced, "never"), r.Pending, state))
	}
	t.mu.Unlock()
	for _, d := range st.Devices {
		lines = append(lines, t.deviceWords(d))
	}
	lines = append(lines, "Code of this device: "+stated(spaced(st.Code), "none before the first sync"))
	return t.read(lines)
}

// compare holds another device's code against what is here.
func (t *talk) compare(s Sharing) error {
	st, err := s.Sync().Standing(t.ctx)
	if err != nil {
		return err
	}
	t.say("A remote that lies could show your devices different histories. It cannot make their codes agree.")
	t.say("Code of this device: " + stated(spaced(st.Code), "none before the first sync"))
	code, err := t.ask("The other device's code, Enter to go back: ")
	if err != nil || code == "" {
		return err
	}
	if err := s.Sync().Compare(t.ctx, code); err != nil {
		return err
	}
	t.say("The same: both devices saw the same history up to that code.")
	return nil
}

// addRemote asks where a remote is and what it takes to get in.
func (t *talk) addRemote(s Sharing) error {
	t.say("An address is folder: and a path, for a stick, a network or cloud folder; https:// and host and port, for a phivault-host; s3:// and host and bucket; or webdavs:// and host and path.")
	where, err := t.ask("Address, without a password in it; Enter to go back: ")
	if err != nil || where == "" {
		return err
	}
	needs, err := s.Remotes().Needs(where)
	if err != nil {
		return err
	}
	name, err := t.ask("Name, a-z, 0-9, - and _; Enter for main: ")
	if err != nil {
		return err
	}
	r := NewRemote{Name: stated(name, "main"), Address: where, Credentials: map[string]*secret.Bytes{}}
	defer func() {
		for _, c := range r.Credentials {
			c.Destroy()
		}
	}()
	for _, n := range needs {
		label := strings.ReplaceAll(n.Name, "-", " ")
		c, err := t.c.AskSecret(t.ctx, strings.ToUpper(label[:1])+label[1:]+map[bool]string{true: ", needed, not shown: ", false: ", not shown, Enter for none: "}[n.Must])
		t.touch()
		if err != nil {
			return err
		}
		r.Credentials[n.Name] = c
		if n.Must && c.Len() == 0 {
			return t.nothing()
		}
	}
	if !strings.HasPrefix(where, "folder:") {
		if r.Pin, err = t.ask("Pin, as phivault-host prints it; Enter where a known authority signed its certificate: "); err != nil {
			return err
		}
	}
	t.say("Asking whether it answers.")
	made, err := s.Remotes().Add(t.ctx, r)
	if err != nil {
		return err
	}
	t.changed()
	t.say(added(r.Name, made))
	return nil
}

func (t *talk) nothing() error {
	t.say("Nothing was done.")
	return nil
}
