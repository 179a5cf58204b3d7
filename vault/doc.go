// Package vault is the domain of phivault: health records with their full
// history, the log of everything that happened to them, and what a person or a
// script can ask of them.
//
// It promises that a record's bytes stay the user's (FHIR JSON is kept verbatim
// and every typed field is only a view of it), that nothing is ever overwritten
// (an edit is a new revision, a deletion a tombstone), and that each act is one
// entry in a hash chain.
//
// It never opens a file, runs SQL, writes to a terminal or reads a clock of its
// own: those are handed to it through the contracts in this package.
package vault
