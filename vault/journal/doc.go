// Package journal is the one door between a vault and the network: the own log
// leaves through it as signed, sealed segments, and other devices' segments come
// in through it. sync/PROTOCOL.md is what it implements.
//
// It promises that nothing is applied before everything about it was verified:
// seal, signature, place in its chain, membership of its writer at that point,
// epoch, and what it says it had seen. A segment applies whole or not at all.
// What cannot be verified yet waits, in memory, bounded, and named; it is asked
// for again after a restart.
//
// It never trusts a remote, a clock or a listing, and never decides by them.
package journal
