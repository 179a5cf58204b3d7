package tui

// fork tells of two histories in one device's name, and ends them.
func (t *talk) fork(s Sharing, f Fork, st Standing) error {
	for _, l := range f.story(st) {
		t.say(l)
	}
	t.say("In the words of the command line: " + f.Words + ".")
	if why := f.cannotEnd(st); why != "" {
		t.say(why)
		return nil
	}
	outs := f.outs(st)
	out := outs[0]
	// Where nothing is proved nobody is blamed by default.
	if len(f.By) > 0 {
		var names []string
		for _, l := range outs {
			names = append(names, deviceNamed(st, l))
		}
		n, err := t.number("Which one is to be removed? The other goes on.", names...)
		if err != nil || n == 0 {
			return err
		}
		out = outs[n-1]
	}
	for _, l := range f.means(st, out) {
		t.say(l)
	}
	n, err := t.number("Take it over?", adoptNot, adoptMine)
	if err != nil || n == 0 {
		return err
	}
	if ok, err := t.yes(f.question(st, out)); err != nil || !ok {
		return err
	}
	if ok, err := t.again(); err != nil || !ok {
		return err
	}
	if err := s.Devices().EndFork(t.ctx, idOf(st, out), n == 2); err != nil {
		return err
	}
	t.changed()
	t.say(forkEndedWords(out))
	return errAgain
}
