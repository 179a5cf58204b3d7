package fhir

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// shape says where a type keeps what listings need: each list in the order of
// preference, R4's names first, then those of other versions.
type shape struct {
	subject, date, title, status, code []path
}

func paths(s string) []path {
	var p []path
	for _, one := range strings.Fields(s) {
		p = append(p, strings.Split(one, "."))
	}
	return p
}

// Types gives resource types that are known here by name, in the order of the
// alphabet. FHIR has others, and everything works with them as well.
func Types() []string { return slices.Sorted(maps.Keys(shapes())) }

// generic serves every type for what its own shape leaves open.
var generic = sync.OnceValue(func() shape {
	return shape{
		subject: paths("subject patient beneficiary individual for who"),
		date: paths(`effectiveDateTime effectivePeriod.start effectiveInstant occurrenceDateTime occurrencePeriod.start
		performedDateTime performedPeriod.start onsetDateTime onsetPeriod.start period.start servicedDate servicedPeriod.start
		billablePeriod.start start startDate startDateTime authoredOn date dateTime recordedDate recorded assertedDate dateAsserted issued
		created createdDateTime sent received started timestamp whenHandedOver whenPrepared dateWritten dateRecorded
		identifiedDateTime statusDate effectivePeriod.end occurrencePeriod.end performedPeriod.end period.end`),
		title: paths(`code title medicationCodeableConcept medicationReference medication vaccineCode name description type
		serviceType class activity category reasonCode kind display eventCoding event`),
		status: paths("status clinicalStatus lifecycleStatus state"),
		code: paths(`code medicationCodeableConcept medication.concept vaccineCode type serviceType class activity
		category`),
	}
})

const occurrence = "occurrenceDateTime occurrencePeriod.start occurrenceTiming.event "

// shapes holds the types whose names are their own; empty lists mean generic.
var shapes = sync.OnceValue(func() map[string]shape {
	// A medication that is only a reference has no code here; a category is none.
	medication := paths("medicationCodeableConcept medication.concept medication")
	return map[string]shape{
		"Patient": {subject: []path{}, date: paths("birthDate"), title: []path{}, status: []path{}, code: []path{}},
		"Person":  {subject: paths("link.target"), date: paths("birthDate"), title: []path{}, code: []path{}},
		"RelatedPerson": {date: paths("birthDate period.start"), title: []path{},
			code: paths("relationship")},
		"Practitioner": {subject: []path{}, date: paths("birthDate"), title: []path{}, code: paths("qualification.code")},
		"PractitionerRole": {subject: []path{}, date: paths("period.start"),
			title: paths("practitioner.display code specialty organization.display"), code: paths("code specialty")},
		"Organization":      {subject: []path{}, date: []path{}, title: paths("name alias type"), code: paths("type")},
		"Location":          {subject: []path{}, date: []path{}, title: paths("name alias description type"), code: paths("type")},
		"HealthcareService": {subject: []path{}, date: []path{}, title: paths("name type category")},
		"Group":             {subject: []path{}, title: paths("name code type")},

		"Observation": {
			date:  paths("effectiveDateTime effectivePeriod.start effectiveInstant effectiveTiming.event effectivePeriod.end issued"),
			title: paths("code name"), code: paths("code name")},
		"DiagnosticReport": {date: paths("effectiveDateTime effectivePeriod.start effectivePeriod.end issued"),
			title: paths("code name"), code: paths("code name")},
		"Condition": {
			date:   paths("onsetDateTime onsetPeriod.start recordedDate assertedDate dateRecorded dateAsserted abatementDateTime"),
			title:  paths("code"),
			status: paths("clinicalStatus verificationStatus status")},
		"AllergyIntolerance": {
			date:   paths("onsetDateTime onsetPeriod.start onset recordedDate assertedDate lastOccurrence lastOccurence"),
			title:  paths("code substance reaction.substance"),
			status: paths("clinicalStatus verificationStatus status"),
			code:   paths("code substance reaction.substance")},
		"Procedure": {
			date: paths("performedDateTime performedPeriod.start " + occurrence + "performedPeriod.end recorded")},
		"Immunization": {date: paths(occurrence + "date recorded"), title: paths("vaccineCode"),
			code: paths("vaccineCode")},
		"ImmunizationEvaluation":     {date: paths("date"), title: paths("targetDisease"), code: paths("targetDisease")},
		"ImmunizationRecommendation": {title: paths("recommendation.vaccineCode recommendation.targetDisease"), code: paths("recommendation.vaccineCode")},
		"MedicationRequest":          {date: paths("authoredOn dateWritten"), code: medication},
		"MedicationOrder":            {date: paths("dateWritten"), code: medication},
		"MedicationStatement": {
			date: paths("effectiveDateTime effectivePeriod.start dateAsserted effectivePeriod.end"), code: medication},
		"MedicationAdministration": {date: paths(`effectiveDateTime effectivePeriod.start effectiveTimeDateTime
		effectiveTimePeriod.start ` + occurrence + `occurenceDateTime occurencePeriod.start recorded`), code: medication},
		"MedicationDispense":  {date: paths("whenHandedOver whenPrepared recorded"), code: medication},
		"Medication":          {subject: []path{}, title: paths("code")},
		"MedicationKnowledge": {subject: []path{}, title: paths("code synonym")},
		"Encounter": {date: paths("period.start actualPeriod.start plannedStartDate period.end actualPeriod.end"),
			title: paths("type class serviceType reasonCode reason"), code: paths("type class serviceType")},
		"EpisodeOfCare":  {title: paths("type diagnosis.condition.display"), code: paths("type")},
		"CarePlan":       {date: paths("period.start created"), title: paths("title category description activity.detail.code"), code: paths("category")},
		"CareTeam":       {title: paths("name category"), code: paths("category")},
		"Goal":           {date: paths("startDate statusDate target.dueDate"), title: paths("description"), status: paths("lifecycleStatus status"), code: paths("description category")},
		"ServiceRequest": {date: paths(occurrence + "authoredOn"), title: paths("code category")},
		"DeviceRequest":  {date: paths(occurrence + "authoredOn"), title: paths("codeCodeableConcept codeReference code"), code: paths("codeCodeableConcept code")},
		"Device": {subject: paths("patient"), date: paths("manufactureDate"),
			title: paths("deviceName.name displayName name type modelNumber manufacturer"), code: paths("type")},
		"DeviceUseStatement": {date: paths("timingDateTime timingPeriod.start recordedOn"), title: paths("device bodySite"), code: paths("bodySite")},
		"DocumentReference":  {date: paths("date created indexed context.period.start content.attachment.creation"), title: paths("description type content.attachment.title category"), code: paths("type category")},
		"DocumentManifest":   {date: paths("created"), title: paths("description type"), code: paths("type")},
		"Composition":        {date: paths("date"), title: paths("title type"), code: paths("type class category")},
		"Binary":             {subject: []path{}, date: []path{}, title: paths("contentType"), code: []path{}},
		"Media":              {date: paths("createdDateTime createdPeriod.start issued"), title: paths("content.title type modality view"), code: paths("type modality view")},
		"ImagingStudy":       {date: paths("started"), title: paths("description procedureCode series.description modality series.modality"), code: paths("procedureCode procedure modality series.modality")},
		"Specimen":           {date: paths("collection.collectedDateTime collection.collectedPeriod.start receivedTime"), title: paths("type"), code: paths("type")},
		"BodyStructure":      {subject: paths("patient"), title: paths("description location morphology"), code: paths("location morphology")},
		"MolecularSequence":  {subject: paths("patient"), title: paths("referenceSeq.referenceSeqId type"), code: paths("referenceSeq.referenceSeqId")},

		"FamilyMemberHistory": {date: paths("date"), title: paths("name relationship"), code: paths("relationship condition.code")},
		"AdverseEvent":        {date: paths("date occurrenceDateTime detected recordedDate"), title: paths("event code type description"), status: paths("actuality status"), code: paths("event code type category")},
		"DetectedIssue":       {date: paths("identifiedDateTime identifiedPeriod.start date"), title: paths("code category detail"), code: paths("code category")},
		"ClinicalImpression":  {date: paths("effectiveDateTime effectivePeriod.start date"), title: paths("code description summary")},
		"RiskAssessment":      {date: paths(occurrence + "date"), title: paths("code method prediction.outcome"), code: paths("code method prediction.outcome")},
		"Flag":                {date: paths("period.start"), title: paths("code category")},
		"NutritionOrder":      {date: paths("dateTime"), title: paths("oralDiet.type supplement.type enteralFormula.baseFormulaType"), code: paths("oralDiet.type supplement.type")},
		"VisionPrescription":  {date: paths("dateWritten created"), title: paths("lensSpecification.product"), code: paths("lensSpecification.product")},

		"Coverage": {subject: paths("beneficiary patient"), date: paths("period.start"), title: paths("type class.name payor.display"), code: paths("type")},
		"Claim":    {date: paths("billablePeriod.start created"), title: paths("type item.productOrService item.service"), code: paths("type item.productOrService")},
		"ClaimResponse": {date: paths("created"), title: paths("type disposition outcome"),
			code: paths("type")},
		"ExplanationOfBenefit": {date: paths("billablePeriod.start created"), title: paths("type item.productOrService item.service"), code: paths("type item.productOrService")},
		"Account":              {date: paths("servicePeriod.start"), title: paths("name type description")},
		"Contract":             {date: paths("issued applies.start"), title: paths("title name type")},
		"Consent":              {subject: paths("patient subject"), date: paths("dateTime date"), title: paths("category scope policyRule"), code: paths("category scope")},

		"Appointment": {subject: paths("subject participant.actor"), date: paths("start requestedPeriod.start created"),
			title: paths("description serviceType appointmentType reasonCode specialty"), code: paths("serviceType appointmentType")},
		"AppointmentResponse": {subject: paths("actor"), date: paths("start"), title: paths("comment participantType"), status: paths("participantStatus"), code: paths("participantType")},
		"Task":                {subject: paths("for"), date: paths("executionPeriod.start authoredOn lastModified"), title: paths("code description focus")},
		"Communication":       {date: paths("sent received"), title: paths("topic category payload.contentString"), code: paths("topic category")},
		"Provenance":          {subject: paths("patient target"), date: paths("occurredDateTime occurredPeriod.start recorded"), title: paths("activity reason agent.who.display"), code: paths("activity reason")},
		"AuditEvent":          {subject: paths("patient entity.what entity.reference"), date: paths("recorded occurredDateTime"), title: paths("type subtype code"), status: paths("outcome"), code: paths("type subtype")},
		"List":                {title: paths("title code")},
		"Schedule":            {subject: paths("actor"), date: paths("planningHorizon.start")},
		"EnrollmentRequest":   {subject: paths("candidate subject")},
		"EnrollmentResponse":  {subject: []path{}},
		"Basic":               {date: paths("created")},
		"Bundle":              {subject: []path{}, date: paths("timestamp"), title: paths("type"), code: []path{}},
		"Parameters":          {subject: []path{}, date: []path{}, title: paths("parameter.name"), code: []path{}},
		"OperationOutcome":    {subject: []path{}, date: []path{}, title: paths("issue.details issue.diagnostics issue.code"), code: []path{}},
		"ResearchSubject":     {subject: paths("individual subject patient")},
		"QuestionnaireResponse": {subject: paths("subject source"), date: paths("authored"), title: paths("questionnaire.display"),
			code: []path{}},
	}
})

// shapeOf gives the whole shape of a type, known or not.
func shapeOf(typ string) shape {
	s, ok := shapes()[typ]
	if !ok {
		return generic()
	}
	if s.subject == nil {
		s.subject = generic().subject
	}
	if s.date == nil {
		s.date = generic().date
	}
	if s.title == nil {
		s.title = generic().title
	}
	if s.status == nil {
		s.status = generic().status
	}
	if s.code == nil {
		s.code = generic().code
	}
	return s
}
