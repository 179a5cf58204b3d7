// Package codectest holds what every codec must do, as tests that take the
// codec: it never panics, gives nothing together with an error, says where and
// why it refuses without quoting the input, keeps to the limits, gives the same
// however the bytes arrive, and stops when asked to.
//
// It also has what such tests need: attachments in memory and the way to the
// sample data. It is for tests only.
package codectest
