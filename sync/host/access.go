package host

import (
	"cmp"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
)

// register makes a vault or adds a key, for a token.
func (h *Host) register(w http.ResponseWriter, req *http.Request, who signer, signed bool) int {
	if req.Method != http.MethodPost {
		return http.StatusMethodNotAllowed
	}
	if !signed {
		return h.stranger(req)
	}
	if req.ContentLength < 1 || req.ContentLength > 64 {
		return http.StatusBadRequest
	}
	token, err := io.ReadAll(io.LimitReader(h.paced(w, req), 64))
	if err != nil {
		return http.StatusBadRequest
	}
	switch err := h.registry.register(who.vault, who.key, string(token)); {
	case err == nil:
		return http.StatusCreated
	case errors.Is(err, errToken):
		return h.stranger(req)
	case errors.Is(err, errTaken):
		return http.StatusConflict
	default:
		h.log.Error("register", "error", err.Error())
		return http.StatusInternalServerError
	}
}

// keys adds, labels or removes a key of the signer's vault. All but removing itself is
// an owner's.
func (h *Host) keys(w http.ResponseWriter, req *http.Request, who signer, v *vault, key string) int {
	if _, ok := parseKey(key); !ok {
		return http.StatusNotFound
	}
	if req.Method != http.MethodPut && req.Method != http.MethodDelete {
		return http.StatusMethodNotAllowed
	}
	if status := h.owns(who); status != 0 && (req.Method != http.MethodDelete || key != who.key) {
		return status
	}
	var err error
	status := http.StatusCreated
	if req.Method == http.MethodPut {
		a, ok := h.label(w, req)
		if !ok {
			return http.StatusBadRequest
		}
		a.By = who.key
		v.mu.Lock() // so that the number of keys holds
		err = h.registry.addKey(v.space, key, a, h.limits.KeysPerVault)
		v.mu.Unlock()
	} else {
		err, status = h.registry.removeKey(v.space, key), http.StatusNoContent
	}
	return h.filed(err, status)
}

// filed is the answer to a change of what is on file of a key.
func (h *Host) filed(err error, status int) int {
	switch {
	case errors.Is(err, errLabelled):
		return http.StatusConflict
	case errors.Is(err, errRole):
		return http.StatusForbidden
	case errors.Is(err, errFull):
		return http.StatusInsufficientStorage
	case err != nil:
		h.log.Error("keys", "error", err.Error())
		return http.StatusInternalServerError
	}
	return status
}

// owns is 0 for an owner, else the answer to somebody else.
func (h *Host) owns(who signer) int {
	if a, err := h.registry.access(who.vault, who.key); err != nil || !a.Owner {
		return http.StatusForbidden
	}
	return 0
}

// label reads what a key is given with: nothing, or 52 characters, or these and
// " owner".
func (h *Host) label(w http.ResponseWriter, req *http.Request) (a access, ok bool) {
	if req.ContentLength == 0 {
		return a, true
	}
	if req.ContentLength > 64 || req.ContentLength < 0 {
		return a, false
	}
	b, err := io.ReadAll(io.LimitReader(h.paced(w, req), 64))
	if err != nil {
		return a, false
	}
	a.Label, a.Owner = strings.CutSuffix(string(b), " owner")
	_, ok = parseKey(a.Label)
	return a, ok
}

// vouch puts a key on file with its device's proof.
func (h *Host) vouch(w http.ResponseWriter, req *http.Request, who signer, v *vault, key string) int {
	if _, ok := parseKey(key); !ok {
		return http.StatusNotFound
	}
	if req.Method != http.MethodPut {
		return http.StatusMethodNotAllowed
	}
	if req.ContentLength < 1 || req.ContentLength > 160 {
		return http.StatusBadRequest
	}
	b, err := io.ReadAll(io.LimitReader(h.paced(w, req), 160))
	if err != nil {
		return http.StatusBadRequest
	}
	part := strings.Split(string(b), " ")
	if len(part) != 3 || part[1] != "owner" && part[1] != "member" {
		return http.StatusBadRequest
	}
	proof, err := base64.RawURLEncoding.Strict().DecodeString(part[2])
	if _, ok := parseKey(part[0]); !ok || err != nil || len(proof) != proofSize {
		return http.StatusBadRequest
	}
	v.mu.Lock() // so that the number of keys holds
	defer v.mu.Unlock()
	return h.filed(h.registry.vouch(v.space, key, access{Label: part[0], Owner: part[1] == "owner", Proof: part[2]}, who.key, h.limits.KeysPerVault),
		http.StatusCreated)
}

const proofSize = 64

// listKeys writes the vault's keys, one a line: key, label or "-", "owner" or "member";
// from version 2 on also proof or "-", and the key that added it or "-". A single "."
// ends the list.
func (h *Host) listKeys(w http.ResponseWriter, req *http.Request, who signer, version int) int {
	if req.Method != http.MethodGet {
		return http.StatusMethodNotAllowed
	}
	if status := h.owns(who); status != 0 {
		return status
	}
	keys, err := h.registry.keys(who.vault)
	if err != nil {
		h.log.Error("keys", "error", err.Error())
		return http.StatusInternalServerError
	}
	text(w)
	for _, k := range keys {
		a, err := h.registry.access(who.vault, k)
		if err != nil {
			continue // removed since
		}
		label, role := "-", "member"
		if a.Label != "" {
			label = a.Label
		}
		if a.Owner {
			role = "owner"
		}
		line := k + " " + label + " " + role
		if version > 1 {
			line += " " + cmp.Or(a.Proof, "-") + " " + cmp.Or(a.By, "-")
		}
		io.WriteString(w, line+"\n")
	}
	io.WriteString(w, ".\n")
	return 0
}
