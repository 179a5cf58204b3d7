// Package widget draws the parts that screens are made of: cleaned text, lists,
// inputs, pagers, sparklines, charts, comparisons.
//
// It promises that what it returns has exactly the size asked for, that no text
// it is given can command the terminal or climb out of its place, and that a
// number is drawn with the digits it was given with.
//
// It never reads or writes anything, keeps no state but a position, and knows
// nothing of records.
package widget
