package synth

// never lies after every day that is written.
const never day = 1 << 30

// illness is one person's course of a disease.
type illness struct {
	onset, treated, resolved day // never when it did not come to that
	severity                 int // 0..100
}

func (c *illness) at(d day) bool { return d >= c.onset && d < c.resolved }

// effect is how far treatment has come by day d, in thousandths: 0 before it,
// 1000 once it has had its weeks.
func (c *illness) effect(d day, weeks int) int {
	if d < c.treated {
		return 0
	}
	return min(1000, int(d-c.treated)*1000/(7*weeks))
}

// visitKind is why somebody comes.
type visitKind int

const (
	checkup visitKind = iota
	followUp
	acute
	emergency
	prenatal
)

// visit is one contact of the course of life.
type visit struct {
	kind      visitKind
	at        instant
	complaint int // index into complaints, for acute and emergency
}

// life is what is true of a person, before any of it is written down.
type life struct {
	i           int
	r           random
	now         day
	name        personName
	sex         byte // 'f' or 'm', as the body has it
	gender      string
	born, died  day
	first, last day // of the records
	zone        int
	smoker      bool
	blood       int
	height      int // adult, millimetres
	bmi         int // at 40, hundredths of kg/m²
	bias        [labCount]int
	illness     [diseaseCount]illness
	visits      []visit
	home        address
	practice    practice
	doctor      int // index of the usual practitioner
}

// zones pairs winter and summer offsets.
var zones = [...][2]string{{"-05:00", "-04:00"}, {"-06:00", "-05:00"}, {"Z", "Z"}, {"+01:00", "+02:00"}, {"+05:30", "+05:30"}}

func (l *life) live(g *Generator, i int) {
	visits := l.visits[:0]
	*l = life{i: i, now: g.now, visits: visits}
	l.r.seed(g.seed, domainLife, uint64(i))
	r := &l.r
	l.practice.settle(g.seed, i/practiceSize)

	l.sex = 'f'
	if r.chance(490) {
		l.sex = 'm'
	}
	switch n := r.n(1000); {
	case n < 15:
		l.gender = "unknown"
	case n < 25:
		l.gender = "other"
	case n < 40: // left out
	case l.sex == 'f':
		l.gender = "female"
	default:
		l.gender = "male"
	}
	l.name = drawName(r, l.sex == 'f')
	l.home = drawAddress(r)
	age := (r.in(0, 93) + r.in(4, 93)) / 2
	l.born = l.now - day(age*year+r.in(1, 364))
	l.died, l.last = never, l.now-1
	if age > 55 && r.chance((age-50)*4) {
		l.died = l.now - day(r.in(1, 4*year))
		l.last = l.died
	}
	l.first = max(l.born+2, l.last-day(r.in(300, 14*year)))
	l.zone = r.n(len(zones))
	l.smoker = age > 16 && r.chance(210)
	l.blood = r.n(len(bloodGroups))
	l.doctor = r.n(practitionersPerPractice)
	l.height = 1625 + r.noise(140)
	if l.sex == 'm' {
		l.height += 130
	}
	l.bmi = 2580 + r.noise(900)
	for k := range l.bias {
		l.bias[k] = r.noise(100)
	}
	l.fallIll(age)
	l.schedule()
	l.startTreatments()
}

// fallIll decides which diseases the person has had by now.
func (l *life) fallIll(age int) {
	r := &l.r
	for k := range diseases {
		c, d := &l.illness[k], &diseases[k]
		*c = illness{never, never, never, r.in(0, 100)}
		// Every disease draws the same count of numbers, so that the table of
		// one does not shift the lives of all the others.
		onset, hit, delay := r.in(d.from, d.to)*year+r.in(0, 364), r.n(1000), r.in(0, 200)
		p := d.lifetime
		switch {
		case d.sex != 0 && d.sex != l.sex:
			p = 0
		case (k == hypertension || k == diabetes) && l.bmi > 2900:
			p += 180
		case k == copd && l.smoker:
			p += 250
		case k == kidneyDisease && l.illness[diabetes].onset != never, k == heartFailure && l.illness[hypertension].onset != never:
			p += 160
		}
		if hit >= p || l.born+day(onset) >= l.last {
			continue
		}
		c.onset = l.born + day(onset)
		c.treated = c.onset + day(delay)
		switch k {
		case pregnancy:
			c.resolved = c.onset + 276
			c.treated = c.onset + 30
		case anaemia:
			c.resolved = c.onset + 400
		case asthma:
			if age < 30 && c.severity < 30 {
				c.resolved = c.onset + 9*year
			}
		}
	}
}

// schedule lays out the visits between first and last.
func (l *life) schedule() {
	r := &l.r
	for d := l.first; d <= l.last; {
		gap := 360
		for k := range diseases {
			if l.illness[k].at(d) {
				gap -= 38
			}
		}
		kind := checkup
		switch age := int(d-l.born) / year; {
		case l.illness[pregnancy].at(d):
			kind, gap = prenatal, 42
		case age < 2:
			gap = 75
		case gap < 290:
			kind = followUp
		}
		gap = max(gap, 80)
		l.meet(kind, d, 0)
		next := d + day(gap+r.noise(gap/4))
		if r.chance(330) {
			if a := d + day(r.in(9, gap)); a < next && a <= l.last {
				kind := acute
				if r.chance(140) {
					kind = emergency
				}
				n := len(complaints)
				if l.age(a) < 12 {
					n = childComplaints
				}
				l.meet(kind, a, r.n(n))
			}
		}
		d = next
	}
}

// startTreatments moves the start of each treatment to the visit at which it is
// prescribed, so that values fall after the prescription and not before it.
func (l *life) startTreatments() {
	for k := range l.illness {
		c := &l.illness[k]
		if c.treated <= l.first || c.treated == never {
			continue
		}
		due := c.treated
		c.treated = never
		for v := range l.visits {
			if d := l.visits[v].at.day; d >= due {
				c.treated = d
				break
			}
		}
	}
}

func (l *life) meet(kind visitKind, d day, complaint int) {
	_, m, _ := d.date()
	zone := zones[l.zone][0]
	if m > 3 && m < 11 {
		zone = zones[l.zone][1]
	}
	second := l.r.in(8*60, 17*60)*60 + l.r.n(60)
	if kind == emergency {
		second = l.r.in(0, 20*3600)
	}
	l.visits = append(l.visits, visit{kind, instant{d, second, zone, l.zone == 2}, complaint})
}

func (l *life) age(d day) int { return int(d-l.born) / year }
