package tui_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"

	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/vault"
)

// reader is a person who hears line after line and types the answers prepared.
type reader struct {
	t       *testing.T
	answers []string
	heard   strings.Builder
	from    int // how far expect has listened
}

func (r *reader) Say(line string) {
	r.t.Helper()
	for _, c := range line {
		if 0x2190 <= c && c < 0x2600 && c != 0x25cc || unicode.IsControl(c) || unicode.Is(unicode.Cf, c) {
			r.t.Errorf("%U is said in %q", c, line)
		}
	}
	r.heard.WriteString(line + "\n")
}

func (r *reader) Ask(ctx context.Context, prompt string) (string, error) {
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	if len(r.answers) == 0 {
		return "", io.EOF
	}
	a := r.answers[0]
	r.answers = r.answers[1:]
	r.heard.WriteString(prompt + "<" + a + ">\n")
	return a, nil
}

func (r *reader) AskSecret(ctx context.Context, prompt string) (*secret.Bytes, error) {
	a, err := r.Ask(ctx, prompt)
	if err != nil {
		return nil, err
	}
	return secret.FromBytes([]byte(a)), nil
}

// talk has a whole conversation and gives what was heard, and how it ended.
func talk(t *testing.T, o tui.Opener, answers ...string) (*reader, tui.Result, error) {
	t.Helper()
	r := &reader{t: t, answers: answers}
	how, err := tui.Talk(t.Context(), tui.Options{Opener: o, Clock: noon, Explain: func(err error) string { return err.Error() }}, r)
	return r, how, err
}

// expect demands that the texts were heard, in their order.
func (r *reader) expect(texts ...string) *reader {
	r.t.Helper()
	for _, text := range texts {
		i := strings.Index(r.heard.String()[r.from:], text)
		if i < 0 {
			r.t.Fatalf("%q was not heard in\n%s", text, r.heard.String()[r.from:])
		}
		r.from += i + len(text)
	}
	return r
}

func TestALineSessionReadsAChart(t *testing.T) {
	r, how, err := talk(t, sample(t), passphrase, "1", "sam", "1", "", "", "0", "2", "1", "2", "0", "0", "0", "3", "5", "1", "7", "1", "0", "0", "0", "0", "0")
	if err != nil || how != tui.Quit {
		t.Error(how, err)
	}
	r.expect("This vault is locked", "The vault is open", "Chart of Sample, Ada. Born March 1952. Gender not stated. MRN A-17",
		"Allergies (0 recorded). No allergy records. That is not \"no known allergies\".", "Problems (2 active).\n1. 1 February 2023, Cough, status not stated",
		"No active medication", "Recent results.\n3. HbA1c, 54 mmol/mol, 10 July 2024, no flag stated, no range supplied", "HbA1c, 7.10 % (was 6.30), 10 June 2024, HH, critically high, range 4.0–6.0",
		"That was all.",
		"1. HbA1c: 7.10 %, 10 June 2024, flag HH, critically high, range 4.0–6.0, 2 values", "2. HbA1c: 54 mmol/mol",
		"HbA1c, %, newest first", "2. 6.30 %, 10 January 2024, no flag stated, no range supplied",
		"Patient Sample, Ada, born March 1952", "6.30 %", "Version 1 of 1",
		"No medication records. That does not say", "1. 5 January 2023, Document reference, Letter", "Attachments")
	if strings.Contains(r.heard.String(), "99.9") {
		t.Error("a value entered in error is said")
	}
}

func TestALineSessionFindsWritesAndEdits(t *testing.T) {
	o := oddVault(t)
	before := odd[1]
	r, _, err := talk(t, o, passphrase,
		"2", "hba1c", "1", // search everything
		"4", "", "", "6,0", "5.90", "", "-", "", "", "", // edit: a wrong value first, the flag taken away
		"0", "0",
		"1", "Sample", "8", "1", "", "128", "82.0", "", "", "", "", "", "", "yes", // vital signs
		"8", "7", "A call", "", "She is well.", "No fever.", ".", "yes", // a note
		"7", "fever", "1", "0", "0", "lock")
	if err != nil {
		t.Fatal(err)
	}
	r.expect("1 June 2024, Observation, HbA1c, 6.30 %, flag H, high, patient Ada Sample", "Edit", "Value, needed, now 6.30: <6,0>",
		"Value, needed, now 6.30", "Flag, now H, a minus empties it: <->", "Saved as version 2.", "5.90 %",
		"What is to be added?", "Systolic (in mmHg; empty: not measured): <128>", "Saved as 1 record.",
		"a line with nothing but a full stop ends it", "Saved as 1 record.", "A call", "No fever.")
	reopen(t, o)
	after, version := stored(t, o, "lab")
	want := strings.NewReplacer("6.30", "5.90", `"interpretation":[{"coding":[{"code":"H"}]}],`, "").Replace(before)
	if after != want || version != 2 {
		t.Errorf("%s\nnot\n%s", after, want)
	}
	for r, err := range o.open.Find(t.Context(), vault.Query{Code: "85354-9"}) {
		if err != nil || !bytes.Contains(r.Resource.JSON, []byte(`"value":82.0`)) {
			t.Error(err, string(r.Resource.JSON))
		}
	}
}

// reopen opens the vault again, to look at what became of it.
func reopen(t *testing.T, o *opener) {
	t.Helper()
	p := secret.FromBytes([]byte(passphrase))
	defer p.Destroy()
	s, err := o.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
}

func TestALineSessionEndsAsItIsTold(t *testing.T) {
	o := sample(t)
	for _, c := range []struct {
		answers []string
		want    tui.Result
		heard   string
	}{
		{[]string{passphrase, "11"}, tui.Locked, "Main menu"},
		{[]string{passphrase, "1", "sample", "1", "lock"}, tui.Locked, "Number to read"},
		{[]string{passphrase, "nonsense", "13", "-1", "quit"}, tui.Quit, "Type a number from 0 to 11"},
		{[]string{"wrong", passphrase}, tui.Quit, "Error. "}, // the input ends
	} {
		r, how, err := talk(t, o, c.answers...)
		if how != c.want || err != nil {
			t.Errorf("%v: %v %v", c.answers, how, err)
		}
		r.expect(c.heard)
		if _, err := o.open.Get(t.Context(), vault.RecordID{1}); err == nil || errors.Is(err, vault.ErrNotFound) {
			t.Error("the vault is still open: ", err)
		}
	}
	if _, _, err := talk(t, o, "wrong", "wrong", "wrong", passphrase); err == nil {
		t.Error("a fourth passphrase was taken")
	}
}

func TestALineSessionDecidesConflictsAndSyncs(t *testing.T) {
	o, w := torn(t), clinicWorld()
	r, _, err := talk(t, sharingOpener{o, w}, passphrase, "5", "1", "0", "5", "1", "1", "5", "1", "1", "5", "6", "1", "2", "0", "0")
	if err != nil {
		t.Fatal(err)
	}
	r.expect("2 records changed apart on two devices", "Here is version", "made 30 June 2026", "Which version is to count?", "Decide later",
		"2 records changed apart", "Decided. The other versions stay", "1 record changed apart", "Decided.", "There are no conflicts.",
		"Exchanging with the remotes", "main: 3 entries sent, 12 received.", "clinic: 3 entries sent, 0 received.")
	for _, text := range []string{"It deletes the record", "2.50 mg daily", "INR weekly; bleeding"} {
		if !strings.Contains(r.heard.String(), text) {
			t.Errorf("%q was not heard", text)
		}
	}
	r, _, err = talk(t, o, passphrase, "5", "6")
	if err != nil {
		t.Fatal(err)
	}
	r.expect("This vault is not shared.", "This vault is not shared.")
}

func TestAnEndingContextEndsALineSession(t *testing.T) {
	o := sample(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	told := errors.New("told to")
	r := &reader{t: t, answers: []string{passphrase, "1"}}
	stop := consoleThat{r, func() { cancel(told) }}
	if _, err := tui.Talk(ctx, tui.Options{Opener: o, Clock: noon}, stop); !errors.Is(err, told) {
		t.Error(err)
	}
	if _, err := o.open.Get(t.Context(), vault.RecordID{1}); err == nil || errors.Is(err, vault.ErrNotFound) {
		t.Error("the vault is still open: ", err)
	}
}

// consoleThat does something before it asks for the name of a patient.
type consoleThat struct {
	*reader
	does func()
}

func (c consoleThat) Ask(ctx context.Context, prompt string) (string, error) {
	if strings.HasPrefix(prompt, "Name,") {
		c.does()
	}
	return c.reader.Ask(ctx, prompt)
}

func TestAFirstLineSessionMakesAVault(t *testing.T) {
	o := &opener{dir: t.TempDir() + "/vault"}
	r, _, err := talk(t, o, "weak", "no", "", "something else", "weak", "yes", "weak", "3", "Sample", "Ada", "1952-03", "female", "yes", "1", "")
	if err != nil {
		t.Fatal(err)
	}
	r.expect("There is no recovery", "It is easy to guess", "Write this down", "not the same", "Nothing backs it up yet",
		"Family name, needed: <Sample>", "Gender, one of not stated, female, male, other, unknown, now not stated", "Saved as 1 record",
		"Chart of Sample, Ada. Born March 1952. Gender female.")
}

func TestAFirstLineSessionJoinsAVault(t *testing.T) {
	w := &world{}
	o := sharingOpener{&opener{dir: t.TempDir() + "/vault"}, w}
	r, _, err := talk(t, o, "2", "phivault1.abc", "folder:/media/x", passphrase, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	r.expect("2. Join a vault that another device has", "There is no recovery", "Type these words on the inviting device", "apple", "This device has the vault now.", "Main menu")
	if w.pasted != "phivault1.abc" || w.address != "folder:/media/x" || w.closed != 1 {
		t.Errorf("%q %q, closed %d times", w.pasted, w.address, w.closed)
	}
	o = sharingOpener{&opener{dir: t.TempDir() + "/vault"}, &world{err: errors.New("not an invitation")}}
	if _, _, err := talk(t, o, "2", "nonsense", ""); err == nil || !strings.Contains(err.Error(), "not an invitation") {
		t.Error(err)
	}
	if r, how, err := talk(t, o, "0"); err != nil || how != tui.Quit || strings.Contains(r.heard.String(), "passphrase") {
		t.Error(how, err)
	}
}

// listenTo has a line session go through a hostile chart.
func listenTo(t *testing.T, o *opener) {
	r, _, err := talk(t, o, passphrase, "1", "", "1", "", "", "0", "2", "1", "1", "3", "0", "0", "0", "5", "1", "5", "1", "", "0", "0", "6", "1", "", "", "0", "0", "quit")
	if err != nil {
		t.Fatal(err)
	}
	r.expect("Chart of", "Results and vital signs")
}
