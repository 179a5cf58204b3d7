// Package csvfile writes listings as CSV (RFC 4180) and reads measurements from
// CSV by a mapping of columns.
//
// It promises that a value keeps its digits, that a row that is not understood
// is refused with its line and the others go on, that the same row gives the
// same record at every import, and that no cell it writes is run as a formula
// by a spreadsheet.
//
// It never guesses: not a unit, a code, a time zone, the order of day and month
// or an encoding.
package csvfile
