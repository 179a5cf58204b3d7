package host

import (
	"errors"
	"io/fs"
	"time"

	"phivault/sync/remote"
)

// ErrNoVault: no vault of that tag is registered here.
var ErrNoVault = errors.New("no such vault on this host")

// Admin is the operator's side of a state folder. It works while a host serves
// from it.
type Admin struct{ registry *registry }

// OpenAdmin opens a state folder, which it makes where it is missing.
func OpenAdmin(dir string, now func() time.Time) (*Admin, error) {
	r, err := openRegistry(dir, now)
	if err != nil {
		return nil, err
	}
	return &Admin{r}, nil
}

// Close lets go of the folder.
func (a *Admin) Close() error { return a.registry.close() }

// Mint makes a one-time token. It cannot be shown again: only its hash is kept.
func (a *Admin) Mint(t Token) (string, error) {
	if t.Vault != "" {
		if err := a.registered(t.Vault); err != nil {
			return "", err
		}
	}
	return a.registry.mint(t)
}

func (a *Admin) registered(tag string) error {
	s, err := remote.ParseSpace(tag)
	if err != nil || s == remote.Join {
		return ErrNoVault
	}
	if _, err := a.registry.policy(s); err != nil {
		return ErrNoVault
	}
	return nil
}

// Vault is what the operator sees of one.
type Vault struct {
	Tag     string   `json:"tag"`
	Policy  Policy   `json:"policy"`
	Used    int64    `json:"used"`
	Objects int64    `json:"objects"`
	Keys    []string `json:"keys"`
}

// Vaults lists what is registered.
func (a *Admin) Vaults() ([]Vault, error) {
	spaces, err := a.registry.spaces()
	if err != nil {
		return nil, err
	}
	out := make([]Vault, 0, len(spaces))
	for _, s := range spaces {
		v := Vault{Tag: s.String()}
		if v.Policy, err = a.registry.policy(s); errors.Is(err, fs.ErrNotExist) {
			continue // a registration that was interrupted
		} else if err != nil {
			return nil, plain(err)
		}
		if v.Used, v.Objects, _, err = a.registry.usage(s); err != nil {
			return nil, err
		}
		if v.Keys, err = a.registry.keys(s); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Change alters a vault's policy; the serving process follows within seconds.
func (a *Admin) Change(tag string, change func(*Policy)) error {
	if err := a.registered(tag); err != nil {
		return err
	}
	s, err := remote.ParseSpace(tag)
	if err != nil {
		return ErrNoVault
	}
	p, err := a.registry.policy(s)
	if err != nil {
		return plain(err)
	}
	change(&p)
	return a.registry.write(vaultDir(s)+"/policy.json", p)
}

// Revoke takes a key's access to a vault away, at once.
func (a *Admin) Revoke(tag, key string) error {
	if err := a.registered(tag); err != nil {
		return err
	}
	if _, ok := parseKey(key); !ok {
		return errors.New("not a key")
	}
	s, err := remote.ParseSpace(tag)
	if err != nil {
		return ErrNoVault
	}
	return a.registry.removeKey(s, key)
}
