// Package codec finds out what a file, a folder, a zip, a gzip or a stream
// holds and has the right codec read it. The codecs of the formats are the
// packages below; which of them take part is the caller's list, in its order.
//
// It promises that an Input begins anew and gives the same each time it is
// asked; that what cannot be read is refused by name and the rest goes on; that
// a link never leads out of a folder; that nothing is unpacked to disk, and
// what is unpacked at all is bounded (vault.Limits). Hidden files (a leading
// dot, __MACOSX) are passed over.
//
// It never writes, never follows a link to a folder, and opens nothing but
// regular files.
package codec
