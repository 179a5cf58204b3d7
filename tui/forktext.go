package tui

import (
	"slices"
	"strings"

	"phivault/tui/widget"
)

// The words for two histories that were signed in one device's name. What was seen here
// and what another device only says are told apart everywhere: only the first is proved.

// nameShown bounds what a name takes of a sentence, in columns.
const nameShown = 24

// deviceNamed is a device in a sentence.
func deviceNamed(st Standing, letter string) string {
	for _, d := range st.Devices {
		name := strings.TrimSpace(widget.Clean(d.Name))
		if widget.Width(name) > nameShown {
			name = widget.Fit(name, nameShown)
		}
		if d.Letter == letter && d.Self {
			return "device " + letter + ", this one"
		} else if d.Letter == letter && name != "" && name != letter {
			return "device " + letter + ", " + name
		}
	}
	return "device " + letter
}

func idOf(st Standing, letter string) (id string) {
	for _, d := range st.Devices {
		if d.Letter == letter {
			id = d.ID
		}
	}
	return id
}

func devicesNamed(st Standing, letters []string) string {
	var out []string
	for _, l := range letters {
		out = append(out, deviceNamed(st, l))
	}
	return strings.Join(out, "; ")
}

// says joins devices to what they say.
func says(st Standing, letters []string) string {
	if len(letters) == 1 {
		return devicesNamed(st, letters) + ", says"
	}
	return devicesNamed(st, letters) + " say"
}

// sentence begins with a capital letter.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// short is a fork in one sentence.
func (f Fork) short(st Standing) string {
	switch {
	case f.Copy != "":
		return sentence(deviceNamed(st, f.Device)) + ", was copied, and both copies took fresh keys."
	case len(f.By) == 0:
		return sentence(deviceNamed(st, f.Device)) + ", has two histories. That is proved."
	}
	return sentence(says(st, f.By)) + " that " + deviceNamed(st, f.Device) + ", has two histories. That is not proved."
}

// story says what happened, what is proved of it and what is only told.
func (f Fork) story(st Standing) []string {
	d := f.Device
	switch {
	case f.Copy != "":
		return []string{"Of " + deviceNamed(st, d) + ", there were two copies, a backup restored twice or a spare used twice say, and each took fresh keys at another remote.",
			"Here one of them is known, " + deviceNamed(st, f.Copy) + "; elsewhere the other may be. It is nobody’s fault, and nothing that either saved is lost."}
	case len(f.By) == 0:
		return []string{"What a device writes is one row that it signs. Of " + deviceNamed(st, d) + ", there are two rows that differ: its folder or its keys were copied and both go on, or it cheats.",
			"This is proved: both were seen here, with its signature. Its log stops here; the others go on."}
	}
	return []string{sentence(says(st, f.By)) + " that " + deviceNamed(st, d) + ", signed two histories.",
		"This is only told: nobody has shown the other history here. Either it is so, and " + d + " was copied or cheats; or it is not true. Nothing here can tell which.",
		"Compare codes with " + d + ", under Sync, before you decide: where they agree, " + d + " and this device have seen the same history."}
}

// outs are the letters of those devices that this one can remove over the fork.
func (f Fork) outs(st Standing) []string {
	self := func(l string) bool {
		return slices.ContainsFunc(st.Devices, func(d Device) bool { return d.Self && d.Letter == l })
	}
	return slices.DeleteFunc(append([]string{f.Device}, f.By...), self)
}

// question asks what is to be done, as the command line does.
func (f Fork) question(st Standing, out string) string {
	if out == f.Device {
		return "Remove " + deviceNamed(st, out) + ", and set both of its histories aside?"
	}
	return "Remove " + deviceNamed(st, out) + ", and set aside what it wrote since it spoke of another history of device " + f.Device + "?"
}

// means says what removing a device over the fork does.
func (f Fork) means(st Standing, out string) []string {
	first := "What both histories of " + out + " have in common stays, and the two ends are set aside on all devices. If the machine is yours and sound, invite it anew."
	switch {
	case out != f.Device:
		first = sentence(deviceNamed(st, out)) + ", is out, and what it wrote since it said so is set aside. " + f.Device + " goes on as if nothing had been said."
	case f.Copy != "":
		first = out + " and both copies are out. Take over what " + f.Copy + " wrote; on the other copy, “phivault export” writes what is to be imported here. Then invite both anew."
	}
	return []string{first, "It cannot be undone. The credentials that it has at the remotes (" + placesOf(st) + ") go on working until you change them there."}
}

// cannotEnd says why this device cannot end the fork; "" when it can.
func (f Fork) cannotEnd(st Standing) string {
	switch {
	case !slices.ContainsFunc(st.Devices, func(d Device) bool { return d.Self && d.Owner }):
		return "Only an owner may end it; this device is a member."
	case len(f.outs(st)) == 0:
		return "This device is the one that it is about: another owner ends it there."
	}
	return ""
}

// with reports whether a device has, or tells of, the two histories.
func (f Fork) with(letter string) bool {
	return letter == f.Device || letter == f.Copy || slices.Contains(f.By, letter)
}

// forkEndedWords is told when one was ended.
func forkEndedWords(out string) string {
	return "Ended: device " + out + " is removed. The others learn of it by the next sync."
}

const (
	adoptNot  = "no: set aside, to be looked at later"
	adoptMine = "yes: what this device has of it counts again"
)
