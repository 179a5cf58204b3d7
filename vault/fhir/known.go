package fhir

// KnownName is what LOINC calls a common vital sign or laboratory measurement, so
// that one that comes with a code alone is not called by its number; "" for any other
// code (https://loinc.org, long common names).
func KnownName(system, code string) string {
	if system != "http://loinc.org" {
		return ""
	}
	return loincNames[code]
}

var loincNames = map[string]string{
	"8480-6":  "Systolic blood pressure",
	"8462-4":  "Diastolic blood pressure",
	"85354-9": "Blood pressure panel with all children optional",
	"8867-4":  "Heart rate",
	"9279-1":  "Respiratory rate",
	"8310-5":  "Body temperature",
	"2708-6":  "Oxygen saturation in Arterial blood",
	"59408-5": "Oxygen saturation in Arterial blood by Pulse oximetry",
	"29463-7": "Body weight",
	"8302-2":  "Body height",
	"39156-5": "Body mass index (BMI) [Ratio]",
	"4548-4":  "Hemoglobin A1c/Hemoglobin.total in Blood",
	"17856-6": "Hemoglobin A1c/Hemoglobin.total in Blood by HPLC",
	"2339-0":  "Glucose [Mass/volume] in Blood",
	"2345-7":  "Glucose [Mass/volume] in Serum or Plasma",
	"2160-0":  "Creatinine [Mass/volume] in Serum or Plasma",
	"2951-2":  "Sodium [Moles/volume] in Serum or Plasma",
	"2823-3":  "Potassium [Moles/volume] in Serum or Plasma",
	"2093-3":  "Cholesterol [Mass/volume] in Serum or Plasma",
	"2085-9":  "Cholesterol in HDL [Mass/volume] in Serum or Plasma",
	"13457-7": "Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation",
	"2571-8":  "Triglyceride [Mass/volume] in Serum or Plasma",
	"718-7":   "Hemoglobin [Mass/volume] in Blood",
	"6690-2":  "Leukocytes [#/volume] in Blood by Automated count",
	"777-3":   "Platelets [#/volume] in Blood by Automated count",
	"3016-3":  "Thyrotropin [Units/volume] in Serum or Plasma",
	"1988-5":  "C reactive protein [Mass/volume] in Serum or Plasma",
}
