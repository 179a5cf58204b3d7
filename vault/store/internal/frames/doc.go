// Package frames packs short payloads as Zstandard frames (RFC 8878) over one
// dictionary that never changes. A general encoder copies the dictionary and its
// tables for each frame, which takes longer than packing two kilobytes; this one reads
// them where they are, and writes literals and sequences with the dictionary's own
// entropy tables, so that a frame carries none.
//
// It promises nothing about what it cannot pack: Append then says no, and a general
// encoder takes the payload. It never keeps a payload, and the same payload gives the
// same frame. Whether a frame says what the payload says is for the caller to make
// sure, with a decoder that is not from here.
package frames
