package tui_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/tui/tuitest"
	"phivault/vault"
	"phivault/vault/fhir"
)

// world is what lies outside of one vault: remotes and other devices, as a test
// wants them. It is its own Sharing.
type world struct {
	st       tui.Standing
	rounds   []tui.Round
	err      error // of what is asked next
	added    []tui.NewRemote
	given    map[string]string // credentials of the last one
	compared string
	made     string // the folder that adding a remote makes
	ended    string // the device over whose fork, and whether it was taken over
	wake     <-chan struct{}
	heard    func([]tui.Round)
	conflicts
	invitation
}

var (
	_ tui.Joiner    = sharingOpener{}
	_ tui.Joining   = (*way)(nil)
	_ tui.Sharing   = sharing{}
	_ tui.Remotes   = (*world)(nil)
	_ tui.Sync      = (*world)(nil)
	_ tui.Devices   = (*world)(nil)
	_ tui.Conflicts = (*conflicts)(nil)
)

// sharing is a session with a world around it.
type sharing struct {
	*session
	w *world
}

func (s sharing) Remotes() tui.Remotes     { return s.w }
func (s sharing) Sync() tui.Sync           { return s.w }
func (s sharing) Devices() tui.Devices     { return s.w }
func (s sharing) Conflicts() tui.Conflicts { return &s.w.conflicts }

// sharingOpener opens the vault into the world.
type sharingOpener struct {
	*opener
	w *world
}

func (o sharingOpener) Open(ctx context.Context, p *secret.Bytes) (tui.Session, error) {
	if _, err := o.opener.Open(ctx, p); err != nil {
		return nil, err
	}
	o.w.conflicts.s = o.open
	return sharing{o.open, o.w}, nil
}

// inWorld begins a session of a vault with others.
func inWorld(t testing.TB, o *opener, w *world) *tuitest.Session {
	return tuitest.New(t, tui.Options{Opener: sharingOpener{o, w}, Explain: func(err error) string { return err.Error() }})
}

func (w *world) fails() error {
	err := w.err
	w.err = nil
	return err
}

func (w *world) Needs(address string) ([]tui.Need, error) {
	switch {
	case strings.HasPrefix(address, "folder:"):
		return nil, nil
	case strings.HasPrefix(address, "https:"):
		return []tui.Need{{Name: "token", Must: true}}, nil
	case strings.HasPrefix(address, "s3:"):
		return []tui.Need{{Name: "access-key", Must: true}, {Name: "secret-key", Must: true}, {Name: "session-token"}}, nil
	}
	return nil, errors.New("that is no remote's address")
}

func (w *world) Add(_ context.Context, r tui.NewRemote) (string, error) {
	if err := w.fails(); err != nil {
		return "", err
	}
	w.given = map[string]string{}
	for name, c := range r.Credentials {
		w.given[name] = string(c.Bytes())
	}
	w.added = append(w.added, r)
	w.st.Remotes = append(w.st.Remotes, tui.Remote{Name: r.Name, Address: r.Address, Pending: 2})
	w.st.Pending = 2
	return w.made, nil
}

func (w *world) Test(context.Context, string) error { return w.fails() }

func (w *world) Standing(context.Context) (tui.Standing, error) { return w.st, nil }

func (w *world) Now(_ context.Context, moved func(int64)) ([]tui.Round, error) {
	moved(7)
	if err := w.fails(); err != nil {
		return nil, err
	}
	for i := range w.st.Remotes {
		w.st.Remotes[i].Synced, w.st.Remotes[i].Pending = noon(), 0
	}
	w.st.Pending = 0
	return w.rounds, nil
}

func (w *world) Watch(_ context.Context, wake <-chan struct{}, heard func([]tui.Round)) error {
	w.wake, w.heard = wake, heard
	return nil
}

func (w *world) Compare(_ context.Context, code string) error {
	w.compared = code
	return w.fails()
}

func (w *world) Rename(_ context.Context, id, name string) error {
	for i := range w.st.Devices {
		if w.st.Devices[i].ID == id {
			w.st.Devices[i].Name = name
		}
	}
	return w.fails()
}

// Remove serves remotes and devices alike: their names differ.
func (w *world) Remove(_ context.Context, what string) error {
	if err := w.fails(); err != nil {
		return err
	}
	for i, r := range w.st.Remotes {
		if r.Name == what {
			w.st.Remotes = append(w.st.Remotes[:i:i], w.st.Remotes[i+1:]...)
			return nil
		}
	}
	for i := range w.st.Devices {
		if w.st.Devices[i].ID == what {
			w.st.Devices[i].Removed = true
			return nil
		}
	}
	return errors.New("there is none")
}

func (w *world) EndFork(_ context.Context, id string, adopt bool) error {
	if err := w.fails(); err != nil {
		return err
	}
	w.ended = fmt.Sprint(id, " ", adopt)
	w.st.Forks = nil
	return nil
}

// clinicWorld is a vault on three devices with two remotes.
func clinicWorld() *world {
	return &world{st: tui.Standing{
		Remotes: []tui.Remote{{Name: "main", Address: "folder:/media/stick/vault", Synced: noon().Add(-2 * time.Hour)},
			{Name: "clinic", Address: "https://host.example:8443", Synced: noon().Add(-50 * time.Hour), Pending: 3}},
		Devices: []tui.Device{{ID: "aa01", Letter: "A", Self: true, Owner: true, Seen: noon()},
			{ID: "bb02", Letter: "B", Name: "laptop", Seen: noon().Add(-26 * time.Hour), Current: true},
			{ID: "cc03", Letter: "C", Name: "old phone", Seen: noon().Add(-900 * time.Hour), Removed: true}},
		Code: "A 12 01234567890123456789"},
		rounds: []tui.Round{{Remote: "main", Pushed: 3, Pulled: 12}, {Remote: "clinic", Pushed: 3}}}
}

// conflicts decides in the vault that is open.
type conflicts struct{ s *session }

func (c *conflicts) Heads(ctx context.Context, id vault.RecordID) (out []tui.Head, err error) {
	heads, err := c.s.Vault.Heads(ctx, id)
	history, herr := c.s.History(ctx, id)
	for i, h := range heads {
		out = append(out, tui.Head{Record: h, At: history[h.Version-1].At, Sent: history[h.Version-1].Sent, Device: []string{"device A (this one)", "device B laptop"}[i%2]})
	}
	return out, errors.Join(err, herr)
}

func (c *conflicts) Keep(ctx context.Context, old vault.Record, keep *vault.Resource) (vault.Record, error) {
	return c.s.Settle(ctx, old, keep)
}

func (c *conflicts) Merge(ctx context.Context, old vault.Record, json []byte) (vault.Record, error) {
	r, err := fhir.Parse(json, nil)
	if err != nil {
		return vault.Record{}, err
	}
	return c.s.Settle(ctx, old, &r)
}

// invitation is one that was made, and one that was given, as a test wants them.
type invitation struct {
	card    tui.Card
	comes   *tui.Candidate // nil: nobody
	owner   bool
	meet    string
	typed   []string
	refuses error // of Admit
	closed  int
	pasted  string
	address string
	joins   error
}

const eightWords = "apple banana cherry dune eagle fern grape hotel"

func (w *world) Invite(_ context.Context, at string, owner bool) (tui.Invitation, error) {
	w.meet, w.owner = at, owner
	return &w.invitation, w.fails()
}

func (i *invitation) Card() tui.Card { return i.card }
func (i *invitation) Wait(context.Context) (tui.Candidate, error) {
	if i.comes == nil {
		return tui.Candidate{}, context.Canceled // tests do not wait
	}
	return *i.comes, nil
}

func (i *invitation) Admit(_ context.Context, typed string) error {
	i.typed = append(i.typed, typed)
	if typed != eightWords {
		return tui.ErrWords
	}
	return i.refuses
}

func (i *invitation) Close() { i.closed++ }

// Join makes the opener's vault, as if it had been fetched.
func (o sharingOpener) Join(text *secret.Bytes, address string) (tui.Joining, error) {
	o.w.pasted, o.w.address = string(text.Bytes()), address
	if err := o.w.fails(); err != nil {
		return nil, err
	}
	return &way{o}, nil
}

type way struct{ o sharingOpener }

func (y *way) Ask(context.Context) (string, error) { return eightWords, y.o.w.fails() }
func (y *way) Finish(ctx context.Context, p *secret.Bytes, moved func(int64)) (tui.Session, error) {
	if err := y.o.w.joins; err != nil {
		return nil, err
	}
	moved(3)
	return y.o.Create(ctx, p)
}
func (y *way) Close() { y.o.w.closed++ }
