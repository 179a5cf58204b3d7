package synth

// Measurements. Values are integers in units of 10^-scale.
const (
	systolic = iota
	diastolic
	pulse
	breathing
	saturation
	temperature
	height
	weight
	bodyMass
	pain
	glycated
	glucose
	creatinine
	filtration
	urea
	sodium
	potassium
	chloride
	bicarbonate
	calcium
	cholesterol
	triglycerides
	ldl
	hdl
	leukocytes
	haemoglobin
	haematocrit
	platelets
	thyrotropin
	prostateAntigen
	ferritin
	albuminRatio
	troponin
	mood
	labCount
)

// measurement says how a value is coded and, for laboratory values, which
// range the outside laboratory prints. critical bounds of 0 are not used.
type measurement struct {
	code                      code
	unit, ucum                string
	scale                     int
	low, high                 int
	criticalLow, criticalHigh int
}

var measurements = [labCount]measurement{
	systolic:        {code: loinc("8480-6", "Systolic blood pressure"), unit: "mmHg", ucum: "mm[Hg]"},
	diastolic:       {code: loinc("8462-4", "Diastolic blood pressure"), unit: "mmHg", ucum: "mm[Hg]"},
	pulse:           {code: loinc("8867-4", "Heart rate"), unit: "beats/minute", ucum: "/min"},
	breathing:       {code: loinc("9279-1", "Respiratory rate"), unit: "breaths/minute", ucum: "/min"},
	saturation:      {code: loinc("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"), unit: "%", ucum: "%"},
	temperature:     {code: loinc("8310-5", "Body temperature"), unit: "Cel", ucum: "Cel", scale: 1},
	height:          {code: loinc("8302-2", "Body height"), unit: "cm", ucum: "cm", scale: 1},
	weight:          {code: loinc("29463-7", "Body weight"), unit: "kg", ucum: "kg", scale: 2},
	bodyMass:        {code: loinc("39156-5", "Body mass index (BMI) [Ratio]"), unit: "kg/m2", ucum: "kg/m2", scale: 2},
	pain:            {code: loinc("72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported"), unit: "{score}", ucum: "{score}"},
	glycated:        {loinc("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood"), "%", "%", 2, 400, 560, 0, 1200},
	glucose:         {loinc("2345-7", "Glucose [Mass/volume] in Serum or Plasma"), "mg/dL", "mg/dL", 0, 65, 99, 50, 300},
	creatinine:      {loinc("2160-0", "Creatinine [Mass/volume] in Serum or Plasma"), "mg/dL", "mg/dL", 2, 60, 120, 0, 500},
	filtration:      {loinc("62238-1", "Glomerular filtration rate/1.73 sq M.predicted [Volume Rate/Area] in Serum, Plasma or Blood by Creatinine-based formula (CKD-EPI)"), "mL/min/{1.73_m2}", "mL/min/{1.73_m2}", 0, 60, 0, 15, 0},
	urea:            {loinc("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma"), "mg/dL", "mg/dL", 0, 7, 20, 0, 100},
	sodium:          {loinc("2951-2", "Sodium [Moles/volume] in Serum or Plasma"), "mmol/L", "mmol/L", 0, 135, 145, 125, 155},
	potassium:       {loinc("2823-3", "Potassium [Moles/volume] in Serum or Plasma"), "mmol/L", "mmol/L", 1, 35, 51, 28, 62},
	chloride:        {loinc("2075-0", "Chloride [Moles/volume] in Serum or Plasma"), "mmol/L", "mmol/L", 0, 98, 107, 0, 0},
	bicarbonate:     {loinc("2028-9", "Carbon dioxide, total [Moles/volume] in Serum or Plasma"), "mmol/L", "mmol/L", 0, 22, 29, 10, 40},
	calcium:         {loinc("17861-6", "Calcium [Mass/volume] in Serum or Plasma"), "mg/dL", "mg/dL", 2, 850, 1020, 650, 1300},
	cholesterol:     {loinc("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma"), "mg/dL", "mg/dL", 0, 0, 199, 0, 0},
	triglycerides:   {loinc("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma"), "mg/dL", "mg/dL", 0, 0, 149, 0, 500},
	ldl:             {loinc("13457-7", "Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation"), "mg/dL", "mg/dL", 0, 0, 129, 0, 0},
	hdl:             {loinc("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma"), "mg/dL", "mg/dL", 0, 40, 0, 0, 0},
	leukocytes:      {loinc("6690-2", "Leukocytes [#/volume] in Blood by Automated count"), "10*3/uL", "10*3/uL", 1, 45, 110, 20, 300},
	haemoglobin:     {loinc("718-7", "Hemoglobin [Mass/volume] in Blood"), "g/dL", "g/dL", 1, 120, 172, 90, 200},
	haematocrit:     {loinc("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count"), "%", "%", 1, 360, 505, 0, 0},
	platelets:       {loinc("777-3", "Platelets [#/volume] in Blood by Automated count"), "10*3/uL", "10*3/uL", 0, 150, 400, 50, 1000},
	thyrotropin:     {loinc("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma"), "m[IU]/L", "m[IU]/L", 3, 400, 4200, 10, 0},
	prostateAntigen: {loinc("2857-1", "Prostate specific Ag [Mass/volume] in Serum or Plasma"), "ng/mL", "ng/mL", 3, 0, 4000, 0, 0},
	ferritin:        {loinc("2276-4", "Ferritin [Mass/volume] in Serum or Plasma"), "ng/mL", "ng/mL", 0, 15, 250, 0, 0},
	albuminRatio:    {loinc("14959-1", "Microalbumin/Creatinine [Mass Ratio] in Urine"), "mg/g", "mg/g{creat}", 1, 0, 299, 0, 0},
	troponin:        {loinc("10839-9", "Troponin I.cardiac [Mass/volume] in Serum or Plasma"), "ng/mL", "ng/mL", 3, 0, 40, 0, 400},
	mood:            {code: loinc("44261-6", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]"), unit: "{score}", ucum: "{score}"},
}

// panel is a set of values that one report carries.
type panel struct {
	code  code
	word  string
	tests []int
}

var (
	metabolicPanel = panel{loinc("51990-0", "Basic metabolic panel - Blood"), "metabolic panel",
		[]int{glucose, urea, creatinine, filtration, sodium, potassium, chloride, bicarbonate, calcium}}
	lipidPanel   = panel{loinc("24331-1", "Lipid 1996 panel - Serum or Plasma"), "lipids", []int{cholesterol, triglycerides, hdl, ldl}}
	bloodCount   = panel{loinc("58410-2", "CBC panel - Blood by Automated count"), "blood count", []int{leukocytes, haemoglobin, haematocrit, platelets}}
	cardiacPanel = panel{loinc("18719-5", "Chemistry studies (set)"), "cardiac markers", []int{troponin, potassium}}
)

var bloodGroups = []code{snomed("112144000", "Blood group A"), snomed("112149005", "Blood group B"), snomed("165743006", "Blood group AB"), snomed("58460004", "Blood group O")}

// flag is the interpretation that an outside laboratory would print.
func (m *measurement) flag(v int) string {
	switch {
	case m.criticalHigh != 0 && v >= m.criticalHigh:
		return "HH"
	case m.criticalLow != 0 && v <= m.criticalLow:
		return "LL"
	case m.high != 0 && v > m.high:
		return "H"
	case m.low != 0 && v < m.low:
		return "L"
	}
	return "N"
}

// appendRange appends the range in words, without its unit.
func (m *measurement) appendRange(b []byte) []byte {
	switch {
	case m.low == 0:
		return appendDec(append(b, "≤ "...), m.high, m.scale)
	case m.high == 0:
		return appendDec(append(b, "≥ "...), m.low, m.scale)
	}
	return appendDec(append(appendDec(b, m.low, m.scale), " – "...), m.high, m.scale)
}

func flagWord(flag string) string {
	switch flag {
	case "HH":
		return "Critical high"
	case "LL":
		return "Critical low"
	case "H":
		return "High"
	case "L":
		return "Low"
	case "A":
		return "Abnormal"
	}
	return "Normal"
}
