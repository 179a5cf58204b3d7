package tui

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir"
)

// point is one value of a test.
type point struct {
	day    int32  // as written, without its zone
	at     int64  // seconds of its moment, 0 where only a day is written
	date   string // as written
	value  string // digits as written; "" with a reason in absent
	absent string
	flag   string
	ref    string // the reference range in words, "" when none was supplied
	low    float64
	high   float64
	num    float64 // for shapes and places only; NaN when it is no plain number
	record vault.RecordID
}

// series is one test of one patient: one code in one unit, never more.
type series struct {
	code   string // system|code, "" when only words name it
	name   string
	short  string // without what stands in brackets, where that is still one test
	unit   string
	points []point // oldest first
	older  int     // values that are not kept: those before the first of points
}

// pointsMost values of a test are kept, the newest.
const pointsMost = 100_000

// sheet holds the tests of a patient, as far as they were read.
type sheet struct {
	tests   []*series
	index   map[[3]string]*series
	days    []int32 // with a value, oldest first
	names   map[int32]string
	left    int // results that count no more: entered in error, cancelled
	undated int
	after   int64
	ended   bool
}

func newSheet() *sheet { return &sheet{index: map[[3]string]*series{}, names: map[int32]string{}} }

// reading is what a sheet keeps of one Observation.
type reading struct {
	key  [3]string
	name string
	point
}

// readingsOf takes an Observation's values; void is for one that counts no more.
func readingsOf(r *vault.Row) (out []reading, void bool) {
	if r.Status == "entered-in-error" || r.Status == "cancelled" {
		return nil, true
	}
	day, dated := fhir.Day(r.Date)
	if !dated {
		day = math.MinInt32
	}
	at := instant(r.Date)
	for _, m := range r.Measures {
		code := best(m.Codings)
		name := widget.Clean(m.Name)
		if name == "" {
			name = widget.Clean(code.Display)
		}
		p := point{day: day, at: at, date: widget.Clean(r.Date), value: widget.Clean(m.Value), absent: widget.Clean(m.Absent), flag: widget.Clean(m.Flag),
			ref: rangeText(m.Low, m.High, m.Range), low: number(m.Low), high: number(m.High), num: number(m.Value), record: r.ID}
		out = append(out, reading{[3]string{code.System, code.Code, m.Unit}, name, p})
		if code.Code == "" {
			out[len(out)-1].key[1] = "\x00" + name
		}
	}
	return out, false
}

// best prefers LOINC, so that the same test from two laboratories is one row.
func best(codings []vault.Coding) vault.Coding {
	for _, c := range codings {
		if c.System == "http://loinc.org" {
			return c
		}
	}
	if len(codings) > 0 {
		return codings[0]
	}
	return vault.Coding{}
}

func number(s string) float64 {
	if v, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(v, 0) {
		return v
	}
	return math.NaN()
}

// rangeText is the reference range as supplied, "" when there was none.
func rangeText(low, high, text string) string {
	switch {
	case low != "" && high != "":
		return widget.Clean(low + "–" + high)
	case low != "":
		return widget.Clean("≥ " + low)
	case high != "":
		return widget.Clean("≤ " + high)
	}
	return widget.Clean(text)
}

// compare orders values by the day that is written, and within it by their moments.
func (p *point) compare(o *point) int {
	if n := cmp.Compare(p.day, o.day); n != 0 {
		return n
	}
	if n := cmp.Compare(p.at, o.at); n != 0 {
		return n
	}
	return strings.Compare(p.date, o.date)
}

// instant is a date's place in time, 0 where it says no more than a day.
func instant(date string) int64 {
	if len(date) > 10 {
		if t, err := time.Parse(time.RFC3339, date); err == nil {
			return t.Unix()
		}
	}
	return 0
}

// add takes in a page of readings, newest first and older than those that are there.
func (s *sheet) add(list []reading) {
	fresh := map[*series][]point{}
	for _, r := range list {
		t := s.index[r.key]
		if t == nil {
			t = &series{name: r.name, unit: widget.Clean(r.key[2])}
			if !strings.HasPrefix(r.key[1], "\x00") {
				t.code = r.key[0] + "|" + r.key[1]
			}
			s.index[r.key] = t
			s.tests = append(s.tests, t)
		}
		if t.name == "" {
			t.name = r.name
		}
		fresh[t] = append(fresh[t], r.point)
		if r.day == math.MinInt32 {
			s.undated++
		} else if s.names[r.day] == "" {
			s.names[r.day] = r.date
			s.days = append(s.days, r.day)
		}
	}
	slices.Sort(s.days)
	for _, t := range s.tests {
		if page := fresh[t]; page != nil {
			slices.Reverse(page)
			if over := len(page) + len(t.points) - pointsMost; over > 0 {
				over = min(over, len(page))
				t.older, page = t.older+over, page[over:]
			}
			t.points = append(page, t.points...)
			slices.SortStableFunc(t.points, func(a, b point) int { return a.compare(&b) })
		}
		if t.name == "" {
			t.name = "unnamed test"
		}
	}
	count := map[[2]string]int{}
	for _, t := range s.tests {
		count[[2]string{shortName(t.name), t.unit}]++
	}
	for _, t := range s.tests {
		if t.short = shortName(t.name); count[[2]string{t.short, t.unit}] > 1 {
			t.short = t.name
		}
	}
	slices.SortStableFunc(s.tests, func(a, b *series) int {
		if n := place(a.code) - place(b.code); n != 0 {
			return n
		}
		if n := strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)); n != 0 {
			return n
		}
		return len(b.points) - len(a.points) // of two units the one used more
	})
}

// shortName cuts the property and the specimen off a LOINC name, "Glucose
// [Mass/volume] in Blood".
func shortName(name string) string {
	if i := strings.Index(name, " ["); i > 0 {
		return name[:i]
	}
	return name
}

// on gives the last value of that day, and whether there were more.
func (t *series) on(day int32) (p point, more, ok bool) {
	end, _ := slices.BinarySearchFunc(t.points, day, func(p point, day int32) int {
		if p.day <= day {
			return -1
		}
		return 1
	})
	if end == 0 || t.points[end-1].day != day {
		return point{}, false, false
	}
	return t.points[end-1], end > 1 && t.points[end-2].day == day, true
}

// last is the newest value.
func (t *series) last() point { return t.points[len(t.points)-1] }

// lastRange is the range of the newest value, which may differ from older ones'.
func (t *series) lastRange() string { return stated(t.last().ref, "–") }

// numbers are the last n values.
func (t *series) numbers(n int) []float64 {
	points := t.points[max(0, len(t.points)-n):]
	out := make([]float64, len(points))
	for i := range points {
		out[i] = points[i].num
	}
	return out
}

// count is how many values there are, as far as they were read.
func (t *series) count() int { return len(t.points) + t.older }

// followed are the tests that are followed over years, in the order in which
// they stand at the top of the flowsheet (LOINC, https://loinc.org).
var followed = []string{
	"4548-4", "17856-6", "4549-2", "59261-8", // HbA1c
	"2339-0", "2345-7", "1558-6", "14749-6", "15074-8", // glucose
	"33914-3", "62238-1", "98979-8", "48642-3", "69405-9", "77147-7", "88293-6", // eGFR
	"2160-0", "38483-4", "14682-9", // creatinine
	"9318-7", "14959-1", // albumin/creatinine
	"2823-3", "6298-4", "2951-2", "2947-0", // potassium, sodium
	"718-7", "6690-2", "777-3", "4544-3", // blood count
	"13457-7", "18262-6", "2089-1", "2093-3", "2085-9", "2571-8", // lipids
	"3016-3", "6301-6", "2857-1", "1988-5", // TSH, INR, PSA, CRP
	"1742-6", "1920-8", "1975-2", // liver
	"8480-6", "8462-4", "8867-4", "29463-7", "39156-5", "59408-5", "2708-6", "9279-1", "8310-5", "8302-2", // vital signs
}

// place is a test's place among the followed ones, behind them for the others.
func place(code string) int {
	if c, ok := strings.CutPrefix(code, "http://loinc.org|"); ok {
		if i := slices.Index(followed, c); i >= 0 {
			return i
		}
	}
	return len(followed)
}
