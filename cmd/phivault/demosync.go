package main

import (
	"bytes"
	"os"

	"phivault/vault"
)

// exchange is the demo's second half: two devices, one host, and what a host
// cannot do.
func (d *demonstration) exchange() (err error) {
	d.say("A second device. A host is started in this process: it keeps ciphertext, over\n# TLS 1.3, and has no code that could open it. From here on the prompt says which\n# device types: \"laptop\" is the one above, \"desk\" the new one.")
	if d.host, err = startHost(d.ctx, "host", d.now); err != nil {
		return because(err, "the demo's host")
	}
	if err := d.host.tokenFile("token.txt"); err != nil {
		return err
	}
	d.child.prompt, d.desk.prompt = "laptop$", "desk$"
	steps := []func() error{d.attach, d.enrol, d.apart, d.decide, d.rollBack, d.swap}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (d *demonstration) attach() error {
	if err := d.run("remote", "add", "home", "https://"+d.host.address, "--pin", d.host.pin, "--credentials-file", "token.txt"); err != nil {
		return err
	}
	return d.run("sync")
}

// apart has both devices change one record while they cannot see each other.
func (d *demonstration) apart() error {
	r, err := d.disputed()
	if err != nil {
		return err
	}
	for i, note := range []string{"Better, no complaints.", "Worse, seen again next week."} {
		b := bytes.Replace(r.Resource.JSON, []byte(`{`), []byte(`{"note":[{"text":"`+note+`"}],`), 1)
		if err := os.WriteFile([]string{"better.json", "worse.json"}[i], b, 0o600); err != nil {
			return err
		}
	}
	id, who := shortID(r.ID), shortID(d.patient.ID)
	d.contested = id
	d.say("Both work offline: each writes a note into one and the same record, and each adds a\n# measurement of its own.")
	for _, c := range []struct {
		on   *device
		args []string
	}{
		{d.child, []string{"edit", id, "--file", "better.json"}},
		{d.child, []string{"add", "observation", "--patient", who, "--code", "29463-7", "--value", "71.5", "--unit", "kg"}},
		{d.desk, []string{"edit", id, "--file", "worse.json"}},
		{d.desk, []string{"add", "observation", "--patient", who, "--code", "8867-4", "--value", "64", "--unit", "/min"}},
	} {
		if err := d.on(c.on, 0, c.args...); err != nil {
			return err
		}
	}
	d.say("Online again: first one, then the other.")
	if err := d.run("sync"); err != nil {
		return err
	}
	return d.on(d.desk, 0, "sync")
}

// disputed is a record of the patient that both devices will change.
func (d *demonstration) disputed() (vault.Record, error) {
	for r, err := range d.child.held.Vault.Find(d.ctx, vault.Query{Type: "Condition", Patient: d.patient.ID}) {
		if err != nil || !bytes.Contains(r.Resource.JSON, []byte(`"note"`)) {
			return r, err
		}
	}
	return vault.Record{}, failed("failed", "the demo's patient has no condition", "")
}

// decide shows the conflict and ends it.
func (d *demonstration) decide() error {
	d.say("The two measurements are on both devices. Nobody guesses which note is right: both\n# versions stay until a person decides.")
	for _, args := range [][]string{{"conflicts", "list"}, {"conflicts", "show", d.contested}} {
		if err := d.on(d.desk, 0, args...); err != nil {
			return err
		}
	}
	version, err := d.losing()
	if err != nil {
		return err
	}
	if d.past, err = d.host.store.Remember(d.ctx); err != nil {
		return err
	}
	if err := d.on(d.desk, 0, "conflicts", "resolve", d.contested, "--version", itoa(version)); err != nil {
		return err
	}
	if err := d.on(d.desk, 0, "sync"); err != nil {
		return err
	}
	for _, args := range [][]string{{"sync"}, {"conflicts", "list"}} {
		if err := d.run(args...); err != nil {
			return err
		}
	}
	return nil
}

// losing is the version that is not shown yet: the one to choose, so that the
// choice can be seen.
func (d *demonstration) losing() (int, error) {
	v := d.desk.held.Vault.Vault
	r, err := fetch(d.ctx, v, d.contested, 0)
	if err != nil {
		return 0, err
	}
	heads, err := v.Heads(d.ctx, r.ID)
	if err != nil {
		return 0, err
	}
	for _, h := range heads {
		if h.Version != r.Version {
			return h.Version, nil
		}
	}
	return 0, failed("failed", "the demo's conflict has one side", "")
}

// rollBack has the host serve what it held before the last sync.
func (d *demonstration) rollBack() error {
	d.say("Now the host cheats. It puts back everything as it was before the last sync, each\n# object whole and well signed.")
	d.host.store.Replay(d.past)
	return d.caught()
}

// swap has the host serve one device's last object under another's name.
func (d *demonstration) swap() error {
	d.say("It swaps an object for another one that it has.")
	last, err := d.host.newest(d.ctx, d.past)
	if err != nil {
		return err
	}
	for other := range d.past {
		if other != last && other.Space() == last.Space() {
			if err := d.host.store.Swap(d.ctx, last, other); err != nil {
				return err
			}
			break
		}
	}
	if err := d.caught(); err != nil {
		return err
	}
	d.say("Nothing here changed, nothing was pushed. With an honest host all is well.")
	if err := d.run("sync"); err != nil {
		return err
	}
	if err := d.on(d.desk, 0, "sync"); err != nil {
		return err
	}
	return d.run("verify")
}

// caught syncs with the cheating host, and lets it be honest again.
func (d *demonstration) caught() error {
	if err := d.on(d.child, 13, "sync"); err != nil {
		return err
	}
	d.say("Exit code 13.")
	d.host.store.Honest()
	return nil
}
