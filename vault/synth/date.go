package synth

// day counts days from 1970-01-01 in the proleptic Gregorian calendar.
type day int

const year = 365

// civil and date convert between day and calendar (H. Hinnant,
// "chrono-Compatible Low-Level Date Algorithms"), for years from 0.
func civil(y, m, d int) day {
	if m <= 2 {
		y--
		m += 12
	}
	era, yoe := y/400, y%400
	doy := (153*(m-3)+2)/5 + d - 1
	return day(era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468)
}

func (t day) date() (y, m, d int) {
	z := int(t) + 719468
	era, doe := z/146097, z%146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	y, m = era*400+yoe, mp+3
	if m > 12 {
		y, m = y+1, m-12
	}
	return y, m, d
}

// Precision of a FHIR date (R4, datatypes: date and dateTime may be partial).
const (
	toYear = iota
	toMonth
	toDay
)

func (t day) append(b []byte, precision int) []byte {
	y, m, d := t.date()
	b = append(b, byte('0'+y/1000), byte('0'+y/100%10))
	b = two(b, y%100)
	if precision >= toMonth {
		b = two(append(b, '-'), m)
	}
	if precision >= toDay {
		b = two(append(b, '-'), d)
	}
	return b
}

func two(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// instant is a moment of a day on a wall clock with its zone.
type instant struct {
	day    day
	second int // of the day, local
	zone   string
	milli  bool
}

func (t instant) append(b []byte) []byte {
	b = append(t.day.append(b, toDay), 'T')
	b = two(b, t.second/3600)
	b = two(append(b, ':'), t.second/60%60)
	b = two(append(b, ':'), t.second%60)
	if t.milli {
		ms := (t.second * 37) % 1000
		b = two(append(b, '.', byte('0'+ms/100)), ms%100)
	}
	return append(b, t.zone...)
}

func (t instant) plus(seconds int) instant {
	t.second += seconds
	if t.second >= 86400 {
		t.second = 86399
	}
	return t
}
