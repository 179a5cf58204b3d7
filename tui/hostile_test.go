package tui_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
)

// hostile are texts that command terminals, turn their direction, climb over
// neighbours, or have no honest width.
var hostile = map[string]string{
	"escape":    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
	"clipboard": "\x1b]52;c;aGFja2Vk\x07",
	"c1":        "\u009b31m\u0090q\u009c\u0085next",
	"bidi":      "\u202eevil\u202c \u2066iso\u2069 \u200f\u061c",
	"joined":    "a\u200db\ufe0f\u00ad\u2060c\ufeff",
	"marks":     "e" + strings.Repeat("\u0301", 400),
	"lone mark": "\u0301\u0302\u0303",
	"wide":      strings.Repeat("漢字🏥👩🏽", 300),
	"huge":      strings.Repeat("long", 30_000),
	"lines":     "one\ntwo\r\nthree\tfour\u2028five\vsix",
	"private":   "\ue000\U000f0000\x7f",
	"flags":     "🇩🇪🇫🇷🇯🇵 กำ ᄀ ᅡ ﷽",
}

// hostileRecords writes a patient's chart with the text in every place of it.
func hostileRecords(w io.Writer, text string) {
	q := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	about := `"subject":{"reference":"Patient/p1"}`
	fmt.Fprintf(w, `{"resourceType":"Patient","id":"p1","name":[{"family":%s,"given":[%s]}],"gender":%s,"identifier":[{"type":{"coding":[{"code":"MR"}]},"value":%s}]}`+"\n", q(text), q(text), q(text), q(text))
	for i := range 3 {
		fmt.Fprintf(w, `{"resourceType":"Observation","id":"o%d","status":"final","code":{"coding":[{"system":"s","code":"c","display":%s}],"text":%s},%s,"effectiveDateTime":"202%d-01-01","valueQuantity":{"value":%d.50,"unit":%s},"interpretation":[{"coding":[{"code":%s}]}],"referenceRange":[{"text":%s}]}`+"\n",
			i, q(text), q(text), about, i, i, q(text), q(text), q(text))
	}
	fmt.Fprintf(w, `{"resourceType":"Condition","id":"c1","code":{"text":%s},%s,"onsetDateTime":"2020","clinicalStatus":{"coding":[{"code":"active"}]}}`+"\n", q(text+" zebrafish"), about)
	fmt.Fprintf(w, `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":%s},"patient":{"reference":"Patient/p1"},"clinicalStatus":{"coding":[{"code":%s}]}}`+"\n", q(text), q(text))
	fmt.Fprintf(w, `{"resourceType":"MedicationRequest","id":"m1","status":"active","medicationCodeableConcept":{"text":%s},%s,"dosageInstruction":[{"text":%s}]}`+"\n", q(text), about, q(text))
	fmt.Fprintf(w, `{"resourceType":"DocumentReference","id":"d1","status":"current","description":%s,"date":"2020-01-01T00:00:00Z",%s,"content":[{"attachment":{"contentType":%s,"title":%s,"data":"G11SdGV4dAo="}}]}`+"\n", q(text), about, q("text/"+text), q(text))
}

// Every screen is gone through for each text in each place; the driver holds
// each frame to the terminal's size and to harmless characters.
func TestHostileTextNeitherCommandsNorClimbs(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := filled(t, func(w io.Writer) { hostileRecords(w, text) })
			listenTo(t, o)
			s := sit(t, o).Unlock(passphrase).Screen("chart summary")
			for _, size := range [][2]int{{80, 24}, {117, 31}} {
				s.Resize(size[0], size[1])
				for _, tab := range "1234567" {
					s.Press(string(tab), "down", "down", "enter")
					s.Press("r", "end", "v", "enter").Leave("chart")
				}
				s.Press("esc").Screen("patients").Press("enter")
				s.Press("3", "t", "left", "esc", "enter", "enter", "e", "end", "down").Leave("chart")
				s.Screen("chart labs").Press("f").Paste(text[:min(len(text), 100)]).Press("esc")
				s.Press("/").Type("zebra").Press("esc")
				s.Press("6", "enter", "o", "enter").Leave("chart").Press("A", "end", "esc", "?", "esc").Screen("chart documents")
			}
		})
	}
}
