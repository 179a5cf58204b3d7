package host

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"phivault/sync/remote"
)

// refresh is how old a vault's policy may be: the operator changes it in a file.
const refresh = 2 * time.Second

type bucket struct {
	*rate.Limiter
	read time.Time // when the policy was
}

// vault gives what is known of a registered vault, and reads it up on first use.
func (h *Host) vault(ctx context.Context, s remote.Space) (*vault, error) {
	h.mu.Lock()
	v := h.vaults[s]
	h.mu.Unlock()
	now := h.config.Now()
	if v == nil {
		return h.load(ctx, s, now)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if now.Sub(v.limit.read) > refresh {
		p, err := h.registry.policy(s)
		if err != nil {
			return nil, err
		}
		v.policy, v.limit.read = p, now
	}
	return v, nil
}

func (h *Host) load(ctx context.Context, s remote.Space, now time.Time) (*vault, error) {
	// One at a time: two readings at once would both settle the same questions.
	h.registry.mu.Lock()
	defer h.registry.mu.Unlock()
	h.mu.Lock()
	v := h.vaults[s]
	h.mu.Unlock()
	if v != nil {
		return v, nil
	}
	p, err := h.registry.policy(s)
	if err != nil {
		return nil, err
	}
	if err := h.registry.mend(s); err != nil {
		return nil, err
	}
	used, _, open, err := h.registry.usage(s)
	if err != nil {
		return nil, err
	}
	for _, f := range open {
		kept, err := has(ctx, h.store, f)
		if err != nil {
			return nil, err
		}
		if f.kind = 'a'; kept {
			f.kind = 'c'
			used += f.size
		}
		if err := h.registry.append(s, f); err != nil {
			return nil, err
		}
	}
	v = &vault{space: s, policy: p, used: used,
		limit: bucket{rate.NewLimiter(rate.Limit(h.limits.Requests), h.limits.Burst), now}}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.vaults[s] = v
	return v, nil
}

// has asks the store about a put whose end is not known.
func has(ctx context.Context, store remote.Remote, f fact) (bool, error) {
	body, size, err := store.Get(ctx, f.name)
	if errors.Is(err, remote.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return size == f.size, body.Close()
}
