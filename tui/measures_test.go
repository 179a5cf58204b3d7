package tui

import (
	"strings"
	"testing"
	"time"
)

// Of more values than are kept the newest are, the others are counted, and the chart asks
// for all of them.
func TestASheetKeepsTheNewestAndCountsAll(t *testing.T) {
	s := newFlowsheet(commands{&desk{}}, &patient{})
	at := time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)
	key := [3]string{"http://loinc.org", "2339-0", "mg/dL"}
	const pages, size = 3, 50_000
	for i := range pages {
		list := make([]reading, size)
		for n := range list {
			min := i*size + n
			d := at.Add(-time.Minute * time.Duration(min))
			list[n] = reading{key: key, name: "Glucose", point: point{day: int32(d.Unix() / 86400), at: d.Unix(), value: d.Format("150405")}}
		}
		s.sheet.add(list)
	}
	s.sheet.ended = true
	x := s.sheet.tests[0]
	if x.count() != pages*size || len(x.points) != pointsMost || x.older != pages*size-pointsMost {
		t.Fatal(x.count(), len(x.points), x.older)
	}
	if x.last().value != "120000" || x.points[0].at != at.Add(-time.Minute*(pointsMost-1)).Unix() {
		t.Fatal(x.last(), x.points[0])
	}
	if c := s.trendOf(x); c.code == "" || c.want != "mg/dL" {
		t.Fatalf("the chart is drawn of %d values", len(x.points))
	}
	if p, more, ok := x.on(x.last().day); !ok || !more || p.value != "120000" {
		t.Fatal(p, more, ok)
	}
	if _, _, ok := x.on(x.points[0].day - 1); ok {
		t.Fatal("a value on a day that has none")
	}
}

// The newest of each test is found in whatever order results come.
func TestTheNewestOfEachTestIsKept(t *testing.T) {
	key := [3]string{"s", "c", "u"}
	for _, order := range [][]int64{{1, 2, 3}, {3, 2, 1}, {2, 3, 1}, {1, 3, 2}, {3, 1, 2}, {2, 1, 3}} {
		s := newRecents()
		for _, n := range order {
			s.add(key, &result{row: row{value: string(rune('0' + n))}, order: -n, point: point{day: 4, at: n}, value: string(rune('0' + n))})
		}
		if list := s.rows(); len(list) != 1 || list[0].value != "3 (was 2)" {
			t.Errorf("%d gives %v", order, list)
		}
	}
	s := newRecents()
	s.n = resultsMost
	if s.more() || !strings.Contains(s.title(false), "newest 1000000") {
		t.Error("older results were not looked at, and nobody says so:", s.title(false))
	}
}
