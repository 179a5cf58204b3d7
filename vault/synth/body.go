package synth

// Height in thousandths of the adult height by age in years.
var growth = [...]int{290, 435, 497, 548, 588, 623, 662, 697, 731, 765, 794, 823, 857, 891, 931, 960, 983, 994, 1000}

// bodyHeight is in millimetres.
func (l *life) bodyHeight(d day) int {
	a := int(d - l.born)
	y := a / year
	if y >= len(growth)-1 {
		return l.height
	}
	return l.height * (growth[y] + (growth[y+1]-growth[y])*(a%year)/year) / 1000
}

// bodyIndex is in hundredths of kg/m².
func (l *life) bodyIndex(d day) int {
	a := l.age(d)
	v := l.bmi + (min(a, 70)-40)*8
	if a < 18 {
		v = 1500 + a*35 + (l.bmi-2580)*a/22
		if a < 2 {
			v = 1650
		}
	}
	if c := &l.illness[pregnancy]; c.at(d) {
		v += int(d-c.onset) * 450 / 276
	}
	if c := &l.illness[diabetes]; c.at(d) {
		v -= 140 * c.effect(d, 60) / 1000
	}
	return max(v, 1350)
}

// value measures k on day d. It draws one day's variation from r, nothing
// else, so a value follows the person's illnesses and treatments.
func (l *life) value(k int, d day, r *random) int {
	age, bias := l.age(d), l.bias[k]
	ill := &l.illness
	switch k {
	case systolic, diastolic:
		v := 98 + min(age, 80)*38/100 + bias/6
		if c := &ill[hypertension]; c.at(d) {
			v += (26 + c.severity/5) * (1000 - 750*c.effect(d, 12)/1000) / 1000
		}
		if k == diastolic {
			return v*58/100 + 6 + r.noise(6)
		}
		return v + r.noise(16)
	case pulse:
		v := 72 + bias/12 + r.noise(9)
		if age < 10 {
			v += (10 - age) * 5
		}
		if ill[fibrillation].at(d) {
			v += 14 + r.noise(14)
		}
		return v
	case breathing:
		return 15 + max(0, 8-age)*2 + r.noise(2)
	case saturation:
		v := 98 - r.n(3)
		if c := &ill[copd]; c.at(d) {
			v -= 2 + c.severity/25
		}
		return v
	case temperature:
		return 367 + r.noise(5)
	case height:
		return l.bodyHeight(d)
	case bodyMass:
		return l.bodyIndex(d) + r.noise(45)
	case weight: // hundredths of a kilogram
		h := l.bodyHeight(d)
		return (l.bodyIndex(d) + r.noise(45)) * h / 1000 * h / 1000
	case pain:
		v := r.n(3)
		if ill[osteoarthritis].at(d) || ill[migraine].at(d) {
			v += r.in(1, 5)
		}
		return v
	case mood:
		v := 2 + r.n(4)
		if c := &ill[depression]; c.at(d) {
			v += (8 + c.severity/10) * (1000 - 700*c.effect(d, 16)/1000) / 1000
		}
		return min(v, 27)
	}
	return l.bloodValue(k, d, r)
}

func (l *life) bloodValue(k int, d day, r *random) int {
	age, bias := l.age(d), l.bias[k]
	ill := &l.illness
	switch k {
	case glycated:
		return l.sugar(d) + r.noise(12)
	case glucose:
		if l.illness[diabetes].at(d) && l.illness[diabetes].severity > 50 && r.chance(60) {
			return r.in(32, 54) // a hypoglycaemia
		}
		return max(62, (l.sugar(d)*287/100-467)/10+r.noise(9)-8)
	case filtration:
		return l.kidneys(d) + r.noise(4)
	case creatinine:
		v := 8300 / (l.kidneys(d) + 8)
		if l.sex == 'm' {
			v += 14
		}
		return v + r.noise(4)
	case urea:
		return 520/(l.kidneys(d)/2+14) + r.noise(3) + 4
	case sodium:
		return 140 + bias/30 + r.noise(4)
	case potassium:
		v := 42 + bias/20 + r.noise(5)
		if ill[kidneyDisease].at(d) {
			v += 5
		}
		if ill[heartFailure].at(d) && d >= ill[heartFailure].treated {
			v -= 6
		}
		return v
	case chloride:
		return 103 + r.noise(3)
	case bicarbonate:
		return 25 + r.noise(3)
	case calcium:
		return 940 + bias/2 + r.noise(40)
	case triglycerides:
		return 118 + bias*2/3 + max(0, l.sugar(d)-560)/4 + r.noise(40)
	case hdl:
		return 52 + bias/5 + r.noise(5)
	case ldl:
		return l.lipids(d) + r.noise(9)
	case cholesterol:
		return l.lipids(d) + 78 + r.noise(11)
	case leukocytes:
		return 68 + bias/4 + r.noise(24)
	case haemoglobin, haematocrit:
		v := 136 + bias/12
		if l.sex == 'm' && age > 14 {
			v += 14
		}
		if c := &ill[anaemia]; c.at(d) {
			v -= (30 + c.severity/2) * (1000 - c.effect(d, 14)) / 1000
		}
		if k == haematocrit {
			return v*3 + r.noise(8)
		}
		return v + r.noise(4)
	case platelets:
		return 248 + bias/2 + r.noise(24)
	case thyrotropin:
		v := 2000 + bias*14 + r.noise(600)
		if c := &ill[hypothyroidism]; c.at(d) {
			v += (5200 + c.severity*90) * (1000 - c.effect(d, 10)) / 1000
		}
		return max(v, 8)
	case prostateAntigen:
		v := 500 + max(0, age-40)*38 + bias*3 + r.noise(150)
		if c := &ill[prostateCancer]; c.onset != never {
			// It rises for four years before the diagnosis and all but
			// vanishes after the operation.
			v += max(0, 4*year-abs(int(c.onset-d)))*7 + c.severity*20
			if d >= c.treated {
				v = 10 + r.n(30)
			}
		}
		return max(v, 10)
	case ferritin:
		if c := &ill[anaemia]; c.at(d) {
			return 7 + 40*c.effect(d, 26)/1000 + r.n(5)
		}
		return 95 + bias/2 + r.noise(12)
	case albuminRatio:
		v := 80 + r.noise(40)
		if c := &ill[kidneyDisease]; c.at(d) {
			v += 300 + c.severity*12
		}
		return v
	case troponin:
		if r.chance(150) {
			return r.in(40, 900)
		}
		return 10
	}
	panic("synth: measurement without a model")
}

// sugar is HbA1c in hundredths of a percent: it creeps up before the
// diagnosis, stands high at it, and falls over eight months of treatment.
func (l *life) sugar(d day) int {
	base := 525 + l.bias[glycated]/8
	c := &l.illness[diabetes]
	if c.onset == never {
		return base
	}
	peak, goal := 720+c.severity*4, 630+c.severity*6/10
	if d < c.onset {
		return base + max(0, 3*year-int(c.onset-d))*(640-base)/(3*year)
	}
	drift := min(120, int(d-c.onset)/year*(4+c.severity/12))
	return peak - (peak-goal)*c.effect(d, 34)/1000 + drift
}

// kidneys is the glomerular filtration rate, which falls with age and faster
// with kidney disease.
func (l *life) kidneys(d day) int {
	v := 118 - max(0, l.age(d)-30)*7/10 + l.bias[filtration]/10
	if c := &l.illness[kidneyDisease]; c.at(d) {
		v = min(v, 57) - int(d-c.onset)*(1+c.severity/22)/year
	}
	return max(v, 8)
}

func (l *life) lipids(d day) int {
	v := 106 + l.bias[ldl]/3
	if c := &l.illness[hyperlipidaemia]; c.at(d) {
		v += (52 + c.severity/2) * (1000 - 850*c.effect(d, 10)/1000) / 1000
	}
	return v
}

func abs(n int) int { return max(n, -n) }
