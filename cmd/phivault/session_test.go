package main

import "testing"

func TestTheProgramLeavesSQLiteNoOtherWayToAFile(t *testing.T) {
	if !(&app{}).options().Sole {
		t.Error("a vault is opened without closing every other way to a file")
	}
}
