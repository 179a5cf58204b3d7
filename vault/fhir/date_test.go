package fhir

import (
	"fmt"
	"regexp"
	"testing"
	"time"
)

func TestDay(t *testing.T) {
	for date, want := range map[string]int32{
		"1900-01-01": 0, "1900-01-02": 1, "1899-12-31": -1, "1900": 0, "1900-02": 31, "1970-01-01": 25567,
		"2000-02-29": 36583, "2024-12-31T23:59:59.999-12:00": 45655, "2024-12-31T00:00+14:00": 45655, "2024-12-31T23:59:60Z": 45655,
		"0001-01-01": -693595, "9999-12-31": 2958463, "1980-05": 29340,
	} {
		if got, ok := Day(date); !ok || got != want {
			t.Errorf("%s is day %d, %v; want %d", date, got, ok, want)
		}
	}
	for _, bad := range []string{"", "200", "0000", "20001", "2000-", "2000-1", "2000-13", "2000-00", "2000-02-30", "1900-02-29", "2000-01-00",
		"2000-01-1", "2000/01/01", "2000-01-01 10:00", "2000-01-01T", "2000-01-01T10", "2000-01-01T24:00", "2000-01-01T10:60", "2000-01-01T10:00:61",
		"2000-01-01T10:00:00.", "2000-01-01T10:00:00X", "2000-01-01T10:00:00+15:00", "2000-01-01T10:00:00+1:00", "-200-01-01", "２０００", "2000-01-01T10:00:00Zx"} {
		if got, ok := Day(bad); ok {
			t.Errorf("%q is day %d", bad, got)
		}
	}
}

func TestDaysAreThoseOfTheCalendar(t *testing.T) {
	start := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := int32(-60_000); n < 80_000; n++ {
		day := start.AddDate(0, 0, int(n)).Format("2006-01-02")
		if got, ok := Day(day); !ok || got != n {
			t.Fatalf("%s is day %d, %v; want %d", day, got, ok, n)
		}
	}
}

func TestSpan(t *testing.T) {
	for date, want := range map[string][2]string{
		"2024":                 {"2024-01-01", "2024-12-31"},
		"2024-02":              {"2024-02-01", "2024-02-29"},
		"2023-02":              {"2023-02-01", "2023-02-28"},
		"2024-12":              {"2024-12-01", "2024-12-31"},
		"2024-04":              {"2024-04-01", "2024-04-30"},
		"2024-04-07":           {"2024-04-07", "2024-04-07"},
		"2024-04-07T23:00:00Z": {"2024-04-07", "2024-04-07"},
	} {
		first, last, ok := Span(date)
		a, _ := Day(want[0])
		b, _ := Day(want[1])
		if !ok || first != a || last != b {
			t.Errorf("%s spans %d to %d, %v; want %d to %d", date, first, last, ok, a, b)
		}
	}
}

func FuzzDay(f *testing.F) {
	for _, s := range []string{"2024-02-29T10:00:00.123+02:00", "1900", "1900-02", "0001-01-01", "2000-02-30", "2020-01-01T10:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, last, ok := Span(s)
		day, ok2 := Day(s)
		if ok != ok2 || day != first || first > last || last-first > 365 {
			t.Fatalf("%q: %d, %d to %d", s, day, first, last)
		}
		if len(s) < 10 {
			return
		}
		if then, err := time.Parse("2006-01-02", s[:10]); ok && (err != nil || fmt.Sprintf("%04d", then.Year()) != s[:4]) {
			t.Fatalf("%q is a date here and not for time: %v", s, err)
		}
		if _, err := time.Parse("2006-01-02", s[:10]); err == nil && !ok && dateTime.MatchString(s) {
			t.Fatalf("%q is a date for FHIR and not here", s)
		}
	})
}

// dateTime is the expression of https://hl7.org/fhir/R4/datatypes.html#dateTime.
var dateTime = regexp.MustCompile(`^([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1])` +
	`(T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00)))?)?)?$`)
