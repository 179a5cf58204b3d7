package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"phivault/sync/remote"
)

// TLS says how the host proves itself.
type TLS struct {
	// Certificate gives the certificate for a connection.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Pin is the key's, for clients that pin; zero where it may change.
	Pin remote.Pin
	// acme adds the protocol of its challenge.
	acme bool
}

// config speaks TLS 1.3 and nothing older, without session tickets: each
// connection proves the host anew.
func (t TLS) config() *tls.Config {
	protocols := []string{"h2", "http/1.1"}
	if t.acme {
		protocols = append(protocols, acme.ALPNProto)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: t.Certificate, NextProtos: protocols,
		SessionTicketsDisabled: true}
}

// FromFiles serves a certificate of the operator's own, and reads the files again
// when they have changed.
func FromFiles(cert, key string) (TLS, error) {
	f := &files{cert: cert, key: key}
	c, err := f.get(nil)
	if err != nil {
		return TLS{}, err
	}
	return TLS{Certificate: f.get, Pin: remote.PinOf(c.Leaf)}, nil
}

type files struct {
	cert, key string

	mu    sync.Mutex
	have  *tls.Certificate
	since time.Time
}

func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.cert)
	if err == nil && f.have != nil && info.ModTime().Equal(f.since) {
		return f.have, nil
	}
	if err == nil {
		var c tls.Certificate
		if c, err = tls.LoadX509KeyPair(f.cert, f.key); err == nil {
			f.have, f.since = &c, info.ModTime()
		}
	}
	if f.have != nil {
		return f.have, nil // half-replaced files: the old one goes on
	}
	return nil, plain(err)
}

// ACME gets certificates for domains from an issuer such as Let's Encrypt, by the
// challenge on this very port (RFC 8737), and keeps them in dir.
func ACME(dir string, domains []string, directory string) TLS {
	m := &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(dir), HostPolicy: autocert.HostWhitelist(domains...)}
	if directory != "" {
		m.Client = &acme.Client{DirectoryURL: directory}
	}
	return TLS{Certificate: m.GetCertificate, acme: true}
}

const (
	validity = 397 * 24 * time.Hour
	renewal  = 30 * 24 * time.Hour
)

// SelfSigned keeps a key in dir and signs certificates for it itself: a new one
// in good time before the old one ends, under the same key, so that the pin stays.
func SelfSigned(dir string, names []string, now func() time.Time) (TLS, error) {
	key, err := loadKey(filepath.Join(dir, "key.pem"))
	if err != nil {
		return TLS{}, err
	}
	s := &selfSigned{key: key, names: names, now: now}
	c, err := s.get(nil)
	if err != nil {
		return TLS{}, err
	}
	return TLS{Certificate: s.get, Pin: remote.PinOf(c.Leaf)}, nil
}

type selfSigned struct {
	key   *ecdsa.PrivateKey
	names []string
	now   func() time.Time

	mu   sync.Mutex
	have *tls.Certificate
}

func (s *selfSigned) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.have != nil && now.Add(renewal).Before(s.have.Leaf.NotAfter) {
		return s.have, nil
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	// An hour back, for clients whose clocks are a little behind.
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "phivault-host"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(validity), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, n := range s.names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, s.key.Public(), s.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	s.have = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: s.key, Leaf: leaf}
	return s.have, nil
}

// loadKey reads the key, or makes it on first use.
func loadKey(file string) (*ecdsa.PrivateKey, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(file)
	}
	if err != nil {
		return nil, plain(err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("key.pem: not a PEM file")
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("key.pem: not a private key")
	}
	key, ok := k.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("key.pem: not an ECDSA key")
	}
	return key, nil
}

// drawKey draws a key whose pin can be given as an argument: one that begins with "-"
// reads like a flag. It costs a 64th of what a pin tells apart.
func drawKey() (*ecdsa.PrivateKey, error) {
	for {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		spki, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			return nil, err
		}
		if pin := remote.PinOf(&x509.Certificate{RawSubjectPublicKeyInfo: spki}); !strings.HasPrefix(pin.String(), "-") {
			return key, nil
		}
	}
}

func makeKey(file string) (*ecdsa.PrivateKey, error) {
	key, err := drawKey()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, plain(err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, plain(err)
	}
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, plain(err)
	}
	return key, nil
}
