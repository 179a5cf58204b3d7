package host

import (
	"errors"
	"io"
	"net/http"
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

// keys adds or removes a key of the signer's vault.
func (h *Host) keys(req *http.Request, v *vault, key string) int {
	if _, ok := parseKey(key); !ok {
		return http.StatusNotFound
	}
	var err error
	status := http.StatusCreated
	switch req.Method {
	case http.MethodPut:
		v.mu.Lock() // so that the number of keys holds
		err = h.registry.addKey(v.space, key, h.limits.KeysPerVault)
		v.mu.Unlock()
	case http.MethodDelete:
		err, status = h.registry.removeKey(v.space, key), http.StatusNoContent
	default:
		return http.StatusMethodNotAllowed
	}
	switch {
	case errors.Is(err, errFull):
		return http.StatusInsufficientStorage
	case err != nil:
		h.log.Error("keys", "error", err.Error())
		return http.StatusInternalServerError
	}
	return status
}
