package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"phivault/vault"
)

// Remote is a place for ciphertext as the owner set it up. All of it lies in the
// encrypted database and nowhere else; it is this device's alone.
type Remote struct {
	// ID is by what the journal remembers what is there. It is drawn anew whenever a
	// remote is added, so that another place under an old name starts from nothing.
	ID   string `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url"` // without credentials
	Pin  string `json:"pin,omitempty"`
	// Secrets are credentials: never to be printed, logged, or put into an argument.
	Secrets map[string]string `json:"secrets,omitempty"`
	// Traits are what was found out about the place when it was added.
	Traits map[string]string `json:"traits,omitempty"`
	Added  time.Time         `json:"added"`
	Synced time.Time         `json:"synced,omitzero"` // the last sync without an error
}

// String keeps the credentials out of logs.
func (r Remote) String() string { return "remote " + r.Name }

// GoString keeps the credentials out of logs.
func (r Remote) GoString() string { return r.String() }

var remoteName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)
})

// Errors about the name of a remote.
var (
	// ErrRemote is a remote that is not there.
	ErrRemote = errors.New("there is no remote of this name")
	// ErrRemoteTaken is a name that another remote has.
	ErrRemoteTaken = errors.New("there is a remote of this name")
)

// Remotes are this vault's, by name.
func (v *Vault) Remotes(ctx context.Context) (list []Remote, err error) {
	st := v.database.store
	keys, err := st.States(ctx, remoteState)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		var r Remote
		b, err := st.State(ctx, k)
		if err != nil {
			return nil, err
		}
		if json.Unmarshal(b, &r) != nil || remoteState+r.Name != k {
			return nil, fmt.Errorf("%w: the settings of a remote", vault.ErrIntegrity)
		}
		list = append(list, r)
	}
	return list, nil
}

// AddRemote keeps a new remote and gives it its ID. ErrRemoteTaken when there is one of
// that name; vault.ErrUsage for a name that is not 1 to 32 of a-z, 0-9, - and _.
func (v *Vault) AddRemote(ctx context.Context, r Remote) (Remote, error) {
	if !remoteName().MatchString(r.Name) {
		return r, fmt.Errorf("%w: a remote's name has 1 to 32 of a-z, 0-9, - and _", vault.ErrUsage)
	}
	b, err := v.database.store.State(ctx, remoteState+r.Name)
	if err != nil {
		return r, err
	}
	if b != nil {
		return r, ErrRemoteTaken
	}
	var id [8]byte
	rand.Read(id[:])
	r.ID, r.Added = hex.EncodeToString(id[:]), v.o.now()
	return r, v.KeepRemote(ctx, r)
}

// KeepRemote keeps the changed settings of a remote.
func (v *Vault) KeepRemote(ctx context.Context, r Remote) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return v.database.store.SetState(ctx, remoteState+r.Name, b)
}

// RemoveRemote forgets a remote and its credentials; ErrRemote when there is none of that
// name. What lies there stays there.
func (v *Vault) RemoveRemote(ctx context.Context, name string) error {
	b, err := v.database.store.State(ctx, remoteState+name)
	if err != nil {
		return err
	}
	if b == nil {
		return ErrRemote
	}
	return v.database.store.SetState(ctx, remoteState+name, nil)
}
