package synth

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"testing"
)

func attachment(t *testing.T, r map[string]any) []byte {
	t.Helper()
	content := r["content"].([]any)[0].(map[string]any)["attachment"].(map[string]any)
	b, err := base64.StdEncoding.DecodeString(content["data"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// traps are what a careless program loses, by what shows them in the bytes.
var traps = []struct{ name, pattern string }{
	{"a decimal that ends in zero", `"value":\d+\.\d*[1-9]0,`},
	{"a decimal that is a whole number", `"value":\d+\.0+,`},
	{"0.010", `"value":0\.010,`},
	{"98.60", `"value":9\d\.\d0,"unit":"degF"`},
	{"an exponent", `"value":\d+e-2,`},
	{"_birthDate beside birthDate", `"birthDate":"[^"]*","_birthDate":\{`},
	{"_birthDate alone", `[^"]"_birthDate":\{"extension":\[\{"url":"[^"]*data-absent-reason"`},
	{"_given with nulls", `"given":\["[^"]*",null\],"_given":\[null,\{`},
	{"a contained resource", `"contained":\[\{"resourceType":"Medication"`},
	{"a contained place", `"location":\{"reference":"#room"\}`},
	{"a conditional reference", `"reference":"Practitioner\?identifier=http[^"|]*\|9\d{9}"`},
	{"a urn:uuid reference", `"reference":"urn:uuid:`},
	{"a relative reference", `"reference":"Patient/`},
	{"a reference range", `"referenceRange":\[\{"low"`},
	{"a one-sided range", `"referenceRange":\[\{"high"`},
	{"flag H", `"code":"H","display":"High"`},
	{"flag HH", `"code":"HH"`},
	{"flag L", `"code":"L","display":"Low"`},
	{"flag LL", `"code":"LL"`},
	{"flag A", `"code":"A","display":"Abnormal"`},
	{"a year for a date", `"onsetDateTime":"\d{4}"`},
	{"a month for a date", `"onsetDateTime":"\d{4}-\d\d"`},
	{"a birth date in part", `"birthDate":"\d{4}"`},
	{"a time in UTC", `T\d\d:\d\d:\d\dZ"`},
	{"a time with milliseconds", `T\d\d:\d\d:\d\d\.\d{3}[+-]`},
	{"a time east of UTC", `T\d\d:\d\d:\d\d\+05:30"`},
	{"narrative text", `"div":"<div xmlns=\\"http`},
	{"a string as value", `"valueString":"`},
	{"a line break in a string", `"valueString":"[^"]*\\n`},
	{"a code as value", `"valueCodeableConcept":`},
	{"a reason for no value", `"dataAbsentReason":`},
	{"weight in pounds", `"code":"\[lb_av\]"`},
	{"weight in kilograms", `"unit":"kg"`},
	{"a comparator", `"comparator":"<"`},
	{"meta.source", `"meta":\{"source":"`},
	{"meta.versionId", `"meta":\{"versionId":"14"`},
	{"no id", `^\{"resourceType":"Observation","(meta|identifier|status|text)"`},
	{"no meta", `^\{"resourceType":"Observation","id":"[^"]*","status"`},
	{"an observation entered in error", `^\{"resourceType":"Observation".*"status":"entered-in-error"`},
	{"a condition entered in error", `^\{"resourceType":"Condition".*"code":"entered-in-error"`},
	{"\\u escapes", `\\u00[a-f]`},
	{"a surrogate pair", `\\ud8[0-9a-f]{2}\\udc?[0-9a-f]`},
	{"raw UTF-8", `[à-ÿ]`},
	{"a right-to-left name", `"text":"[א-ת\p{Mn}־ ]+"|"text":"[\p{Arabic} ]+"`},
	{"an ideographic name", `"text":"\p{Han}+ ?\p{Han}+"`},
	{"no known allergy", `"code":"716186003"`},
	{"an allergy", `"criticality":"high"`},
	{"gender left out", `\],"birthDate":`},
	{"gender unknown", `"gender":"unknown"`},
	{"a deceased patient", `"deceasedDateTime"`},
	{"an apostrophe", `O'Tarrow|Lanternmaker's`},
	{"a quote inside a string", `\\"I take`},
	{"an array of twenty items", `"sequence":20,`},
	{"an ampersand in XHTML", `&amp;`},
}

func TestEveryTrapIsAmongTwoHundredPatients(t *testing.T) {
	found := make([]bool, len(traps))
	patterns := make([]*regexp.Regexp, len(traps))
	for k, trap := range traps {
		patterns[k] = regexp.MustCompile(trap.pattern)
	}
	practitioners, differ, combining := map[string]string{}, 0, false
	labs, ranges, flags, large, long := 0, 0, 0, 0, 0
	for b := range New(Options{Seed: 1, Patients: 200}).Resources() {
		if bytes.Contains(b, []byte(`"text/csv"`)) {
			large = max(large, len(b))
		} else if bytes.Contains(b, []byte(`"DocumentReference"`)) {
			long = max(long, len(b))
		}
		for k, p := range patterns {
			if !found[k] && p.Match(b) {
				found[k] = true
			}
		}
		combining = combining || bytes.ContainsAny(b, "\u0308\u0303\u0300")
		if bytes.Contains(b, []byte(`"code":"laboratory"`)) {
			labs++
			if bytes.Contains(b, []byte(`"referenceRange"`)) {
				ranges++
			}
			if bytes.Contains(b, []byte(`"interpretation"`)) {
				flags++
			}
		}
		if bytes.HasPrefix(b, []byte(`{"resourceType":"Practitioner"`)) {
			id := string(b[:80])
			if old, ok := practitioners[id]; ok && old != string(b) {
				differ++
			}
			practitioners[id] = string(b)
		}
	}
	for k, trap := range traps {
		if !found[k] {
			t.Errorf("no resource with %s", trap.name)
		}
	}
	if large < 1<<18 || long < 1<<14 {
		t.Errorf("the largest attachment has %d bytes, the longest note %d", large, long)
	}
	if !combining {
		t.Error("no decomposed diacritic")
	}
	if differ == 0 {
		t.Error("no practitioner comes twice")
	}
	if ranges < labs/5 || ranges > labs/2 || flags < labs/10 || flags > labs/2 {
		t.Errorf("%d of %d laboratory values have ranges, %d flags", ranges, labs, flags)
	}
}

func TestMeanSizeIsThatOfRealRecords(t *testing.T) {
	n, size := 0, 0
	for b := range New(Options{Seed: 12, Records: 40_000}).Resources() {
		n++
		size += len(b)
	}
	if mean := size / n; mean < 1650 || mean > 1950 {
		t.Errorf("mean size is %d bytes", mean)
	}
}

func TestIdentifiersAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for b := range New(Options{Seed: 13, Patients: 200}).Resources() {
		kind, rest, _ := bytes.Cut(b[len(`{"resourceType":"`):], []byte(`"`))
		id, ok := bytes.CutPrefix(rest, []byte(`,"id":"`))
		if !ok || string(kind) == "Practitioner" {
			continue
		}
		key := string(id[:36])
		if seen[key] {
			t.Fatalf("%s comes twice", key)
		}
		seen[key] = true
	}
}
