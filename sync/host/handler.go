package host

import (
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"phivault/sync/remote"
)

// Handler answers the protocol's requests. They must come over TLS 1.3.
func (h *Host) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		start := h.config.Now()
		a := &answer{kind: "unknown"}
		defer func() {
			p := recover()
			if p == nil || p == http.ErrAbortHandler {
				h.record(req, a, start, p != nil)
			} else {
				h.log.Error("panic", "kind", a.kind) // its text could quote a request
				p = http.ErrAbortHandler
			}
			if p != nil {
				panic(p)
			}
		}()
		harden(w.Header())
		if a.status = h.answer(w, req, a); a.status != 0 {
			refuse(w, req, a.status)
		}
	})
}

// answer is what the log says of a request.
type answer struct {
	kind   string
	vault  int
	status int // 0 where the body was written as 200
	sent   int64
}

func (h *Host) record(req *http.Request, a *answer, start time.Time, cut bool) {
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	attrs := []slog.Attr{slog.String("method", known(req.Method)), slog.String("kind", a.kind), slog.Int("status", status),
		slog.Int("vault", a.vault), slog.Int64("in", max(req.ContentLength, 0)), slog.Int64("out", a.sent),
		slog.Int64("ms", h.config.Now().Sub(start).Milliseconds())}
	if cut {
		attrs = append(attrs, slog.Bool("cut", true))
	}
	level := slog.LevelInfo
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusTooManyRequests:
		attrs = append(attrs, slog.String("from", address(req.RemoteAddr)))
		level = slog.LevelWarn
	case status >= 500:
		level = slog.LevelError
	case a.kind == "health":
		level = slog.LevelDebug
	}
	h.log.LogAttrs(req.Context(), level, "request", attrs...)
}

// known keeps a client's own words out of the log.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodHead, http.MethodOptions:
		return method
	}
	return "other"
}

func address(remoteAddr string) string {
	host, _, err := net.SplitHostPort(remoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// harden sets what a browser must know if one ever comes by.
func harden(h http.Header) {
	h.Set("Strict-Transport-Security", "max-age=63072000")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

func text(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/plain; charset=us-ascii") }

func refuse(w http.ResponseWriter, req *http.Request, status int) {
	if status == http.StatusNoContent || status == http.StatusCreated {
		w.WriteHeader(status)
		return
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	text(w)
	w.WriteHeader(status)
	if req.Method != http.MethodHead {
		io.WriteString(w, strings.ToLower(http.StatusText(status))+"\n")
	}
}

// answer writes a 200 itself and gives 0, or gives the status of an answer without
// content.
func (h *Host) answer(w http.ResponseWriter, req *http.Request, a *answer) int {
	if req.URL.Path == "/healthz" && req.RequestURI == "/healthz" {
		a.kind = "health"
		return h.health(w, req)
	}
	if req.TLS == nil || !strings.HasPrefix(req.RequestURI, "/v1/") && !strings.HasPrefix(req.RequestURI, "/v2/keys") || req.URL.RawQuery != "" || req.URL.Path != req.RequestURI {
		return http.StatusNotFound
	}
	who, ok := verify(req)
	if req.RequestURI == "/v1/register" {
		a.kind = "register"
		return h.register(w, req, who, ok)
	}
	if !ok || !h.registry.knows(who.vault, who.key) {
		return h.stranger(req)
	}
	v, err := h.vault(req.Context(), who.vault)
	if err != nil {
		h.log.Error("vault", "error", err.Error())
		return http.StatusInternalServerError
	}
	a.vault = v.snapshot().Number
	if !v.limit.Allow() {
		return http.StatusTooManyRequests
	}
	return h.member(w, req, a, who, v)
}

// member answers a request of somebody who may be here.
func (h *Host) member(w http.ResponseWriter, req *http.Request, a *answer, who signer, v *vault) int {
	path := req.RequestURI[1:]
	switch {
	case path == v.space.Path():
		a.kind = "list"
		if req.Method != http.MethodGet {
			return http.StatusMethodNotAllowed
		}
		return h.list(w, req, v.space)
	case path == v.space.Path()+"/watch":
		a.kind = "watch"
		if req.Method != http.MethodGet {
			return http.StatusMethodNotAllowed
		}
		return h.watch(w, req, who)
	case path == "v1/keys":
		a.kind = "keys"
		return h.listKeys(w, req, who, 1)
	case path == "v2/keys":
		a.kind = "keys"
		return h.listKeys(w, req, who, 2)
	case strings.HasPrefix(path, "v2/keys/"):
		a.kind = "keys"
		return h.vouch(w, req, who, v, path[len("v2/keys/"):])
	case strings.HasPrefix(path, "v1/keys/"):
		a.kind = "keys"
		return h.keys(w, req, who, v, path[len("v1/keys/"):])
	}
	n, err := remote.ParseName(path)
	if err != nil {
		return http.StatusNotFound
	}
	a.kind = "object"
	if n.Space() == remote.Join {
		a.kind = "join"
	} else if n.Space() != v.space {
		return http.StatusForbidden
	}
	switch req.Method {
	case http.MethodPut:
		return h.put(w, req, v, n)
	case http.MethodGet:
		status, sent := h.get(w, req, n)
		a.sent = sent
		return status
	case http.MethodDelete:
		return h.remove(req, v, n)
	}
	return http.StatusMethodNotAllowed
}

// stranger is the answer to a request without a good signature by a known key,
// whatever is wrong with it.
func (h *Host) stranger(req *http.Request) int {
	if !h.refusals.allow(address(req.RemoteAddr)) {
		return http.StatusTooManyRequests
	}
	return http.StatusUnauthorized
}

func (h *Host) health(w http.ResponseWriter, req *http.Request) int {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return http.StatusMethodNotAllowed
	}
	h.mu.Lock()
	stopping := h.stopping
	h.mu.Unlock()
	if stopping {
		return http.StatusServiceUnavailable
	}
	text(w)
	io.WriteString(w, "ok\n")
	return 0
}

// quiet keeps net/http's own messages, which quote addresses and requests, to
// their mere fact.
func quiet(l *slog.Logger) *log.Logger { return log.New(quietWriter{l}, "", 0) }

type quietWriter struct{ log *slog.Logger }

func (q quietWriter) Write(p []byte) (int, error) {
	q.log.Debug("connection ended early")
	return len(p), nil
}
