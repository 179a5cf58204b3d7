// Package secret holds keys and passphrases: memory that is locked into RAM,
// left out of core dumps, wiped by its owner and never printed, and a process
// that other processes of the same user cannot dump.
//
// It promises that the bytes handed to a [Bytes] lie outside the Go heap (the
// garbage collector neither moves nor copies them), that [Bytes.Destroy]
// overwrites them, and that no formatting, logging or encoding of a Bytes
// shows them. Where the system refuses to lock memory everything still works;
// [Bytes.Locked] and [HardenProcess] say so.
//
// It never panics for lack of a system resource, and it cannot reach copies
// made elsewhere: key schedules inside crypto/aes, HMAC states, and strings
// that a library makes of a passphrase stay in the Go heap until the process
// ends. That is why locking a vault ends in a fresh process.
package secret
