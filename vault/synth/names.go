package synth

// culture is a stock of name parts that occur together. The parts are ordinary
// names; which of them meet is chance.
type culture struct {
	weight       int // of 1000
	female, male []string
	family       []string
	prefix       [2]string // female, male
	language     code
	// script holds whole names in another writing, as an additional name.
	script []string
}

func language(c, display string) code { return code{"urn:ietf:bcp:47", c, display} }

// The list mixes composed and decomposed diacritics on purpose (Zoe\u0308,
// Bjo\u0308rn, Nguye\u0302\u0303n): both forms reach real systems.
var cultures = []culture{
	{380, []string{"Agnes", "Beatrix", "Clara", "Dorothy", "Edith", "Fern", "Gwen", "Harriet", "Imogen", "Juniper", "Kerensa", "Lorna", "Mabel", "Zoe\u0308"},
		[]string{"Alban", "Barnaby", "Cedric", "Desmond", "Ellis", "Fergus", "Gareth", "Howard", "Ivor", "Jasper", "Kit", "Leopold", "Magnus", "Ned"},
		[]string{"Ashgrove", "Birchwhistle", "Coldwater", "Dunmarrow", "Elderfield", "Fennimoor", "Greyholt", "Hawkswell", "Inglethorpe", "O'Tarrow", "Kestlemere", "Larkbeck", "Moorhollow", "Netherwick", "Oakenshaw", "Penhallick"},
		[2]string{"Mrs.", "Mr."}, language("en-US", "English (United States)"), nil},
	{160, []string{"Alma", "Begoña", "Carmen", "Dolores", "Inés", "Lucía", "María José", "Núria", "Pilar", "Xiomara"},
		[]string{"Álvaro", "Benito", "César", "Íñigo", "Joaquín", "José", "Martín", "Ramón", "Óscar", "Tomás"},
		[]string{"Peñalver Robledo", "Ibáñez del Soto", "Zarzuelo", "Quiñones Arce", "Montesclaros", "de la Garza Rubio", "Urrutikoetxea", "Valdeolmos"},
		[2]string{"Sra.", "Sr."}, language("es", "Spanish"), nil},
	{90, []string{"Bärbel", "Friederike", "Käthe", "Liesl", "Margarethe", "Ulrike"},
		[]string{"Bernd", "Günther", "Jörg", "Jürgen", "Rüdiger", "Wolfram"},
		[]string{"von Birkenau-Thal", "Weißgerber", "Großkreuz", "Müßiggang", "Schönhütter", "Lindwurm", "Käsebühl"},
		[2]string{"Frau", "Herr Dr."}, language("de", "German"), nil},
	{70, []string{"Agnieszka", "Bożena", "Grażyna", "Łucja", "Małgorzata", "Świętosława"},
		[]string{"Bogusław", "Grzegorz", "Łukasz", "Mieczysław", "Paweł", "Zdzisław"},
		[]string{"Brzęczyński", "Dąbkowy", "Krzemieniak", "Ścieżka", "Wądołek", "Żurawiec"},
		[2]string{"Pani", "Pan"}, language("pl", "Polish"), nil},
	{60, []string{"Amina", "Buthaina", "Hala", "Layla", "Noura", "Salma"},
		[]string{"Adnan", "Bassam", "Fadi", "Karim", "Nabil", "Tariq"},
		[]string{"Al-Bustani", "Al-Nahri", "El-Warda", "Haddadin", "Qamari", "Zaytouni"},
		[2]string{"Dr.", "Dr."}, language("ar", "Arabic"), []string{"ليلى النهري", "سلمى البستاني", "نورة القمري", "كريم الزيتوني", "طارق الورد", "فادي حدّادين"}},
	{40, []string{"Avital", "Hadas", "Noa", "Tamar"}, []string{"Amnon", "Gideon", "Oren", "Yair"},
		[]string{"Ben-Ilan", "Har-Tzion", "Nachalieli", "Shemesh-Or"},
		[2]string{"", ""}, language("he", "Hebrew"), []string{"נועה בן־אילן", "תמר הר־ציון", "אורן נחליאלי", "יאיר שֶׁמֶשׁ־אור"}},
	{60, []string{"Ánh", "Hương", "Lệ", "Thu Thủy"}, []string{"Bảo", "Đức", "Hiếu", "Quốc Việt"},
		[]string{"Nguye\u0302\u0303n", "Trần", "Phạm", "Đặng", "Huỳnh"},
		[2]string{"Bà", "Ông"}, language("vi", "Vietnamese"), nil},
	{60, []string{"Akemi", "Chiyo", "Mei", "Xiulan"}, []string{"Haruto", "Jian", "Kenji", "Wei"},
		[]string{"Asakura", "Hoshikawa", "Lin", "Ouyang", "Zhuge"},
		[2]string{"", ""}, language("ja", "Japanese"), []string{"星川 明美", "朝倉 健司", "歐陽 秀蘭", "林 偉", "𠮷田 千代"}},
	{50, []string{"Adaeze", "Folasadé", "Ìfẹ́olúwa", "Ngozi"}, []string{"Chukwuemeka", "Ọláṣubọ̀mí", "Tùndé", "Uche"},
		[]string{"Adébáyọ̀", "Eze-Okoro", "Ọdẹ́wálé", "Nwakanma"},
		[2]string{"Chief", "Chief"}, language("yo", "Yoruba"), nil},
	{30, []string{"Guðrún", "Sigríður", "Þórdís"}, []string{"Bjo\u0308rn", "Hákon", "Þorsteinn"},
		[]string{"Ketilsdóttir", "Ljósvetningur", "Hrafnkelsson", "Ægisson"},
		[2]string{"", ""}, language("is", "Icelandic"), nil},
}

// personName is a name as drawn; display is how a clinician would write it.
type personName struct {
	culture              *culture
	given, middle        string
	family, prefix       string
	script, display, nee string
}

// drawName draws a name; female selects the stock of given names.
func drawName(r *random, female bool) personName {
	k, n := 0, r.n(1000)
	for n >= cultures[k].weight {
		n -= cultures[k].weight
		k++
	}
	c := &cultures[k]
	given, prefix := c.male, c.prefix[1]
	if female {
		given, prefix = c.female, c.prefix[0]
	}
	p := personName{culture: c, given: pick(r, given), family: pick(r, c.family)}
	if r.chance(350) {
		p.prefix = prefix
	}
	if m := pick(r, given); r.chance(450) && m != p.given {
		p.middle = m
	}
	if len(c.script) > 0 && r.chance(800) {
		p.script = pick(r, c.script)
	}
	if f := pick(r, c.family); female && f != p.family && r.chance(300) {
		p.nee = f
	}
	p.display = p.given + " " + p.family
	return p
}
