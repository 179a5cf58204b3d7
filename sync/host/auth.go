package host

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base32"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"phivault/sync/remote"
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// parseKey reads a public key as the protocol writes it, in its one form.
func parseKey(s string) (ed25519.PublicKey, bool) {
	if len(s) != 52 {
		return nil, false
	}
	raw, err := encoding.DecodeString(s)
	if err != nil || len(raw) != ed25519.PublicKeySize || encoding.EncodeToString(raw) != s {
		return nil, false
	}
	return raw, true
}

// signer is who signed a request. Whether the key is on file is another question.
type signer struct {
	vault remote.Space
	key   string // as in the protocol
}

// verify checks a request's signature for the connection that it came through.
func verify(req *http.Request) (signer, bool) {
	if req.TLS == nil {
		return signer{}, false
	}
	rest, ok := strings.CutPrefix(req.Header.Get("Authorization"), "PhivaultHost ")
	if !ok || len(rest) > 512 {
		return signer{}, false
	}
	part := strings.Split(rest, ",")
	if len(part) != 3 || len(req.Header.Values("Authorization")) != 1 {
		return signer{}, false
	}
	tag, ok1 := strings.CutPrefix(part[0], "vault=")
	key, ok2 := strings.CutPrefix(part[1], "key=")
	sig64, ok3 := strings.CutPrefix(part[2], "sig=")
	if !ok1 || !ok2 || !ok3 {
		return signer{}, false
	}
	vault, err := remote.ParseSpace(tag)
	public, okKey := parseKey(key)
	sig, serr := base64.RawURLEncoding.Strict().DecodeString(sig64)
	if err != nil || vault == remote.Join || !okKey || serr != nil || len(sig) != ed25519.SignatureSize {
		return signer{}, false
	}
	exporter, err := remote.Exporter(*req.TLS)
	if err != nil {
		return signer{}, false
	}
	var b bytes.Buffer
	b.WriteString("phivault host request v1\x00")
	b.Write(exporter)
	b.WriteString(req.Method + "\x00" + req.RequestURI + "\x00" + strconv.FormatInt(max(req.ContentLength, 0), 10))
	return signer{vault, key}, ed25519.Verify(public, b.Bytes(), sig)
}
