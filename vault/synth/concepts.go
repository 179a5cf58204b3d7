package synth

import "strconv"

// Code systems (FHIR R4, terminologies-systems).
const (
	systemSNOMED = "http://snomed.info/sct"
	systemLOINC  = "http://loinc.org"
	systemRxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
	systemCVX    = "http://hl7.org/fhir/sid/cvx"
	systemICD10  = "http://hl7.org/fhir/sid/icd-10-cm"
	systemUCUM   = "http://unitsofmeasure.org"
	systemNPI    = "http://hl7.org/fhir/sid/us-npi"
	systemSSN    = "http://hl7.org/fhir/sid/us-ssn"
	systemMRN    = "https://ehr.example.org/mrn"
	terminology  = "http://terminology.hl7.org/CodeSystem/"
)

func snomed(c, display string) code { return code{systemSNOMED, c, display} }
func loinc(c, display string) code  { return code{systemLOINC, c, display} }
func icd10(c, display string) code  { return code{systemICD10, c, display} }
func rxnorm(c, display string) code { return code{systemRxNorm, c, display} }
func itoa(n int) string             { return strconv.Itoa(n) }

// hl7 is a code of one of HL7's own code systems, whose codes read as words.
func hl7(system, c, display string) code { return code{terminology + system, c, display} }

// disease is a row of the epidemiology: when it starts, in whom, and what is
// done about it.
type disease struct {
	snomed, icd code
	word        string // as a clinician says it
	sex         byte   // 'f', 'm' or 0 for anybody
	from, to    int    // age at onset, years
	lifetime    int    // chance in 1000 to have it by the age of to
	drugs       []int  // indices of drugs, in the order in which they are tried
}

const (
	hypertension = iota
	diabetes
	hyperlipidaemia
	asthma
	copd
	kidneyDisease
	depression
	hypothyroidism
	anaemia
	prostateCancer
	breastCancer
	fibrillation
	heartFailure
	osteoarthritis
	reflux
	migraine
	gout
	pregnancy
	diseaseCount
)

var diseases = [diseaseCount]disease{
	hypertension:    {snomed("59621000", "Essential hypertension"), icd10("I10", "Essential (primary) hypertension"), "hypertension", 0, 30, 75, 520, []int{lisinopril, amlodipine, hydrochlorothiazide}},
	diabetes:        {snomed("44054006", "Diabetes mellitus type 2"), icd10("E11.9", "Type 2 diabetes mellitus without complications"), "type 2 diabetes", 0, 32, 72, 240, []int{metformin500, metformin1000, insulin}},
	hyperlipidaemia: {snomed("55822004", "Hyperlipidemia"), icd10("E78.5", "Hyperlipidemia, unspecified"), "hyperlipidaemia", 0, 28, 70, 400, []int{simvastatin, atorvastatin}},
	asthma:          {snomed("195967001", "Asthma"), icd10("J45.909", "Unspecified asthma, uncomplicated"), "asthma", 0, 3, 40, 120, []int{albuterol, fluticasone}},
	copd:            {snomed("13645005", "Chronic obstructive lung disease"), icd10("J44.9", "Chronic obstructive pulmonary disease, unspecified"), "COPD", 0, 45, 78, 130, []int{fluticasone, albuterol}},
	kidneyDisease:   {snomed("433144002", "Chronic kidney disease stage 3"), icd10("N18.30", "Chronic kidney disease, stage 3 unspecified"), "chronic kidney disease", 0, 48, 80, 140, nil},
	depression:      {snomed("370143000", "Major depressive disorder"), icd10("F32.9", "Major depressive disorder, single episode, unspecified"), "depression", 0, 15, 65, 190, []int{sertraline, fluoxetine}},
	hypothyroidism:  {snomed("40930008", "Hypothyroidism"), icd10("E03.9", "Hypothyroidism, unspecified"), "hypothyroidism", 0, 25, 70, 80, []int{levothyroxine}},
	anaemia:         {snomed("87522002", "Iron deficiency anemia"), icd10("D50.9", "Iron deficiency anemia, unspecified"), "iron deficiency anaemia", 0, 14, 80, 260, []int{ferrous}},
	prostateCancer:  {snomed("254900004", "Carcinoma of prostate"), icd10("C61", "Malignant neoplasm of prostate"), "prostate cancer", 'm', 52, 82, 130, nil},
	breastCancer:    {snomed("254837009", "Malignant neoplasm of breast"), icd10("C50.919", "Malignant neoplasm of unspecified site of unspecified female breast"), "breast cancer", 'f', 36, 80, 120, []int{tamoxifen}},
	fibrillation:    {snomed("49436004", "Atrial fibrillation"), icd10("I48.91", "Unspecified atrial fibrillation"), "atrial fibrillation", 0, 55, 85, 110, []int{warfarin}},
	heartFailure:    {snomed("84114007", "Heart failure"), icd10("I50.9", "Heart failure, unspecified"), "heart failure", 0, 60, 88, 100, []int{furosemide}},
	osteoarthritis:  {snomed("239873007", "Osteoarthritis of knee"), icd10("M17.9", "Osteoarthritis of knee, unspecified"), "osteoarthritis of the knee", 0, 45, 80, 250, []int{acetaminophen, naproxen}},
	reflux:          {snomed("235595009", "Gastroesophageal reflux disease"), icd10("K21.9", "Gastro-esophageal reflux disease without esophagitis"), "reflux disease", 0, 25, 70, 200, []int{omeprazole}},
	migraine:        {snomed("37796009", "Migraine"), icd10("G43.909", "Migraine, unspecified, not intractable, without status migrainosus"), "migraine", 0, 12, 45, 140, []int{ibuprofen}},
	gout:            {snomed("90560007", "Gout"), icd10("M10.9", "Gout, unspecified"), "gout", 'm', 40, 75, 70, []int{allopurinol}},
	pregnancy:       {snomed("72892002", "Normal pregnancy"), icd10("Z34.90", "Encounter for supervision of normal pregnancy, unspecified, unspecified trimester"), "pregnancy", 'f', 19, 40, 600, []int{folicAcid}},
}

// complaint is an acute illness that brings somebody in once.
type complaint struct {
	snomed, icd code
	word        string
	days        int // until it has gone
	drug        int
	reason      string
}

// childComplaints is how many of the complaints, from the first, happen at any
// age. They are infections.
const childComplaints = 4

var complaints = []complaint{
	{snomed("10509002", "Acute bronchitis"), icd10("J20.9", "Acute bronchitis, unspecified"), "acute bronchitis", 14, acetaminophen, "cough for five days"},
	{snomed("444814009", "Viral sinusitis"), icd10("J01.90", "Acute sinusitis, unspecified"), "viral sinusitis", 18, ibuprofen, "facial pressure"},
	{snomed("43878008", "Streptococcal sore throat"), icd10("J02.0", "Streptococcal pharyngitis"), "streptococcal sore throat", 10, amoxicillin, "sore throat and fever"},
	{snomed("3110003", "Acute otitis media"), icd10("H66.90", "Otitis media, unspecified, unspecified ear"), "acute otitis media", 12, amoxicillin, "ear pain"},
	{snomed("68566005", "Urinary tract infectious disease"), icd10("N39.0", "Urinary tract infection, site not specified"), "urinary tract infection", 7, amoxicillin, "burning micturition"},
	{snomed("44465007", "Sprain of ankle"), icd10("S93.409A", "Sprain of unspecified ligament of unspecified ankle, initial encounter"), "ankle sprain", 28, naproxen, "twisted ankle"},
	{snomed("279039007", "Low back pain"), icd10("M54.50", "Low back pain, unspecified"), "low back pain", 35, naproxen, "back pain after lifting"},
}

// drug is a prescribable product with its usual dose.
type drug struct {
	code      code
	word      string
	dose      int // in tenths of unit
	unit      string
	perPeriod int // times
	hours     int // per period of so many hours
	sig       string
}

const (
	lisinopril = iota
	amlodipine
	hydrochlorothiazide
	metformin500
	metformin1000
	insulin
	simvastatin
	atorvastatin
	albuterol
	fluticasone
	sertraline
	fluoxetine
	levothyroxine
	ferrous
	tamoxifen
	warfarin
	furosemide
	acetaminophen
	naproxen
	ibuprofen
	omeprazole
	allopurinol
	folicAcid
	amoxicillin
	azithromycin
)

var drugs = [...]drug{
	lisinopril:          {rxnorm("314076", "lisinopril 10 MG Oral Tablet"), "lisinopril", 10, "tablet", 1, 24, "Take one tablet by mouth every morning."},
	amlodipine:          {rxnorm("197361", "amlodipine 5 MG Oral Tablet"), "amlodipine", 10, "tablet", 1, 24, "Take one tablet by mouth daily."},
	hydrochlorothiazide: {rxnorm("310798", "hydrochlorothiazide 25 MG Oral Tablet"), "hydrochlorothiazide", 5, "tablet", 1, 24, "Take ½ tablet by mouth every morning."},
	metformin500:        {rxnorm("861007", "metformin hydrochloride 500 MG Oral Tablet"), "metformin", 10, "tablet", 2, 24, "Take one tablet by mouth twice daily with meals."},
	metformin1000:       {rxnorm("861004", "metformin hydrochloride 1000 MG Oral Tablet"), "metformin", 10, "tablet", 2, 24, "Take one tablet by mouth twice daily with meals."},
	insulin:             {rxnorm("106892", "insulin isophane, human 70 UNT/ML / insulin, regular, human 30 UNT/ML Injectable Suspension [Humulin]"), "insulin", 125, "unit", 2, 24, "Inject 12.5 units under the skin before breakfast and dinner."},
	simvastatin:         {rxnorm("312961", "simvastatin 20 MG Oral Tablet"), "simvastatin", 10, "tablet", 1, 24, "Take one tablet by mouth at bedtime."},
	atorvastatin:        {rxnorm("617310", "atorvastatin 20 MG Oral Tablet"), "atorvastatin", 10, "tablet", 1, 24, "Take one tablet by mouth daily."},
	albuterol:           {rxnorm("745679", "200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler"), "albuterol", 20, "puff", 1, 6, "Inhale two puffs every six hours as needed for wheeze."},
	fluticasone:         {rxnorm("896209", "60 ACTUAT fluticasone propionate 0.25 MG/ACTUAT / salmeterol 0.05 MG/ACTUAT Dry Powder Inhaler"), "fluticasone/salmeterol", 10, "puff", 2, 24, "Inhale one puff twice daily; rinse the mouth afterwards."},
	sertraline:          {rxnorm("312941", "sertraline 50 MG Oral Tablet"), "sertraline", 10, "tablet", 1, 24, "Take one tablet by mouth every morning."},
	fluoxetine:          {rxnorm("310385", "fluoxetine 20 MG Oral Capsule"), "fluoxetine", 10, "capsule", 1, 24, "Take one capsule by mouth every morning."},
	levothyroxine:       {rxnorm("966222", "levothyroxine sodium 0.075 MG Oral Tablet"), "levothyroxine", 10, "tablet", 1, 24, "Take one tablet by mouth on an empty stomach, 30 minutes before breakfast."},
	ferrous:             {rxnorm("310325", "ferrous sulfate 325 MG Oral Tablet"), "ferrous sulfate", 10, "tablet", 1, 48, "Take one tablet by mouth every other day."},
	tamoxifen:           {rxnorm("198240", "tamoxifen 10 MG Oral Tablet"), "tamoxifen", 20, "tablet", 1, 24, "Take two tablets by mouth daily."},
	warfarin:            {rxnorm("855332", "warfarin sodium 5 MG Oral Tablet"), "warfarin", 15, "tablet", 1, 24, "Take 1.5 tablets by mouth in the evening, dose by INR."},
	furosemide:          {rxnorm("313988", "furosemide 40 MG Oral Tablet"), "furosemide", 10, "tablet", 1, 24, "Take one tablet by mouth every morning. Weigh yourself daily."},
	acetaminophen:       {rxnorm("313782", "acetaminophen 325 MG Oral Tablet"), "acetaminophen", 20, "tablet", 1, 6, "Take two tablets by mouth every six hours as needed."},
	naproxen:            {rxnorm("849574", "naproxen sodium 220 MG Oral Tablet"), "naproxen", 10, "tablet", 2, 24, "Take one tablet by mouth twice daily with food."},
	ibuprofen:           {rxnorm("310965", "ibuprofen 200 MG Oral Tablet"), "ibuprofen", 20, "tablet", 1, 8, "Take two tablets by mouth at the start of an attack."},
	omeprazole:          {rxnorm("198051", "omeprazole 20 MG Delayed Release Oral Capsule"), "omeprazole", 10, "capsule", 1, 24, "Take one capsule by mouth before breakfast."},
	allopurinol:         {rxnorm("197319", "allopurinol 100 MG Oral Tablet"), "allopurinol", 10, "tablet", 1, 24, "Take one tablet by mouth daily with plenty of water."},
	folicAcid:           {rxnorm("310410", "folic acid 1 MG Oral Tablet"), "folic acid", 4, "tablet", 1, 24, "Take 0.4 mg by mouth daily until the twelfth week."},
	amoxicillin:         {rxnorm("308191", "amoxicillin 500 MG Oral Capsule"), "amoxicillin", 10, "capsule", 1, 8, "Take one capsule by mouth every eight hours for ten days."},
	azithromycin:        {rxnorm("308460", "azithromycin 250 MG Oral Tablet"), "azithromycin", 10, "tablet", 1, 24, "Take two tablets on the first day, then one tablet daily for four days."},
}
