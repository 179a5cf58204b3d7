package main

import (
	"strings"
	"testing"
)

func TestAMistypedAddressGetsOneClearLine(t *testing.T) {
	for address, want := range map[string]string{
		"htps://host:8443":         "did you mean https:",
		"http://host":              "not encrypted",
		"webdav://host/share":      "not encrypted",
		"davs://host/share":        "begins with webdavs://",
		"s4://host/bucket":         "no kind of remote",
		"s3://host":                "names a bucket",
		"s3://host/":               "names a bucket",
		"floder:/media/stick":      "did you mean folder:",
		"/media/stick":             "no kind of remote",
		"folder:":                  "needs a path",
		"https://a:secret@host/":   "holds no credential",
		"https://host/?x=canary":   "no remote's address",
		"ftp://host/canary/canary": "no kind of remote",
	} {
		_, err := parsePlace(address)
		if err == nil {
			t.Errorf("%s is taken", address)
			continue
		}
		o, why, hint := explain(err)
		if line := why + "; " + hint; o.exit != 2 || !strings.Contains(line, want) || strings.Contains(line, "\n") || strings.Contains(line, "canary") || strings.Contains(line, "secret") {
			t.Errorf("%s: exit %d, %q, want %q", address, o.exit, line, want)
		}
	}
	for _, address := range []string{"folder:x", "https://host:1", "s3://host/b", "webdavs://host/x"} {
		if _, err := parsePlace(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestWhatADoctorLeavesBehindIsSaid(t *testing.T) {
	for address, want := range map[string]int{"folder:/x": 0, "https://host.example": 0, "s3://host.example/b": 0, "webdavs://host.example/x": 1} {
		if got := leftovers(0, address); len(got) != want {
			t.Errorf("%s: %+v", address, got)
		}
		if got := leftovers(3, address); len(got) != want+1 || !strings.HasPrefix(got[0].Detail, "3 objects") {
			t.Errorf("%s: %+v", address, got)
		}
	}
}
