package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"

	"phivault/sync/remote"
)

// Problem is one finding of a check.
type Problem struct {
	Kind  string `json:"kind"` // see below
	Vault string `json:"vault,omitempty"`
	Name  string `json:"name,omitempty"`
}

// The kinds of problems. Those that Damage reports mean that something which was
// acknowledged is not there as it came.
const (
	Missing    = "missing"    // acknowledged, and not in the store
	Changed    = "changed"    // other bytes than those that came
	Unreadable = "unreadable" // the store does not give it
	Ledger     = "ledger"     // a vault's ledger cannot be read
	Unrecorded = "unrecorded" // in the store, and in no ledger: after a power cut
	Stray      = "stray"      // in the store, and no object of a vault here
	OverQuota  = "over quota" // more than the vault may have
)

// Damage reports whether the problem is one of integrity.
func (p Problem) Damage() bool {
	return p.Kind == Missing || p.Kind == Changed || p.Kind == Unreadable || p.Kind == Ledger
}

// Report is the sum of a check.
type Report struct {
	Vaults  int   `json:"vaults"`
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

// strayer is a store that can name what is no object at all.
type strayer interface {
	Strays(ctx context.Context) iter.Seq2[string, error]
}

// Check reads every object of the store and compares it with the ledgers: names,
// sizes, SHA-256, strays, quotas. It may run beside a serving host; what comes
// during the check may then be reported as unrecorded. With adopt, unrecorded
// objects are written to their vault's ledger.
func Check(ctx context.Context, state *Admin, store remote.Remote, adopt bool, found func(Problem)) (Report, error) {
	c := &checker{registry: state.registry, store: store, adopt: adopt, found: found, joins: map[remote.Name]bool{}}
	spaces, err := c.registry.spaces()
	if err != nil {
		return c.report, err
	}
	known := map[remote.Space]bool{remote.Join: true}
	for _, s := range spaces {
		known[s] = true
		if err := c.vault(ctx, s); err != nil {
			return c.report, err
		}
	}
	return c.report, c.strays(ctx, known)
}

type checker struct {
	registry *registry
	store    remote.Remote
	adopt    bool
	found    func(Problem)
	report   Report
	joins    map[remote.Name]bool // in some ledger
}

func (c *checker) vault(ctx context.Context, s remote.Space) error {
	c.report.Vaults++
	tag := s.String()
	kept, open := map[remote.Name]fact{}, map[remote.Name]fact{}
	var used int64
	err := c.registry.facts(s, func(f fact) error {
		switch f.kind {
		case 'i':
			open[f.name] = f
		case 'c':
			delete(open, f.name)
			kept[f.name] = f
			used += f.size
		case 'a':
			delete(open, f.name)
		case 'd':
			delete(kept, f.name)
			used -= f.size
		}
		return nil
	})
	if errors.Is(err, errLedger) {
		c.found(Problem{Kind: Ledger, Vault: tag})
	} else if err != nil {
		return err
	}
	for f := range maps.Values(kept) {
		if err := c.object(ctx, s, f, true); err != nil {
			return err
		}
	}
	for f := range maps.Values(open) { // a put that was cut off: it may be there or not
		if err := c.object(ctx, s, f, false); err != nil {
			return err
		}
	}
	if p, err := c.registry.policy(s); err == nil && used > p.Quota {
		c.found(Problem{Kind: OverQuota, Vault: tag})
	}
	for e, err := range remote.List(ctx, c.store, s) {
		if err != nil {
			return err
		}
		_, isKept := kept[e.Name]
		if _, isOpen := open[e.Name]; isKept || isOpen {
			continue
		}
		if err := c.unrecorded(ctx, s, e); err != nil {
			return err
		}
	}
	return nil
}

// object compares one object with its ledger's line.
func (c *checker) object(ctx context.Context, s remote.Space, f fact, must bool) error {
	if f.name.Space() == remote.Join {
		c.joins[f.name] = true
	}
	sum, size, err := c.hash(ctx, f.name)
	p := Problem{Vault: s.String(), Name: f.name.String()}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, remote.ErrNotFound):
		if must {
			p.Kind = Missing
			c.found(p)
		}
		return nil
	case err != nil:
		p.Kind = Unreadable
		c.found(p)
		return nil
	case size != f.size || sum != f.sum:
		p.Kind = Changed
		c.found(p)
	}
	c.report.Objects++
	c.report.Bytes += size
	return nil
}

func (c *checker) hash(ctx context.Context, n remote.Name) (sum [32]byte, size int64, err error) {
	body, _, err := c.store.Get(ctx, n)
	if err != nil {
		return sum, 0, err
	}
	defer body.Close()
	h := sha256.New()
	size, err = io.Copy(h, body)
	return [32]byte(h.Sum(nil)), size, err
}

func (c *checker) unrecorded(ctx context.Context, s remote.Space, e remote.Entry) error {
	c.found(Problem{Kind: Unrecorded, Vault: s.String(), Name: e.Name.String()})
	if !c.adopt {
		return nil
	}
	sum, size, err := c.hash(ctx, e.Name)
	if err != nil {
		return fmt.Errorf("adopting: %w", err)
	}
	c.report.Objects++
	c.report.Bytes += size
	return c.registry.append(s, fact{kind: 'c', name: e.Name, size: size, sum: sum, at: c.registry.now().Unix()})
}

// strays names what belongs to no vault of this host.
func (c *checker) strays(ctx context.Context, known map[remote.Space]bool) error {
	for e, err := range remote.List(ctx, c.store, remote.Space{}) {
		if err != nil {
			return err
		}
		s := e.Name.Space()
		switch {
		case !known[s]:
			c.found(Problem{Kind: Stray, Name: e.Name.String()})
		case s == remote.Join && !c.joins[e.Name]:
			c.found(Problem{Kind: Unrecorded, Name: e.Name.String()})
		}
	}
	st, ok := c.store.(strayer)
	if !ok {
		return nil
	}
	for path, err := range st.Strays(ctx) {
		if err != nil {
			return err
		}
		c.found(Problem{Kind: Stray, Name: path})
	}
	return nil
}
