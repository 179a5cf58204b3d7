package csvfile_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"pgregory.net/rapid"

	"phivault/vault"
	"phivault/vault/codec/codectest"
	"phivault/vault/codec/csvfile"
)

func codec(t testing.TB, mapping string) *csvfile.Codec {
	t.Helper()
	m, err := csvfile.ParseMapping(mapping)
	if err != nil {
		t.Fatal(err)
	}
	c, err := csvfile.New(m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func read(t testing.TB, c vault.Codec, r io.Reader) string {
	t.Helper()
	got, err := codectest.Read(c.Decode(context.Background(), "f", r, vault.DecodeOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, it := range got.Items {
		v := it.Resource
		b.WriteString(strings.Join([]string{it.Place, v.Date, v.Value, v.Unit, v.Code.System + "|" + v.Code.Code, v.Title, v.Subject}, ";") + "\n")
	}
	for _, ref := range got.Refusals {
		b.WriteString(ref.Error() + "\n")
	}
	if got.Err != nil {
		b.WriteString("error " + got.Err.Error() + "\n")
	}
	return b.String()
}

const weight = "date=Date,value=Weight,unit==kg,code=http://loinc.org|29463-7,name==Body weight,patient==p1"

var inputs = []struct{ name, mapping, in, want string }{
	{"constants", weight, "Date,Weight\n2024-01-02,70.10\n2024,71\n", `
line 2;2024-01-02;70.10;kg;http://loinc.org|29463-7;Body weight;Patient/p1
line 3;2024;71;kg;http://loinc.org|29463-7;Body weight;Patient/p1
`},
	{"a code alone is called what is known of it", "date=Date,value=Weight,unit==kg,code=http://loinc.org|29463-7,patient==p1", "Date,Weight\n2024-01-02,70.10\n", `
line 2;2024-01-02;70.10;kg;http://loinc.org|29463-7;Body weight;Patient/p1
`},
	{"columns, any case, a line for Excel, quotes and other line ends",
		"date=date,value=value,unit=unit,code=code,system==http://loinc.org,name=what,patient=who",
		"sep=;\r\n\"DATE\";Value;Unit;Code;What;Who\r\n\r\n\"2024-01-02\"; 5.0 ;\"m\"\"m\";8-9;\"a\r\nb;c\";Patient/x\r\n2024-01-03;<6e-1;mm;s|8-9;d;urn:uuid:1", `
line 6;2024-01-03;<6e-1;mm;s|8-9;d;urn:uuid:1
f: line 4: a cell has control characters
`},
	{"values that are refused", weight, "Date,Weight\n2024-01-02,\n2024-01-02,6,3\n2024-01-02,\"6,3\"\n2024-01-02,positive\n2024-01-02,.5\n2024-01-02,007\n,5\n2024-13-01,5\n02.01.2024,5\n2024-01-02 08:00,5\n2024-01,> 5\n", `
line 12;2024-01;>5;kg;http://loinc.org|29463-7;Body weight;Patient/p1
f: line 2: it has no value
f: line 3: it has not as many cells as the header
f: line 4: its value has a decimal comma; decimal=comma in the mapping allows it
f: line 5: its value is not a decimal number
f: line 6: its value is not a decimal number
f: line 7: its value is not a decimal number
f: line 8: it has no date
f: line 9: its date is not like 2024-05-31
f: line 10: its date is not like 2024-05-31; dates=dmy or dates=mdy in the mapping tells day from month
f: line 11: its time has no zone; zone=+01:00 in the mapping gives one
`},
	{"what the mapping allows", weight + ",decimal=comma,dates=dmy,zone=+01:00", "Date;Weight\n2.1.2024;6,30\n31/12/2024 08:30;7\n2024-01-02T08:00:01.5Z;8\n31.02.2024;9\n2024-01-02;1.000\n2024-01-02 8:00;1\n2024-01-02 08:00+25:00;1\n", `
line 2;2024-01-02;6.30;kg;http://loinc.org|29463-7;Body weight;Patient/p1
line 3;2024-12-31T08:30:00+01:00;7;kg;http://loinc.org|29463-7;Body weight;Patient/p1
line 4;2024-01-02T08:00:01.5Z;8;kg;http://loinc.org|29463-7;Body weight;Patient/p1
f: line 5: its date does not exist
f: line 6: its value has a point, and decimal=comma was said
f: line 7: its time is not like 08:30 or 08:30:00
f: line 8: its zone is not Z or like +01:00
`},
	{"month first", weight + ",dates=mdy", "Weight\tDate\n5\t12/31/2024\n", `
line 2;2024-12-31;5;kg;http://loinc.org|29463-7;Body weight;Patient/p1
`},
	{"broken quotes", weight, "Date,Weight\n\"2024-01-02\"x,5\n2024-01-02,5\n2024-01-02,\"5\n", `
line 3;2024-01-02;5;kg;http://loinc.org|29463-7;Body weight;Patient/p1
f: line 2: something follows a closing quote
f: line 4: a quote is not closed
`},
	{"no such column", weight, "Day,Weight\n2024-01-02,5\n", "\nf: line 1: the header has no column of the name that the mapping gives for date\n"},
	{"a column twice", weight, "Date,Weight,weight\n2024-01-02,5,6\n", "\nf: line 1: two columns have the name that the mapping gives for value\n"},
	{"nothing", weight, "", "\nf: it is empty\n"},
	{"Latin-1 that was not said", weight, "Date,Weight,Note\n2024-01-02,5,\xfc\n2024-01-03,5,-\n", `
line 3;2024-01-03;5;kg;http://loinc.org|29463-7;Body weight;Patient/p1
f: line 2: the text is not valid UTF-8; encoding=latin-1 in the mapping may be what it is
`},
	{"Latin-1", "date=Date,value=Weight,unit=Unit,name==x,encoding=latin-1", "Date,Weight,Unit\n2024-01-02,5,\xb5g\n", "\nline 2;2024-01-02;5;µg;|;x;\n"},
	{"a patient that is none", "date=Date,value=Weight,name==x,patient=Who", "Date,Weight,Who\n2024-01-02,5,Ann Smith\n", "\nf: line 2: its patient is neither a reference nor an id\n"},
}

func TestRowsBecomeObservations(t *testing.T) {
	for _, tt := range inputs {
		t.Run(tt.name, func(t *testing.T) {
			c, want := codec(t, tt.mapping), strings.TrimPrefix(tt.want, "\n")
			if got := read(t, c, strings.NewReader(tt.in)); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			if got := read(t, c, iotest.OneByteReader(strings.NewReader(tt.in))); got != want {
				t.Errorf("byte by byte, got\n%swant\n%s", got, want)
			}
		})
	}
}

func TestByteOrderMarksTellTheEncoding(t *testing.T) {
	in := "Date,Weight,Unit\n2024-01-02,5,µg\n"
	c := codec(t, "date=Date,value=Weight,unit=Unit,name==x")
	le, be := []byte{0xff, 0xfe}, []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(in)) {
		le, be = append(le, byte(u), byte(u>>8)), append(be, byte(u>>8), byte(u))
	}
	for _, data := range [][]byte{[]byte(in), append([]byte("\xef\xbb\xbf"), in...), le, be} {
		if got := read(t, c, bytes.NewReader(data)); got != "line 2;2024-01-02;5;µg;|;x;\n" {
			t.Errorf("got %s", got)
		}
		if !c.Sniff(data) {
			t.Error("it was not recognised")
		}
	}
	if c.Sniff([]byte("Day,Height\n")) || c.Sniff(nil) {
		t.Error("something else was recognised")
	}
}

func TestTheRecordIsTheSameEachTimeAndOnlyForTheSameRow(t *testing.T) {
	c := codec(t, weight)
	got, err := codectest.Read(c.Decode(context.Background(), "f",
		strings.NewReader("Date,Weight\n2024-01-02,70\n2024-01-02,70\n2024-01-02,70.0\n2024-01-03,70\n"), vault.DecodeOptions{}))
	if err != nil || len(got.Items) != 4 {
		t.Fatal(err, got.Refusals)
	}
	want := `{"resourceType":"Observation","id":"csv-7a7f6b6d","status":"unknown","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}],"text":"Body weight"},` +
		`"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-01-02","valueQuantity":{"value":70,"unit":"kg"}}`
	id := func(i int) string { return got.Items[i].Resource.ID }
	if string(got.Items[0].Resource.JSON) != strings.Replace(want, "csv-7a7f6b6d", id(0), 1) {
		t.Errorf("got %s", got.Items[0].Resource.JSON)
	}
	if id(0) != id(1) || id(0) == id(2) || id(0) == id(3) || len(id(0)) != 44 {
		t.Errorf("ids %s %s %s %s", id(0), id(1), id(2), id(3))
	}
}

func TestMappingsThatAreNotUnderstood(t *testing.T) {
	for _, s := range []string{"", "date=a", "date=a,value=b", "date=a,value=b,name=c,colour=red", "date=a,date=b,value=b,name=c",
		"date=a,value=b,name=c,decimal=dot", "date=a,value=b,name=c,dates=ymd", "date=a,value=b,name=c,zone=CET",
		"date=a,value=b,name=c,encoding=ebcdic", "date=a,value=b,name=c,delimiter=ab", `date=a,value=b,"name=c`, "date"} {
		if _, err := csvfile.ParseMapping(s); !errors.Is(err, vault.ErrUsage) {
			t.Errorf("%s: %v", s, err)
		}
	}
	m, err := csvfile.ParseMapping(`"date=Date, taken",value=v`, "name==x,delimiter=tab")
	if err != nil || m.Date != "Date, taken" || m.Name != "=x" || m.Delimiter != '\t' {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestARowWithoutEndFillsNoMemory(t *testing.T) {
	c := codec(t, weight)
	for begin, reason := range map[string]string{"": "a row is over the limit of 1048576 bytes\n", "\"": "a row is over the limit of 1048576 bytes; perhaps a quote is not closed\n"} {
		in := io.MultiReader(strings.NewReader("Date,Weight\n"+begin), io.LimitReader(endless{}, 16<<20), strings.NewReader("\n2024-01-02,5\n"))
		if got := read(t, c, in); !strings.HasPrefix(got, "line 3;") || !strings.HasSuffix(got, "\nf: line 2: "+reason) {
			t.Errorf("got %.500s", got)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestFailingReaders(t *testing.T) {
	c := codec(t, weight)
	for _, begin := range []string{"", "Date,Weight\n", "Date,Weight\n2024-01-02,5\n2024"} {
		if got := read(t, c, io.MultiReader(strings.NewReader(begin), iotest.ErrReader(errors.New("broken")))); !strings.HasSuffix(got, "error broken\n") {
			t.Errorf("got %s", got)
		}
		ref := &vault.Refusal{Input: "f", Reason: "damaged"}
		if got := read(t, c, io.MultiReader(strings.NewReader(begin), iotest.ErrReader(ref))); !strings.HasSuffix(got, "f: damaged\n") {
			t.Errorf("got %s", got)
		}
	}
}

func list(t testing.TB, o csvfile.Options, records ...vault.Record) string {
	t.Helper()
	var b bytes.Buffer
	e := csvfile.NewEncoder(&b, o)
	for _, r := range records {
		if err := e.Encode(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAListingHasTheFieldsOfARecord(t *testing.T) {
	r := vault.Record{ID: vault.RecordID{15: 1}, Patient: vault.RecordID{15: 2}, Source: "a, b", Version: 3, Conflict: true, Snippet: "a \x02hit\x03", Rank: 1,
		Resource: vault.Resource{Type: "Observation", ID: "o", Date: "2024", Title: "say \"hi\"\nthere", Value: "-1.50", Unit: "mmol/L", Flag: "H",
			Code: vault.Coding{System: "http://loinc.org", Code: "1-2", Display: "=cmd()"}}}
	got := list(t, csvfile.Options{Search: true, PatientName: func(vault.RecordID) string { return "@x" }}, r)
	want := "id,type,fhir_id,source,patient,patient_name,date,title,code_system,code,code_display,value,unit,flag,version,conflict,snippet,rank\r\n" +
		"00000000000000000000000000000001,Observation,o,\"a, b\",00000000000000000000000000000002,'@x,2024,\"say \"\"hi\"\"\nthere\"," +
		"http://loinc.org,1-2,'=cmd(),-1.50,mmol/L,H,3,true,a hit,1\r\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := list(t, csvfile.Options{}); got != "id,type,fhir_id,source,patient,patient_name,date,title,code_system,code,code_display,value,unit,flag,version,conflict\r\n" {
		t.Errorf("got %s", got)
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for in, want := range map[string]string{"-1.5": "-1.5", "+4": "+4", "-1.5e3": "-1.5e3", "-": "'-", "-2+3": "'-2+3", "+49 1": "'+49 1", "=1": "'=1",
		"@a": "'@a", "\ta": "'\ta", "\ra": "'\ra", "a=1": "a=1", "'a": "'a", "": "", "＝1": "'＝1", "-01": "'-01", "128/82": "128/82", "1-": "1-"} {
		rows, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(list(t, csvfile.Options{}, vault.Record{Resource: vault.Resource{Value: in}}), "\r\n", "\n"))).ReadAll()
		if err != nil || rows[1][11] != want {
			t.Errorf("%q became %q, want %q (%v)", in, rows[1][11], want, err)
		}
	}
}

func TestWhatIsWrittenIsReadBackByOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOfN(rapid.SampledFrom([]rune("a1 ,;\"\n=-é")), 0, 6, -1)
		r := vault.Record{Source: cell.Draw(t, "source"), Resource: vault.Resource{Title: cell.Draw(t, "title"), Unit: cell.Draw(t, "unit")}}
		var b bytes.Buffer
		e := csvfile.NewEncoder(&b, csvfile.Options{})
		if e.Encode(context.Background(), r) != nil || e.Close() != nil {
			t.Fatal("not written")
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatal(err)
		}
		plain := func(s string) string {
			if strings.HasPrefix(s, "'") {
				return s[1:]
			}
			return s
		}
		got := []string{plain(rows[1][3]), plain(rows[1][7]), plain(rows[1][12])}
		if want := []string{r.Source, r.Resource.Title, r.Resource.Unit}; !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestAFailedListingIsNotClosedAsWhole(t *testing.T) {
	e := csvfile.NewEncoder(iotestWriter{}, csvfile.Options{})
	_ = e.Encode(context.Background(), vault.Record{})
	if err := e.Close(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v", err)
	}
}

type iotestWriter struct{}

func (iotestWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func FuzzDecode(f *testing.F) {
	for _, tt := range inputs {
		f.Add([]byte(tt.in))
	}
	c := codec(f, weight+",decimal=point")
	f.Fuzz(func(t *testing.T, in []byte) {
		a := read(t, c, bytes.NewReader(in))
		if b := read(t, c, iotest.OneByteReader(bytes.NewReader(in))); a != b {
			t.Fatalf("read byte by byte, it gives something else:\n%s\n%s", a, b)
		}
		c.Sniff(in)
	})
}
