// Package attacktest holds the attacks that the threat model lists, each as a test
// against a scripted malicious host: named by its number, with what the attacker has,
// what it does and what must come of it. Those on the whole program are in cmd/phivault,
// and several stand again, taken apart, beside what they attack; a test sees to it that
// no number is without one.
//
// Each was seen to succeed against a client that was weakened on purpose, and its
// comment says how; where no one weakening lets it in, that is said instead. Where the
// class allows it the attacker is a member, or was one, and seals and signs with its
// real keys.
package attacktest
