// Package tui is the interface for the terminal: a root model that sizes, routes,
// stacks, locks and shows errors, and the screens, one file each.
//
// It promises that a key is answered without waiting for the vault (whatever
// reads or writes is a command, and its reply is dropped when a newer question
// was asked), that lists are read in pages, that everything can be reached by
// keys, that text from records cannot command the terminal, and that locking
// drops what was decrypted before the program ends or is begun anew.
//
// Talk is the same in plain lines, for who cannot read a screen.
//
// It never opens a vault, a file or a network connection itself: those come
// through Opener and Session. It never rounds a value, joins different units or
// codes, or shows a flag that no record states.
package tui
