// Package document takes in a PDF, an image or a text as it is: as a
// DocumentReference (https://hl7.org/fhir/R4/documentreference.html) with the
// file as its attachment.
//
// It promises that the file comes back byte for byte, that it is never whole in
// memory, and that the same file is the same record at every import: its id is
// made of the content's hash.
//
// It never looks into the file beyond telling what kind it is.
package document
