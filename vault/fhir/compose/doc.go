// Package compose makes FHIR resources out of what a person writes into a form or
// flags, and changes single fields of resources that exist.
//
// It promises that digits stay as they were typed, that a new resource says
// nothing that was not written, and that a change replaces what it is about and
// leaves every other byte: unknown members, extensions, order and layout. What
// would be untrue after a change (a unit's code, a coding's words) goes with it;
// what one text cannot hold is refused with the reason and left to JSON.
//
// It never stores anything, resolves a reference or checks a code against its
// system.
package compose
