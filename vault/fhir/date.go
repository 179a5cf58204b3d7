package fhir

// Day gives the day of a FHIR date, dateTime or instant as days since
// 1900-01-01 in the proleptic Gregorian calendar; earlier ones are negative. It
// is the day as written, without regard to time zones; a partial date gives its
// first day. ok is false for anything else
// (https://hl7.org/fhir/R4/datatypes.html#dateTime).
func Day(date string) (day int32, ok bool) {
	day, _, ok = Span(date)
	return day, ok
}

// Span gives the first and the last day that a date may mean, counted like Day:
// all of a year or a month when only that is written.
func Span(date string) (first, last int32, ok bool) {
	if len(date) < 4 {
		return 0, 0, false
	}
	year, ok := digits(date[:4])
	if !ok || year == 0 {
		return 0, 0, false
	}
	if len(date) == 4 {
		return daysTo(year, 1, 1), daysTo(year, 12, 31), true
	}
	if len(date) < 7 || date[4] != '-' {
		return 0, 0, false
	}
	month, ok := digits(date[5:7])
	if !ok || month < 1 || month > 12 {
		return 0, 0, false
	}
	if len(date) == 7 {
		return daysTo(year, month, 1), daysTo(year, month, daysIn(year, month)), true
	}
	if len(date) < 10 || date[7] != '-' {
		return 0, 0, false
	}
	day, ok := digits(date[8:10])
	if !ok || day < 1 || day > daysIn(year, month) {
		return 0, 0, false
	}
	if len(date) > 10 && !clockTime(date[10:]) {
		return 0, 0, false
	}
	n := daysTo(year, month, day)
	return n, n, true
}

// clockTime reports whether s is "Thh:mm", with seconds and a zone where
// written; DSTU2 leaves out what R4 asks for.
func clockTime(s string) bool {
	if len(s) < 6 || s[0] != 'T' || s[3] != ':' || !within(s[1:3], 23) || !within(s[4:6], 59) {
		return false
	}
	s = s[6:]
	if len(s) >= 3 && s[0] == ':' {
		if !within(s[1:3], 60) {
			return false
		}
		s = s[3:]
		if len(s) > 1 && s[0] == '.' {
			n := 1
			for n < len(s) && '0' <= s[n] && s[n] <= '9' {
				n++
			}
			if n == 1 {
				return false
			}
			s = s[n:]
		}
	}
	switch {
	case s == "" || s == "Z":
		return true
	case len(s) == 6 && (s[0] == '+' || s[0] == '-') && s[3] == ':':
		return within(s[1:3], 14) && within(s[4:6], 59)
	}
	return false
}

func within(s string, most int) bool {
	n, ok := digits(s)
	return ok && n <= most
}

func digits(s string) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int(s[i]-'0')
	}
	return n, true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysTo counts with years that begin in March, so that a leap day ends one.
func daysTo(year, month, day int) int32 {
	const to1900 = 693901 // from 0000-03-01
	if month < 3 {
		year, month = year-1, month+12
	}
	return int32(365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - to1900)
}
