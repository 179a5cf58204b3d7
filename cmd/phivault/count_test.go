package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"phivault/vault/local"
)

func TestOneThingIsCountedInTheSingular(t *testing.T) {
	p := progress{what: "Importing"}
	for got, want := range map[string]string{
		p.line(amounts{items: 1}, 0):                                                              "Importing  1 record",
		p.line(amounts{items: 2}, 0):                                                              "Importing  2 records",
		backupText(&local.LastBackup{At: time.Time{}.UTC(), Behind: 1}):                           stamp(time.Time{}.UTC()) + ", 1 entry ago",
		amountText(movedObject{Objects: 1, Segments: 1, Entries: 1, Bytes: 0}, false):             "1 segment, 1 entry, " + sizeText(0),
		amountText(movedObject{Objects: 1, Segments: 1}, true):                                    "over 1 segment",
		syncText(statusObject{Devices: []deviceObject{{}}, Remotes: []remoteObject{{Name: "r"}}}): "1 device; r: never synced, 0 segments pending",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The words above are a few of many; in the others the mistake is known by its look.
func TestNumbersAreJoinedToThingsByCountAlone(t *testing.T) {
	plain := regexp.MustCompile(`itoa\([^"\n]*\) ?\+ ?" (records|versions|entries|segments|objects|devices|parts|patients|attachments|conflicts)\b|%d (records|entries|segments|objects|devices|patients)\b`)
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range plain.FindAllString(string(b), -1) {
			t.Errorf("%s: %s", f, m)
		}
	}
}
