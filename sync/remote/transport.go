package remote

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"time"
)

// Pin is the SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 7469). The zero
// Pin is none.
type Pin [sha256.Size]byte

var errPin = errors.New("the server's key is not the pinned one")

// PinOf gives the pin of a certificate.
func PinOf(c *x509.Certificate) Pin { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// String gives the pin in unpadded URL base64, 43 characters.
func (p Pin) String() string { return base64.RawURLEncoding.EncodeToString(p[:]) }

// ParsePin reads what String writes.
func ParsePin(s string) (Pin, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != len(Pin{}) || len(s) != 43 {
		return Pin{}, errors.New("not a pin: 43 characters of base64 were expected")
	}
	return Pin(raw), nil
}

// HTTP says how an adapter talks to its server. The zero value is safe: TLS 1.3,
// the system's roots, no proxy.
type HTTP struct {
	// Pin, if set, is the one key the server may have. It stands in place of the
	// name and the issuer; the certificate's dates still count.
	Pin Pin
	// Roots, if set, are the issuers to believe instead of the system's.
	Roots *x509.CertPool
	// ProxyFromEnvironment lets HTTPS_PROXY decide. Whoever runs that proxy learns
	// the server's name and the amount of traffic.
	ProxyFromEnvironment bool
	// Limits bound an unwilling or hostile server; zero fields have defaults.
	Limits Limits
}

// Limits bound what a server can cost. There is no limit on the whole time of a
// transfer: as long as bytes move, a large object may take hours.
type Limits struct {
	Dial     time.Duration // connecting, and likewise the TLS handshake; default 15 s
	Header   time.Duration // from the end of the request to the answer's header; default 60 s
	Stall    time.Duration // a body must move MinBytes in each such time; default 30 s
	MinBytes int64         // default 16 KiB
	Refusal  int64         // bytes read of an answer that is not 2xx; default 64 KiB
}

func (l Limits) filled() Limits {
	fill(&l.Dial, 15*time.Second)
	fill(&l.Header, 60*time.Second)
	fill(&l.Stall, 30*time.Second)
	fill(&l.MinBytes, 16<<10)
	fill(&l.Refusal, 64<<10)
	return l
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// TLS gives the client's configuration: TLS 1.3 only, Go's key exchanges with the
// post-quantum hybrid first, no session tickets kept.
func (h HTTP) TLS() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: h.Roots}
	if h.Pin == (Pin{}) {
		return c
	}
	// VerifyConnection below takes the place of the default check and, unlike
	// VerifyPeerCertificate, also runs when a session is resumed.
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return errPin
		}
		leaf := s.PeerCertificates[0]
		if got := PinOf(leaf); subtle.ConstantTimeCompare(got[:], h.Pin[:]) != 1 {
			return errPin
		}
		if now := time.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
			return &tls.CertificateVerificationError{
				UnverifiedCertificates: s.PeerCertificates,
				Err:                    x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired},
			}
		}
		return nil
	}
	return c
}

// Transport gives a hardened http.Transport: no compression, no proxy unless
// asked for, bounded headers, handshakes and idle connections. Use it behind a
// Guard, which adds what a transport cannot do.
func (h HTTP) Transport() *Transport {
	l := h.Limits.filled()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	t := &http.Transport{
		DialContext:            (&net.Dialer{Timeout: l.Dial, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        h.TLS(),
		TLSHandshakeTimeout:    l.Dial,
		DisableCompression:     true,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		ResponseHeaderTimeout:  l.Header,
		ExpectContinueTimeout:  5 * time.Second,
		MaxResponseHeaderBytes: 32 << 10,
		Protocols:              protocols,
		HTTP2: &http.HTTP2Config{
			MaxReadFrameSize: 64 << 10,
			SendPingTimeout:  30 * time.Second, PingTimeout: 15 * time.Second,
			WriteByteTimeout: l.Stall,
		},
	}
	if h.ProxyFromEnvironment {
		t.Proxy = http.ProxyFromEnvironment
	}
	return newTransport(t)
}

// Exporter gives the channel binding "tls-exporter" of a TLS 1.3 connection (RFC
// 9266): 32 bytes that both ends of this one connection know and no other.
func Exporter(s tls.ConnectionState) ([]byte, error) {
	if s.Version != tls.VersionTLS13 {
		return nil, Fail("open", Name{}, ErrUntrusted, "no TLS 1.3 with it")
	}
	return s.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
}
