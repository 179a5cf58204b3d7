// Package fhirjson reads and writes FHIR in JSON: a single resource, a Bundle
// of any type, and NDJSON (https://hl7.org/fhir/R4/json.html, bundle.html,
// nd-json.html).
//
// It promises that a resource's bytes are those of the file, cut out verbatim;
// that memory is bounded by one resource whatever the size of the file; that
// what is broken is refused with its place and the rest goes on where the
// format allows it: at the next line, or at the next entry while brackets and
// quotes still match.
//
// A Bundle at the top of a file or of a line is a container: its entries become
// records and it is not stored itself. A Bundle inside an entry is a resource
// like any other and is stored as it stands. A history Bundle lists the newest
// version first; its resources are given oldest first, so that what was last at
// its origin is last here.
//
// It never alters, merges or orders resources otherwise, never follows a
// reference, and never quotes the input in an error.
package fhirjson
