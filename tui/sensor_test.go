package tui_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"phivault/tui"
	"phivault/tui/tuitest"
	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/fhirjson"
)

// sensor makes a vault of one patient with n values of glucose, one each five minutes,
// and eight older ones each of three other tests.
func sensor(t testing.TB, n int) *opener {
	o := &opener{dir: filepath.Join(t.TempDir(), "vault")}
	load(t, o, codec.Stream("sensor", func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() { w.CloseWithError(sensorLines(w, n)) }()
		return r, nil
	}, []vault.Codec{fhirjson.NDJSON()}))
	return o
}

func sensorLines(w io.Writer, n int) error {
	line := `{"resourceType":"Observation","id":"%s","status":"final","subject":{"reference":"Patient/p1"},"effectiveDateTime":"%s",` +
		`"code":{"coding":[{"system":"http://loinc.org","code":"%s","display":"%s"}]},"valueQuantity":{"value":%d,"unit":"%s"}}` + "\n"
	if _, err := io.WriteString(w, `{"resourceType":"Patient","id":"p1","name":[{"family":"Sensor","given":["Sam"]}],"birthDate":"1961-02-03"}`+"\n"); err != nil {
		return err
	}
	for i := range n {
		at := noon().Add(-5 * time.Minute * time.Duration(i))
		if _, err := fmt.Fprintf(w, line, fmt.Sprint("g", i), at.Format(time.RFC3339), "2339-0", "Glucose [Mass/volume] in Blood", 80+i%100, "mg/dL"); err != nil {
			return err
		}
	}
	for k, x := range [][3]string{{"4548-4", "Hemoglobin A1c", "%"}, {"6298-4", "Potassium", "mmol/L"}, {"29463-7", "Body weight", "kg"}} {
		for i := range 8 {
			if _, err := fmt.Fprintf(w, line, fmt.Sprintf("o%d-%d", k, i), noon().AddDate(-2, -i, 0).Format("2006-01-02"), x[0], x[1], 4+k+i, x[2]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Many values of one test hide no other test.
func TestOneTestHidesNoOther(t *testing.T) {
	o := sensor(t, 5000)
	s := tuitest.New(t, tui.Options{Opener: o, Clock: noon}).Unlock(passphrase).Screen("chart summary")
	s.Expect("Glucose", "Hemoglobin A1c", "Potassium", "Body weight", "80 mg/dL (was 81)", "(was 5)", "(was 6)")
	s.Press("3").Expect("4 tests", "Hemoglobin A1c", "Potassium", "Body weight")
	s.Press("f").Type("hemo").Expect("1 test", "Hemoglobin A1c").Press("esc")
	s.Press("f").Type("gluc").Press("enter", "t").Expect("5000 of 5000 values").Press("esc", "enter").Expect("5000 values")
}

func TestALineSessionHearsEveryTest(t *testing.T) {
	o := sensor(t, 5000)
	r, _, err := talk(t, o, passphrase, "1", "sam", "1", "0", "2", "0", "0", "0")
	if err != nil && err != io.EOF {
		t.Error(err)
	}
	r.expect("Recent results.", "80 mg/dL", "Potassium", "Hemoglobin A1c", "Hemoglobin A1c: 4 %", "Glucose", "5000 values", "Potassium", "Body weight")
}

// The values of one day come in the order of their times, in whatever order they were read.
func TestATrendGoesByTheTimeOfDay(t *testing.T) {
	o := sensor(t, 300)
	s := tuitest.New(t, tui.Options{Opener: o, Clock: noon}).Unlock(passphrase).Screen("chart summary")
	s.Press("t").Expect("80 mg/dL", "300 of 300 values").Press("left").Expect("81 mg/dL", "299 of 300 values")
	trends, err := o.open.Trend(t.Context(), vault.Query{Code: "2339-0"})
	if err != nil || len(trends) != 1 || len(trends[0].Points) != 300 {
		t.Fatal(trends, err)
	}
	for i, p := range trends[0].Points[1:] {
		if p.Date <= trends[0].Points[i].Date {
			t.Fatalf("%s comes after %s", p.Date, trends[0].Points[i].Date)
		}
	}
}

// BenchmarkSensor is what each screen takes of one patient with PHIVAULT_BENCH_N values of
// one test, until nothing more is read.
func BenchmarkSensor(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("PHIVAULT_BENCH_N"))
	if err != nil {
		n = 5000
	}
	o := sensor(b, n)
	for b.Loop() {
		s := tuitest.New(b, tui.Options{Opener: o, Clock: noon})
		for _, step := range []struct {
			name string
			do   func()
		}{
			{"unlock-summary", func() { s.Unlock(passphrase) }},
			{"labs", func() { s.Press("3") }},
			{"labs-down", func() { s.Press("down") }},
			{"chart", func() { s.Press("t") }},
			{"chart-left", func() { s.Press("left") }},
		} {
			begun := time.Now()
			step.do()
			b.ReportMetric(float64(time.Since(begun).Microseconds())/1000, step.name+"-ms")
		}
	}
}
