package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What can go wrong. Callers compare with errors.Is.
var (
	// ErrExists: the name is taken.
	ErrExists = errors.New("object exists already")
	// ErrNotFound: the store says that nothing is there.
	ErrNotFound = errors.New("no such object")
	// ErrUnavailable: the store could not be reached, was busy, or broke off. Later
	// the same call may succeed; see Retryable.
	ErrUnavailable = errors.New("remote unavailable")
	// ErrRefused: the store does not want this: credential, quota, policy, or an
	// answer outside the protocol, such as a redirect. Repeating it is pointless.
	ErrRefused = errors.New("remote refused")
	// ErrStranger: refused because the store does not know the credential, or no more.
	ErrStranger = fmt.Errorf("%w: the host does not know this device's access key", ErrRefused)
	// ErrToken: refused because the one-time token is not good, or no more.
	ErrToken = fmt.Errorf("%w: the host does not know this token, or knows it no more", ErrRefused)
	// ErrUntrusted: the other end did not prove to be the store: TLS below 1.3, a
	// certificate that is expired, for another name or of an unknown issuer, or a
	// changed pin. There is no way to go on regardless.
	ErrUntrusted = errors.New("remote not authentic")
	// ErrTooLarge: more bytes than an object may have, or than this store takes.
	ErrTooLarge = errors.New("object too large")
	// ErrSize: a Put whose reader did not give what was announced, or announced
	// nothing: an object has at least one byte.
	ErrSize = errors.New("size differs from what was announced")
	// ErrName: not a name of an object.
	ErrName = errors.New("not an object's name")
	// ErrUnsupported: this store has no such companion.
	ErrUnsupported = errors.New("not supported by this remote")
)

var kinds = []error{ErrExists, ErrNotFound, ErrStranger, ErrToken, ErrRefused, ErrUntrusted, ErrTooLarge, ErrSize, ErrName,
	ErrUnsupported, ErrUnavailable}

// Fault is an error of a remote in words that are safe to print: the operation,
// the object's name, one of the kinds above, and a short reason without control
// characters, credentials or text chosen by the store.
type Fault struct {
	Op   string // "put", "get", "list", "delete", "watch", "open"
	Name Name   // zero where none is meant
	Kind error  // a sentinel of this package, or the context's error
	Why  string // may be empty

	cause error // the caller's own, of its reader
}

func (f *Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.Op)
	if !f.Name.IsZero() {
		b.WriteString(" " + f.Name.String())
	}
	b.WriteString(": " + f.Kind.Error())
	if f.Why != "" {
		b.WriteString(": " + f.Why)
	}
	return b.String()
}

// Unwrap gives the kind and, in a Put, the error of the caller's reader.
func (f *Fault) Unwrap() []error {
	if f.cause != nil {
		return []error{f.Kind, f.cause}
	}
	return []error{f.Kind}
}

// Fail makes a Fault; why is cleaned.
func Fail(op string, n Name, kind error, why string) error {
	return &Fault{Op: op, Name: n, Kind: kind, Why: Clean(why)}
}

// Failed makes a Fault of what a library returned. The text of foreign errors is
// dropped but for its class, because they quote URLs and what the store sent.
func Failed(ctx context.Context, op string, n Name, err error) error {
	if done, ok := errors.AsType[*Fault](err); ok && done.Op == op {
		return done
	}
	f := &Fault{Op: op, Name: n, Kind: ErrUnavailable, Why: class(err)}
	if src, ok := errors.AsType[*sourceError](err); ok {
		f.Kind, f.Why, f.cause = src.kind, "", src.err
		return f
	}
	if ctx.Err() != nil {
		f.Kind, f.Why = ctx.Err(), ""
		return f
	}
	if untrusted(err) {
		f.Kind = ErrUntrusted
		return f
	}
	for _, k := range kinds {
		if errors.Is(err, k) {
			f.Kind = k
			break
		}
	}
	if g, ok := errors.AsType[*guardError](err); ok {
		f.Why = g.why
	}
	return f
}

// class names an error without quoting it.
func class(err error) string {
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	_, issuer := errors.AsType[x509.UnknownAuthorityError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	timeout, isTimeout := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	switch {
	case errors.Is(err, errPin):
		return "its key is not the pinned one"
	case host:
		return "the certificate is for another name"
	case issuer:
		return "the certificate's issuer is unknown"
	case invalid:
		return "the certificate is not valid"
	case alert || strings.Contains(err.Error(), "protocol version"):
		return "no TLS 1.3 with it"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection broke off"
	case isTimeout && timeout.Timeout():
		return "no answer in time"
	case strings.Contains(err.Error(), "connection refused"):
		return "nothing listens there"
	case strings.Contains(err.Error(), "no such host"):
		return "no such host"
	}
	return ""
}

func untrusted(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	return verification || alert || record || errors.Is(err, errPin) ||
		strings.Contains(err.Error(), "protocol version")
}

// Clean makes text from elsewhere safe and short: printable characters only, no
// bidirectional or other format characters, at most 120 bytes.
func Clean(s string) string {
	const most = 120
	var b strings.Builder
	for _, r := range s {
		if b.Len()+utf8.RuneLen(r) > most {
			break
		}
		if r != utf8.RuneError && unicode.IsPrint(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}
