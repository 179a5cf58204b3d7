// Package tuitest drives the interface in its user's words: press, type, expect.
//
// It promises that nothing depends on time: each key is answered, and every
// question to the vault that follows from it, before the next one is pressed;
// and that every frame it sees has exactly the size of the terminal and holds no
// control sequence but styles. A frame that has not fails the test.
package tuitest
