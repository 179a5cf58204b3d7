package main

import (
	"os"
	"strings"

	"phivault/vault/journal"
)

// idLeast is how much of a device's id has to be given, idAll how much there is.
const idLeast, idAll = 4, 32

// likeID reports whether a text could be meant for a device's id, or for what one begins with.
func likeID(text string) bool {
	return len(text) >= idLeast && len(text) <= idAll && strings.Trim(text, "0123456789abcdefABCDEF") == ""
}

// likeLetter reports whether a text could be meant for a device's letter. Two letters
// are somebody's 27th device; "pc" is a name.
func likeLetter(text string) bool {
	return len(text) == 1 && (text[0]|0x20) >= 'a' && (text[0]|0x20) <= 'z'
}

// machineName is what a device is called when nobody says: as the machine is, "" where
// that is nothing. Machines that are called by a number (a container is, by its own) get
// a word before it.
func machineName() string {
	host, _ := os.Hostname()
	return nameOf(host)
}

func nameOf(host string) string {
	if host = strings.TrimSpace(clean(host)); likeID(host) || likeLetter(host) {
		host = "host-" + host
	}
	name, _ := deviceName(host)
	return name
}

// memberNamed finds a device by its id, its letter, the beginning of its id, or its name, and
// in this order: a device calls itself what it likes, also by the id of another. What could be
// an id or a letter finds no device by name.
func memberNamed(list []journal.Member, what string) (found journal.Member, err error) {
	for _, m := range list { // first, since nobody else can have it
		if strings.EqualFold(m.Device.String(), what) {
			return m, nil
		}
	}
	n, named := 0, false
	for _, m := range list {
		called := m.Name != "" && m.Name == what
		switch {
		case strings.EqualFold(m.Letter, what):
			return m, nil
		case called && (likeID(what) || likeLetter(what)):
			named = true
		case called, likeID(what) && strings.HasPrefix(m.Device.String(), strings.ToLower(what)):
			found = m
			n++
		}
	}
	switch {
	case named:
		return journal.Member{}, failed("ambiguous", "a device is called by what could be another's id or letter", "give its letter or its whole id")
	case n == 0:
		return found, failed("not_found", "there is no such device", `"phivault device list" shows them`)
	case n == 1:
		return found, nil
	}
	return journal.Member{}, failed("ambiguous", "several devices are called that", "give the letter")
}
