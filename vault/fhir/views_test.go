package fhir

import (
	"reflect"
	"strings"
	"testing"

	"phivault/vault"
)

func mustParse(t testing.TB, json string) vault.Resource {
	t.Helper()
	r, err := Parse([]byte(json), nil)
	if err != nil {
		t.Fatalf("%v in %s", err, json)
	}
	return r
}

// facts are the one-line parts of a view.
type facts struct {
	Subject, Date, Title, Status, Code, Value, Unit, Flag string
}

func factsOf(r vault.Resource) facts {
	return facts{r.Subject, r.Date, r.Title, r.Status, r.Code.Code, r.Value, r.Unit, r.Flag}
}

func TestViewsByType(t *testing.T) {
	tests := []struct {
		name, json string
		want       facts
	}{
		{"Patient, official before old name", `{"resourceType":"Patient","birthDate":"1980-05","name":[{"use":"old","family":"Before"},
			{"use":"official","family":"Ríos","given":["Ana","Luz"],"prefix":["Dr."]}]}`,
			facts{Date: "1980-05", Title: "Dr. Ana Luz Ríos"}},
		{"Patient of DSTU2", `{"resourceType":"Patient","name":[{"family":["De","Wit"],"given":["Jan"]}]}`, facts{Title: "Jan De Wit"}},
		{"Patient named by text", `{"resourceType":"Patient","name":[{"text":" Mei\tLin "}]}`, facts{Title: "Mei Lin"}},
		{"Observation", `{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-02-03T08:00:00Z",
			"issued":"2024-02-04T00:00:00Z","code":{"coding":[{"system":"http://loinc.org","code":"2339-0","display":"Glucose"}],"text":"Blood sugar"},
			"valueQuantity":{"value":6.30,"comparator":"<","unit":"mmol/L"},
			"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"HH"}]}]}`,
			facts{"Patient/p1", "2024-02-03T08:00:00Z", "Blood sugar", "final", "2339-0", "<6.30", "mmol/L", "HH"}},
		{"Observation of DSTU2", `{"resourceType":"Observation","status":"final","code":{"text":"Pulse"},"valueQuantity":{"value":1e2,"units":"bpm"},
			"interpretation":{"coding":[{"system":"http://hl7.org/fhir/v2/0078","code":"H"}]}}`,
			facts{Title: "Pulse", Status: "final", Value: "1e2", Unit: "bpm", Flag: "H"}},
		{"no flag is made from a range", `{"resourceType":"Observation","code":{"text":"K"},"valueQuantity":{"value":9.9},"referenceRange":[{"high":{"value":5}}]}`,
			facts{Title: "K", Value: "9.9"}},
		{"flag in words, several", `{"resourceType":"Observation","code":{"text":"K"},"valueInteger":4,"interpretation":[{"text":"odd"},{"coding":[{"code":"A"}]},{"text":"odd"}]}`,
			facts{Title: "K", Value: "4", Flag: "odd,A"}},
		{"blood pressure", `{"resourceType":"Observation","code":{"text":"BP"},"component":[
			{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":82,"unit":"mmHg"}},
			{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":128.0,"unit":"mmHg"}}]}`,
			facts{Title: "BP", Value: "128.0/82", Unit: "mmHg"}},
		{"blood pressure in two units is not joined", `{"resourceType":"Observation","code":{"text":"BP"},"component":[
			{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":11,"unit":"kPa"}},
			{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":128,"unit":"mmHg"}}]}`, facts{Title: "BP"}},
		{"coded value", `{"resourceType":"Observation","code":{"text":"HIV"},"valueCodeableConcept":{"coding":[{"code":"260385009","display":"Negative"}]}}`,
			facts{Title: "HIV", Value: "Negative"}},
		{"string value", `{"resourceType":"Observation","code":{"text":"Note"},"valueString":"two\nlines"}`, facts{Title: "Note", Value: "two lines"}},
		{"boolean value", `{"resourceType":"Observation","code":{"text":"Smoker"},"valueBoolean":false}`, facts{Title: "Smoker", Value: "false"}},
		{"range value", `{"resourceType":"Observation","code":{"text":"R"},"valueRange":{"low":{"value":1.50,"unit":"g"},"high":{"value":3,"unit":"g"}}}`,
			facts{Title: "R", Value: "1.50–3", Unit: "g"}},
		{"open range", `{"resourceType":"Observation","code":{"text":"R"},"valueRange":{"low":{"value":1.50,"unit":"g"}}}`, facts{Title: "R", Value: ">=1.50", Unit: "g"}},
		{"titre", `{"resourceType":"Observation","code":{"text":"T"},"valueRatio":{"numerator":{"value":1},"denominator":{"value":128}}}`, facts{Title: "T", Value: "1:128"}},
		{"ratio with units", `{"resourceType":"Observation","code":{"text":"T"},"valueRatio":{"numerator":{"value":5,"unit":"mg"},"denominator":{"value":2,"unit":"mL"}}}`,
			facts{Title: "T", Value: "5:2", Unit: "mg/mL"}},
		{"period value", `{"resourceType":"Observation","code":{"text":"P"},"valuePeriod":{"start":"2020","end":"2021-01"}}`, facts{Title: "P", Value: "2020/2021-01"}},
		{"signal", `{"resourceType":"Observation","code":{"text":"ECG"},"valueSampledData":{"origin":{"value":0},"period":10,"dimensions":1,"data":"1 2 3"}}`, facts{Title: "ECG"}},
		{"Condition", `{"resourceType":"Condition","clinicalStatus":{"coding":[{"code":"active"}]},"verificationStatus":{"coding":[{"code":"confirmed"}]},
			"code":{"text":"Asthma"},"category":[{"coding":[{"code":"problem-list-item"}]}],"subject":{"reference":"urn:uuid:11111111-2222-3333-4444-555555555555"},
			"onsetDateTime":"2001","recordedDate":"2020-01-01"}`,
			facts{Subject: "urn:uuid:11111111-2222-3333-4444-555555555555", Date: "2001", Title: "Asthma", Status: "active"}},
		{"Condition entered in error", `{"resourceType":"Condition","clinicalStatus":{"coding":[{"code":"active"}]},"verificationStatus":{"coding":[{"code":"entered-in-error"}]},
			"code":{"text":"Asthma"}}`, facts{Title: "Asthma", Status: "entered-in-error"}},
		{"Condition of DSTU2", `{"resourceType":"Condition","clinicalStatus":"resolved","patient":{"reference":"Patient/2"},"code":{"text":"Flu"},"dateRecorded":"2012-01-02"}`,
			facts{Subject: "Patient/2", Date: "2012-01-02", Title: "Flu", Status: "resolved"}},
		{"AllergyIntolerance", `{"resourceType":"AllergyIntolerance","clinicalStatus":{"coding":[{"code":"active"}]},"patient":{"reference":"Patient/3"},
			"code":{"coding":[{"system":"s","code":"c1","display":"Peanut"}]},"recordedDate":"2019-09-09"}`,
			facts{Subject: "Patient/3", Date: "2019-09-09", Title: "Peanut", Status: "active", Code: "c1"}},
		{"AllergyIntolerance of DSTU2", `{"resourceType":"AllergyIntolerance","status":"active","substance":{"text":"Latex"},"onset":"2010"}`,
			facts{Date: "2010", Title: "Latex", Status: "active"}},
		{"MedicationRequest", `{"resourceType":"MedicationRequest","status":"active","medicationCodeableConcept":{"coding":[{"code":"rx1"}],"text":"Aspirin 75 mg"},
			"subject":{"reference":"Patient/4"},"authoredOn":"2022-03-04","dosageInstruction":[{"text":"1 daily"}]}`,
			facts{Subject: "Patient/4", Date: "2022-03-04", Title: "Aspirin 75 mg", Status: "active", Code: "rx1", Value: "1 daily"}},
		{"a tapering dose is whole", `{"resourceType":"MedicationRequest","medicationCodeableConcept":{"text":"P"},"dosageInstruction":[{"text":"40 mg"},{"text":"20 mg"}]}`,
			facts{Title: "P", Value: "40 mg; 20 mg"}},
		{"doses that cannot all be told are none", `{"resourceType":"MedicationRequest","medicationCodeableConcept":{"text":"P"},"dosageInstruction":[{"text":"40 mg"},
			{"doseAndRate":[{"doseQuantity":{"value":20,"unit":"mg"}}]}]}`, facts{Title: "P"}},
		{"one structured dose", `{"resourceType":"MedicationRequest","medicationCodeableConcept":{"text":"P"},"dosageInstruction":[{"doseAndRate":[{"doseQuantity":{"value":2.50,"unit":"mg"}}]}]}`,
			facts{Title: "P", Value: "2.50", Unit: "mg"}},
		{"alternative doses are not chosen from", `{"resourceType":"MedicationRequest","medicationCodeableConcept":{"text":"P"},"dosageInstruction":[{"doseAndRate":[
			{"doseQuantity":{"value":2.50}},{"doseQuantity":{"value":5}}]}]}`, facts{Title: "P"}},
		{"contained medication", `{"resourceType":"MedicationRequest","category":[{"coding":[{"code":"community"}]}],"contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{"code":"rx2","display":"Insulin"}]}}],
			"medicationReference":{"reference":"#m"}}`, facts{Title: "Insulin", Code: "rx2"}},
		{"medication elsewhere", `{"resourceType":"MedicationRequest","category":[{"coding":[{"code":"community"}]}],"medicationReference":{"reference":"Medication/9","display":"Insulin"}}`,
			facts{Title: "Insulin"}},
		{"medication of R5", `{"resourceType":"MedicationStatement","status":"recorded","medication":{"concept":{"coding":[{"code":"rx3"}],"text":"Iron"}},"dosage":[{"text":"when needed"}]}`,
			facts{Title: "Iron", Status: "recorded", Code: "rx3", Value: "when needed"}},
		{"what must not be done says so", `{"resourceType":"MedicationRequest","doNotPerform":true,"medicationCodeableConcept":{"text":"Codeine"}}`,
			facts{Title: "do not perform: Codeine"}},
		{"Immunization", `{"resourceType":"Immunization","status":"completed","vaccineCode":{"coding":[{"code":"08"}],"text":"Hep B"},"patient":{"reference":"Patient/5"},
			"occurrenceDateTime":"2015-01-15","doseQuantity":{"value":0.50,"code":"mL"}}`,
			facts{Subject: "Patient/5", Date: "2015-01-15", Title: "Hep B", Status: "completed", Code: "08", Value: "0.50", Unit: "mL"}},
		{"Immunization of STU3 that was not given", `{"resourceType":"Immunization","status":"completed","notGiven":true,"vaccineCode":{"text":"MMR"},"date":"2011-01-01"}`,
			facts{Date: "2011-01-01", Title: "MMR", Status: "not-done"}},
		{"Encounter", `{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"type":[{"coding":[{"code":"t1","display":"Check-up"}]}],
			"subject":{"reference":"Patient/6"},"period":{"start":"2020-02-02T10:00:00+01:00"}}`,
			facts{Subject: "Patient/6", Date: "2020-02-02T10:00:00+01:00", Title: "Check-up", Status: "finished", Code: "t1"}},
		{"Procedure", `{"resourceType":"Procedure","status":"completed","code":{"text":"Hip replacement"},"category":{"coding":[{"code":"387713003"}]},
			"subject":{"reference":"Patient/7"},"performedPeriod":{"start":"2018-08-08","end":"2018-08-09"}}`,
			facts{Subject: "Patient/7", Date: "2018-08-08", Title: "Hip replacement", Status: "completed"}},
		{"DiagnosticReport", `{"resourceType":"DiagnosticReport","status":"final","code":{"coding":[{"code":"58410-2","display":"CBC"}]},"effectiveDateTime":"2020-10-10"}`,
			facts{Date: "2020-10-10", Title: "CBC", Status: "final", Code: "58410-2"}},
		{"DocumentReference", `{"resourceType":"DocumentReference","status":"current","type":{"text":"Letter"},"date":"2021-01-01T00:00:00Z","subject":{"reference":"Patient?identifier=s|v"}}`,
			facts{Subject: "Patient?identifier=s|v", Date: "2021-01-01T00:00:00Z", Title: "Letter", Status: "current"}},
		{"Claim", `{"resourceType":"Claim","status":"active","type":{"coding":[{"code":"oral"}]},"patient":{"reference":"Patient/8"},"created":"2014-08-16","total":{"value":135.50,"currency":"EUR"}}`,
			facts{"Patient/8", "2014-08-16", "oral", "active", "oral", "135.50", "EUR", ""}},
		{"Coverage", `{"resourceType":"Coverage","status":"active","beneficiary":{"reference":"Patient/9"},"period":{"start":"2020-01-01"},"type":{"text":"Private"}}`,
			facts{Subject: "Patient/9", Date: "2020-01-01", Title: "Private", Status: "active"}},
		{"Appointment", `{"resourceType":"Appointment","status":"booked","description":"Dentist","start":"2025-01-01T09:00:00Z","participant":[
			{"actor":{"reference":"Practitioner/1"}},{"actor":{"reference":"Patient/10"}}]}`,
			facts{Subject: "Patient/10", Date: "2025-01-01T09:00:00Z", Title: "Dentist", Status: "booked"}},
		{"Goal", `{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"Walk daily"},"subject":{"reference":"Patient/11"},"startDate":"2023-03-03"}`,
			facts{Subject: "Patient/11", Date: "2023-03-03", Title: "Walk daily", Status: "active"}},
		{"Account, about several", `{"resourceType":"Account","name":"Bill","subject":[{"reference":"Device/1"},{"reference":"Patient/12"}]}`, facts{Subject: "Patient/12", Title: "Bill"}},
		{"unknown type", `{"resourceType":"Zebra","patient":{"reference":"https://x.example/fhir/Patient/13"},"name":"Stripes","status":"new","issued":"2020"}`,
			facts{Subject: "https://x.example/fhir/Patient/13", Date: "2020", Title: "Stripes", Status: "new"}},
		{"about a group", `{"resourceType":"Observation","code":{"text":"x"},"subject":{"reference":"Group/1"}}`, facts{Title: "x"}},
		{"a reference by identifier only", `{"resourceType":"Observation","code":{"text":"x"},"subject":{"identifier":{"value":"1"},"display":"Ana"}}`, facts{Title: "x"}},
		{"about a contained patient", `{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p"}],"code":{"text":"x"},"subject":{"reference":"#p"}}`,
			facts{Subject: "#p", Title: "x"}},
		{"about a contained device", `{"resourceType":"Observation","contained":[{"resourceType":"Device","id":"p"}],"code":{"text":"x"},"subject":{"reference":"#p"}}`, facts{Title: "x"}},
		{"a date that is none", `{"resourceType":"Observation","code":{"text":"x"},"effectiveDateTime":"yesterday","issued":"2020-01-01T00:00:00Z"}`,
			facts{Date: "2020-01-01T00:00:00Z", Title: "x"}},
		{"title from a person's narrative", `{"resourceType":"Procedure","text":{"status":"additional","div":"<div><p>Had tonsils <b>out</b></p></div>"}}`, facts{Title: "Had tonsils out"}},
		{"escaped names and strings", `{"resourceType":"Observation","\u0063ode":{"text":"A\u00e9\"b"},"valueQuantity":{"v\u0061lue":7.0}}`, facts{Title: `Aé"b`, Value: "7.0"}},
		{"nulls and wrong kinds", `{"resourceType":"Observation","code":null,"status":7,"subject":"Patient/1","valueQuantity":[],"component":[null,5,{}],"interpretation":"H","category":{}}`, facts{Flag: "H"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := factsOf(mustParse(t, test.json)); got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestMeasures(t *testing.T) {
	r := mustParse(t, `{"resourceType":"Observation","code":{"coding":[{"system":"http://loinc.org","code":"4548-4","display":"HbA1c"},{"system":"local","code":"A1C"}]},
		"category":[{"coding":[{"code":"laboratory"}]}],
		"valueQuantity":{"value":7.10,"unit":"percent","system":"http://unitsofmeasure.org","code":"%"},
		"referenceRange":[{"low":{"value":4.0,"code":"%","system":"http://unitsofmeasure.org"},"high":{"value":5.60,"code":"%","system":"http://unitsofmeasure.org"}}],
		"component":[
		{"code":{"text":"IFCC"},"valueQuantity":{"value":54,"unit":"mmol/mol"},"referenceRange":[{"low":{"value":20,"unit":"g"},"high":{"value":42,"unit":"g"}}]},
		{"code":{"text":"Other"},"dataAbsentReason":{"coding":[{"code":"unknown","display":"Unknown"}]}},
		{"code":{"text":"Aged"},"valueInteger":3,"interpretation":[{"coding":[{"code":"L"}]}],"referenceRange":[{"high":{"value":1},"age":{"high":{"value":18,"unit":"a"}}},{"text":"adults: any"}]},
		{"code":{"text":"Level"},"valueInteger":3,"referenceRange":[{"type":{"coding":[{"code":"therapeutic"}]},"low":{"value":2}}]},
		{"code":{"text":"Half"},"valueQuantity":{"value":3,"unit":"g"},"referenceRange":[{"low":{"value":2,"unit":"mg"},"high":{"value":4,"unit":"g"}}]},
		{"code":{"text":"Nothing"}}]}`)
	codings := []vault.Coding{{System: "http://loinc.org", Code: "4548-4", Display: "HbA1c"}, {System: "local", Code: "A1C"}}
	want := []vault.Measure{
		{Codings: codings, Name: "HbA1c", Value: "7.10", Unit: "percent", UnitCode: "%", Low: "4.0", High: "5.60"},
		{Name: "IFCC", Value: "54", Unit: "mmol/mol", Range: "20–42 g"},
		{Name: "Other", Absent: "Unknown"},
		{Name: "Aged", Value: "3", Flag: "L", Range: "age <=18 a: <=1; adults: any"},
		{Name: "Level", Value: "3", Range: "therapeutic: >=2"},
		{Name: "Half", Value: "3", Unit: "g", Range: "2 mg–4 g"},
	}
	if !reflect.DeepEqual(r.Measures, want) {
		t.Errorf("got  %+v\nwant %+v", r.Measures, want)
	}
	if want := append(codings, vault.Coding{Code: "laboratory"}); !reflect.DeepEqual(r.Codings, want) {
		t.Errorf("codings: got %+v, want %+v", r.Codings, want)
	}
}

func TestCodingsServeFilters(t *testing.T) {
	for json, want := range map[string]string{
		`{"resourceType":"Observation","code":{"coding":[{"code":"a"}]},"component":[{"code":{"coding":[{"code":"b"},{"code":"c"}]}}],"category":[{"coding":[{"code":"d"}]}]}`: "a b c d",
		`{"resourceType":"Encounter","class":{"code":"AMB"},"type":[{"coding":[{"code":"t"}]},{"coding":[{"code":"u"}]}]}`:                                                     "t u AMB",
		`{"resourceType":"Encounter","class":[{"coding":[{"code":"IMP"}]}]}`:                                                                                                   "IMP",
		`{"resourceType":"Immunization","vaccineCode":{"coding":[{"code":"08"}]}}`:                                                                                             "08",
		`{"resourceType":"MedicationRequest","medicationCodeableConcept":{"coding":[{"code":"rx"}]}}`:                                                                          "rx",
		`{"resourceType":"FamilyMemberHistory","relationship":{"coding":[{"code":"FTH"}]},"condition":[{"code":{"coding":[{"code":"MI"}]}}]}`:                                  "FTH MI",
		`{"resourceType":"AllergyIntolerance","code":{"text":"x"},"reaction":[{"substance":{"coding":[{"code":"s"}]}}]}`:                                                       "s",
		`{"resourceType":"Patient","name":[{"text":"x"}]}`:                                                                                                                     "",
	} {
		r := mustParse(t, json)
		var got []string
		for _, c := range r.Codings {
			got = append(got, c.Code)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s for %s", got, want, json)
		}
	}
}

func TestPerson(t *testing.T) {
	r := mustParse(t, `{"resourceType":"Patient","id":"p","meta":{"source":"https://h.example/fhir#abc"},"gender":"female","birthDate":"1980-05-06",
		"identifier":[{"system":"urn:oid:1","value":"77"},{"system":"x"}],
		"name":[{"family":"O’Néill","given":["  Mary ","ANN"]},{"text":"Mary Smith"},{"family":"Solo"}]}`)
	want := &vault.Person{BirthDate: "1980-05-06", Gender: "female", Identifiers: []vault.Identifier{{System: "urn:oid:1", Value: "77"}},
		Names: []string{"o’néill|mary ann", "mary ann o’néill", "mary smith", "solo|"}}
	if !reflect.DeepEqual(r.Person, want) {
		t.Errorf("got  %+v\nwant %+v", r.Person, want)
	}
	if r.MetaSource != "https://h.example/fhir" {
		t.Errorf("source %q", r.MetaSource)
	}
	texted := mustParse(t, `{"resourceType":"Patient","birthDate":"1990-01-01","name":[{"text":"Mary  Ann O’NE\u0301ILL"}]}`)
	if r.Person.Differs(texted.Person) {
		t.Errorf("%q and %q pass for two people", r.Person.Names, texted.Person.Names)
	}
	if got := mustParse(t, `{"resourceType":"Practitioner","name":[{"text":"x"}]}`).Person; got != nil {
		t.Errorf("a practitioner is %+v", got)
	}
}
