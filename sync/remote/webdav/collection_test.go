package webdav

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"phivault/sync/remote"
)

func FuzzParse(f *testing.F) {
	f.Add(`<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>/b/x%2F/</D:href><D:collection/></D:response></D:multistatus>`)
	f.Add(`<multistatus><response><href>https://elsewhere/b/y</href><getcontentlength>12</getcontentlength></response></multistatus>`)
	f.Add(`<!DOCTYPE x [<!ENTITY a "aaaa">]><multistatus>&a;</multistatus>`)
	f.Fuzz(func(t *testing.T, s string) {
		err := parse(strings.NewReader(s), "/b/", func(m member) error {
			if m.name == "" || strings.Contains(m.name, "/") {
				t.Fatalf("a member named %q", m.name)
			}
			return nil
		})
		if err != nil && !errors.Is(err, remote.ErrRefused) {
			t.Fatalf("%v", err)
		}
	})
}

// Attack 42, in the one listing that is XML. Expected: no listing. Seen to be taken for
// one with, each alone, the limits on depth and on text and the refusal of document types
// removed; entities stay undefined even then.
func TestAttack42ListingsThatAreTraps(t *testing.T) {
	deep := strings.Repeat("<a>", 1000)
	for name, s := range map[string]string{
		"entities":     `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><multistatus><response><href>&b;</href></response></multistatus>`,
		"own entity":   `<multistatus><response><href>&b;</href></response></multistatus>`,
		"a type":       `<!DOCTYPE l [<!ENTITY a "ha">]><multistatus></multistatus>`,
		"nesting":      "<multistatus>" + deep + strings.Repeat("</a>", 1000) + "</multistatus>",
		"long text":    "<multistatus><response><href>/b/" + strings.Repeat("x", 1<<20) + "</href></response></multistatus>",
		"cut":          `<multistatus><response><href>/b/x</href></response>`,
		"not a list":   `<html></html>`,
		"nothing":      ``,
		"not XML":      "\x00\x01",
		"other coding": `<?xml version="1.0" encoding="utf-7"?><multistatus></multistatus>`,
	} {
		err := parse(strings.NewReader(s), "/b/", func(member) error { return nil })
		if !errors.Is(err, remote.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var seen []string
	err := parse(strings.NewReader(`<m:multistatus xmlns:m="DAV:">
		<m:response><m:href>/b/</m:href><m:collection/></m:response>
		<m:response><m:href>/b/one%20two</m:href><m:getcontentlength>-5</m:getcontentlength></m:response>
		<m:response><m:href>/b/../up</m:href></m:response>
		<m:response><m:href>/elsewhere/x</m:href></m:response>
		<m:response><m:href>https://h/b/dir/</m:href><m:collection/></m:response>
	</m:multistatus>`), "/b/", func(m member) error {
		seen = append(seen, fmt.Sprintln(m.name, m.collection, m.size))
		return nil
	})
	if want := "one two false -5 dir true 0"; err != nil || strings.Join(strings.Fields(strings.Join(seen, "")), " ") != want {
		t.Errorf("%q, %v; want %q", seen, err, want)
	}
}
