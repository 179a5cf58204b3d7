// Package fhir reads FHIR JSON as views: who a resource is about, when, what,
// which value. It is written for R4 (https://hl7.org/fhir/R4/) and takes the
// shapes of DSTU2, STU3 and R5 where they differ.
//
// It promises that the bytes stay as they came and that a view is a reading of
// them only: numbers keep their digits, a flag or a range is there only when
// the resource states it, and what is not understood is left out, not guessed.
// JSON is read strictly (RFC 8259 with RFC 7493's unique names), in time linear
// in its length whatever it holds. An error tells a place and a reason and
// quotes nothing of the input.
//
// It never opens a file, resolves a reference outside the resource or checks
// conformance to a profile.
package fhir
