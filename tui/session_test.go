package tui_test

import (
	"testing"
)

func TestLook(t *testing.T) {
	s := sit(t, practice(t, 4)).Unlock(passphrase)
	t.Log(s.Text())
	s.Press("enter")
	t.Log(s.Text())
	for _, k := range []string{"2", "3", "4", "5", "6", "7"} {
		s.Press(k)
		t.Log(s.Text())
	}
	s.Press("3", "t")
	t.Log(s.Text())
	s.Press("enter")
	t.Log(s.Text())
	s.Press("v")
	t.Log(s.Text())
}
