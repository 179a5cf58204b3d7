package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir"
)

// Resolve follows a reference; see vault.Index.
func (s *Store) Resolve(ctx context.Context, source, reference string) (id vault.RecordID, err error) {
	begun := s.remade.Load()
	err = s.read(ctx, func(c *conn) error {
		record, err := resolve(ctx, c, source, reference, "")
		if err != nil {
			return err
		}
		id, err = idOf(ctx, c, record)
		return err
	})
	if s.remaking(begun) && fhir.ParseReference(reference).Kind != fhir.Relative {
		return vault.RecordID{}, vault.ErrRemaking
	}
	return id, err
}

func isMissing(err error) bool {
	return errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrAmbiguous)
}

// resolve gives the record that a reference in a record of source means. When
// only is set, no other type is looked for behind a URN.
func resolve(ctx context.Context, c *conn, source, reference, only string) (int64, error) {
	ref := fhir.ParseReference(reference)
	switch ref.Kind {
	case fhir.Relative:
		return meant(ctx, c, vault.RecordIDOf(source, ref.Type, ref.ID))
	case fhir.Absolute:
		n, err := recordByName(ctx, c, nameHash(source, "url", strings.ToLower(reference)))
		if !errors.Is(err, vault.ErrNotFound) {
			return n, err
		}
		return meant(ctx, c, vault.RecordIDOf(source, ref.Type, ref.ID))
	case fhir.URN:
		n, err := recordByName(ctx, c, nameHash(source, "url", strings.ToLower(reference)))
		if !errors.Is(err, vault.ErrNotFound) {
			return n, err
		}
		uuid, _ := strings.CutPrefix(ref.URN, "urn:uuid:")
		return recordByURN(ctx, c, source, uuid, only)
	case fhir.Conditional:
		return recordByName(ctx, c, nameHash(source, ref.Type, identifierText(vault.Identifier{System: ref.System, Value: ref.Value})))
	}
	return 0, vault.ErrNotFound
}

// recordByURN finds a record whose id is the URN's, of whatever type.
func recordByURN(ctx context.Context, c *conn, source, id, only string) (int64, error) {
	types := []string{only}
	if only == "" {
		types = types[:0]
		err := c.rows(ctx, func(scan func(...any) error) error {
			var t string
			if err := scan(&t); err != nil {
				return err
			}
			types = append(types, t)
			return nil
		}, "SELECT text FROM word")
		if err != nil {
			return 0, err
		}
	}
	for _, t := range types {
		n, err := meant(ctx, c, vault.RecordIDOf(source, t, id))
		if !errors.Is(err, vault.ErrNotFound) {
			return n, err
		}
	}
	return 0, vault.ErrNotFound
}

func recordByID(ctx context.Context, c *conn, id vault.RecordID) (n int64, err error) {
	ok, err := c.row(ctx, []any{&n}, "SELECT record FROM record WHERE id=?", id[:])
	if err == nil && !ok {
		err = vault.ErrNotFound
	}
	return n, err
}

func recordByName(ctx context.Context, c *conn, hash int64) (n int64, err error) {
	found := 0
	err = c.rows(ctx, func(scan func(...any) error) error {
		found++
		return scan(&n)
	}, "SELECT n.record FROM name n JOIN record r ON r.record=n.record WHERE n.hash=? AND r.state<>1 LIMIT 2", hash)
	switch {
	case err != nil:
		return 0, err
	case found == 0:
		return 0, vault.ErrNotFound
	case found > 1:
		return 0, vault.ErrAmbiguous
	}
	return n, nil
}

func idOf(ctx context.Context, c *conn, record int64) (id vault.RecordID, err error) {
	var b []byte
	ok, err := c.row(ctx, []any{&b}, "SELECT id FROM record WHERE record=?", record)
	if err == nil && !ok {
		err = vault.ErrNotFound
	}
	copy(id[:], b)
	return id, err
}

const minLookup = 4 // hex digits

// Lookup finds a record by the beginning of its id; see vault.Index.
func (s *Store) Lookup(ctx context.Context, prefix string) (id vault.RecordID, err error) {
	if len(prefix) < minLookup || len(prefix) > 2*len(id) || strings.Trim(prefix, "0123456789abcdef") != "" {
		return id, fmt.Errorf("%w: a record id is %d to %d hexadecimal digits", vault.ErrUsage, minLookup, 2*len(id))
	}
	low, _ := hex.DecodeString(prefix + strings.Repeat("0", 2*len(id)-len(prefix)))
	high, _ := hex.DecodeString(prefix + strings.Repeat("f", 2*len(id)-len(prefix)))
	found := 0
	err = s.read(ctx, func(c *conn) error {
		return c.rows(ctx, func(scan func(...any) error) error {
			var b []byte
			if err := scan(&b); err != nil {
				return err
			}
			copy(id[:], b)
			found++
			return nil
		}, "SELECT id FROM record WHERE id BETWEEN ? AND ? LIMIT 2", low, high)
	})
	switch {
	case err != nil:
		return vault.RecordID{}, err
	case found == 0:
		return vault.RecordID{}, vault.ErrNotFound
	case found > 1:
		return vault.RecordID{}, vault.ErrAmbiguous
	}
	return id, nil
}

// Counts are the numbers that status shows; see vault.Index.
func (s *Store) Counts(ctx context.Context) (n vault.Counts, err error) {
	n.Types = map[string]int64{}
	err = s.read(ctx, func(c *conn) error {
		err := c.rows(ctx, func(scan func(...any) error) error {
			var typ string
			var state, count int64
			if err := scan(&typ, &state, &count); err != nil {
				return err
			}
			if state == stateDeleted {
				n.Deleted += count
				return nil
			}
			n.Records += count
			n.Types[typ] += count
			if state == stateConflict {
				n.Conflicts += count
			}
			return nil
		}, "SELECT w.text,r.state,count(*) FROM record r JOIN word w ON w.word=r.type GROUP BY r.type,r.state")
		if err != nil {
			return err
		}
		n.Patients = n.Types["Patient"]
		if _, err := c.row(ctx, []any{&n.Entries}, "SELECT coalesce(max(entry),0) FROM entry"); err != nil {
			return err
		}
		if _, err := c.row(ctx, []any{&n.Revisions}, "SELECT coalesce(sum(revisions),0) FROM record"); err != nil {
			return err
		}
		_, err = c.row(ctx, []any{&n.Blobs, &n.BlobBytes}, "SELECT count(*),coalesce(sum(size),0) FROM blob WHERE entry IS NOT NULL")
		return err
	})
	return n, err
}

// meant is recordByID for a reference: a record none of whose contents is here any
// more is not what one means, so that it does not matter what came first.
func meant(ctx context.Context, c *conn, id vault.RecordID) (n int64, err error) {
	ok, err := c.row(ctx, []any{&n}, "SELECT r.record FROM record r JOIN word w ON w.word=r.type WHERE r.id=? AND w.text<>''", id[:])
	if err == nil && !ok {
		err = vault.ErrNotFound
	}
	return n, err
}
