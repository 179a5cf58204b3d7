// Package segment is the protocol on the wire: signed segments, the objects that
// carry them, the names those lie under, and the payloads of entries about
// members and epochs. sync/PROTOCOL.md specifies all of it.
//
// It promises canonical encodings: one segment, one sequence of bytes, and a
// decoder that takes nothing else and allocates nothing that the input's length
// does not pay for.
//
// It never decides whether what it decoded is true: who may write what, and when,
// is the journal's to know.
package segment
