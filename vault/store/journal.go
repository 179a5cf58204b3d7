package store

import (
	"context"
	"crypto/sha256"
	"fmt"

	"phivault/vault"
)

var _ vault.JournalState = (*Store)(nil)

// State gives what SetState kept; see vault.JournalState.
func (s *Store) State(ctx context.Context, key string) (v []byte, err error) {
	err = s.read(ctx, func(c *conn) error {
		_, err := c.row(ctx, []any{&v}, "SELECT value FROM journal WHERE key=?", key)
		return err
	})
	return v, err
}

// SetState keeps a value; see vault.JournalState.
func (s *Store) SetState(ctx context.Context, key string, value []byte) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.write.Unlock()
	return mapError(setState(s.w, key, value))
}

func setState(c *conn, key string, value []byte) error {
	if value == nil {
		return c.run("DELETE FROM journal WHERE key=?", key)
	}
	return c.run("INSERT INTO journal(key,value) VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value", key, value)
}

// States gives the keys that begin with prefix; see vault.JournalState.
func (s *Store) States(ctx context.Context, prefix string) (keys []string, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.rows(ctx, func(scan func(...any) error) error {
			var k string
			err := scan(&k)
			keys = append(keys, k)
			return err
		}, "SELECT key FROM journal WHERE substr(key,1,?)=? ORDER BY key", len(prefix), prefix)
	})
	return keys, err
}

// Unpack expands a body; see vault.JournalState.
func (s *Store) Unpack(h vault.Header, body []byte) ([]byte, error) {
	if err := honest(h, body); err != nil {
		return nil, err
	}
	p, err := s.pack.unpack(body)
	if err != nil {
		return nil, err
	}
	if uint64(len(p)) != h.Length || vault.Hash(sha256.Sum256(p)) != h.Payload {
		return nil, fmt.Errorf("%w: a payload is not what its header says", vault.ErrIntegrity)
	}
	return p, nil
}
