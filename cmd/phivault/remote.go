package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"phivault/sync/remote"
	"phivault/sync/remote/folder"
	"phivault/sync/remote/hosted"
	"phivault/sync/remote/s3"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
)

// remoteObject is phivault.remote.v1. It holds no credential.
type remoteObject struct {
	Schema  string `json:"schema,omitempty"`
	Name    string `json:"name"`
	URL     string `json:"url"`
	Pin     string `json:"pin"`
	Added   string `json:"added"`
	Synced  string `json:"synced"`
	Pending uint64 `json:"pending"`
	// State is the code of the failure of integrity that the last sync with it ended in,
	// of remote test "answers"; "" without.
	State string `json:"state"`
}

type remoteFlags struct {
	credentials, pin string
	yes              bool
}

func (a *app) remoteCommand() *cobra.Command {
	var f remoteFlags
	add := &cobra.Command{
		Use:   "add NAME URL",
		Short: "Add a place to sync with: folder:PATH, https://…, s3://… or webdavs://…",
		Long: `Add keeps a remote's address and credentials in the encrypted vault, and asks the
remote whether it answers. Nothing is uploaded yet; "phivault sync" does.

  folder:PATH                   a folder: a stick, a network or cloud drive; made
                                where the one that it is to lie in is there
  https://HOST:PORT             a phivault-host, with --pin as it prints it; takes
                                "token", which its operator gives
  s3://HOST/BUCKET[/PREFIX]     any S3 store; ?region=… and ?style=virtual; takes
                                "access-key", "secret-key", "session-token"
  webdavs://HOST/PATH           a WebDAV share; takes "username", "password"

Credentials come from --credentials-file (lines of NAME=VALUE), else from
PHIVAULT_REMOTE_NAME in the environment (PHIVAULT_REMOTE_SECRET_KEY), else they are
asked for.`,
		Args: takes(2, 2, "a name and an address"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.remoteAdd(ctx, s, args[0], args[1], &f) })
		},
	}
	add.Flags().StringVar(&f.credentials, "credentials-file", "", "read credentials, lines of NAME=VALUE, from `file`")
	add.Flags().StringVar(&f.pin, "pin", "", "the host's `pin`, as phivault-host prints it (--pin=PIN where it begins with -)")
	list := &cobra.Command{
		Use: "list", Short: "The remotes of this device", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.withVault(c.Context(), a.remoteList) },
	}
	test := &cobra.Command{
		Use: "test NAME", Short: "Ask a remote whether it answers", Args: takes(1, 1, "a remote's name"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.remoteTest(ctx, s, args[0]) })
		},
	}
	rm := &cobra.Command{
		Use: "rm NAME", Short: "Forget a remote and its credentials; what lies there stays", Args: takes(1, 1, "a remote's name"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error {
				if _, err := s.chosen(ctx, args); err != nil {
					return err
				}
				if err := a.confirm(ctx, f.yes, "Forget this remote and its credentials?"); err != nil {
					return err
				}
				if err := s.RemoveRemote(ctx, args[0]); err != nil {
					return err
				}
				return a.done("phivault.remote.rm.v1", "removed", "Forgotten. What lies there stays there.")
			})
		},
	}
	rm.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	return group("remote", "The places to sync with", add, list, test, rm)
}

func (a *app) remoteAdd(ctx context.Context, s *session, name, address string, f *remoteFlags) error {
	r, p, err := s.newRemote(ctx, name, address, f.pin)
	if err != nil {
		return err
	}
	must, may := p.asks()
	if r.Secrets, err = a.credentials(ctx, f.credentials, must, may); err != nil {
		return err
	}
	fresh := p.kind == placeFolder && !exists(p.dir)
	if r, err = s.addRemote(ctx, p, r); err != nil {
		return err
	}
	if fresh {
		a.note("phivault: note: made the folder " + clean(p.dir))
	}
	return a.showRemotes(ctx, s, []local.Remote{r}, "")
}

// newRemote takes the address apart. The credentials are still to come.
func (s *session) newRemote(ctx context.Context, name, address, pin string) (r local.Remote, p place, err error) {
	list, err := s.Remotes(ctx)
	if err != nil {
		return r, p, err
	}
	if slices.ContainsFunc(list, func(r local.Remote) bool { return r.Name == name }) {
		return r, p, failed("exists", "there is a remote of this name", "choose another name, or remove that one first")
	}
	if p, err = parsePlace(address); err != nil {
		return r, p, err
	}
	if p.kind == placeHost {
		p.url.Path = "/" + segment.Space(s.ID()).String()
	}
	return local.Remote{Name: name, URL: p.String(), Pin: pin}, p, nil
}

// asks are the names of the credentials that adding a place takes; the second of
// them may be left out.
func (p place) asks() (must, may []string) {
	if p.kind == placeHost {
		return []string{secretToken}, nil
	}
	return p.needs()
}

// addRemote keeps a remote once it is ready.
func (s *session) addRemote(ctx context.Context, p place, r local.Remote) (local.Remote, error) {
	if p.kind == placeFolder {
		if !exists(p.dir) && !exists(filepath.Dir(p.dir)) { // where a stick or drive would be mounted
			return r, failed("remote", "the folder is not there, nor is the one that it is to lie in", "plug it in or mount it, and try again; else make the outer folder first")
		}
		c, err := folder.Create(p.dir)
		if err != nil {
			return r, because(err, "the folder")
		}
		if err := c.Close(); err != nil {
			return r, err
		}
	}
	if err := ready(ctx, p, segment.Space(s.ID()), &r); err != nil {
		return r, err
	}
	r, err := s.ownAccess(ctx, r)
	if err != nil {
		return r, err
	}
	return s.AddRemote(ctx, r)
}

// ready gains access to the place, finds out what it can, and proves that it answers
// for what lies in space.
func ready(ctx context.Context, p place, space remote.Space, r *local.Remote) (err error) {
	token := r.Secrets[secretToken]
	delete(r.Secrets, secretToken)
	if p.kind == placeHost {
		if r.Secrets[secretAccess], _, err = newHostKey(); err != nil {
			return err
		}
	}
	c, err := openRemote(*r)
	if err != nil {
		return err
	}
	defer c.Close()
	switch x := c.(type) {
	case *hosted.Remote:
		if err := x.Register(ctx, token); err != nil {
			return err
		}
		r.Traits = map[string]string{traitRegistered: "yes"}
	case *s3.Remote:
		can, err := x.Probe(ctx)
		if err != nil {
			return err
		}
		r.Traits = map[string]string{}
		if can.Exclusive {
			r.Traits[traitExclusive] = "yes"
		}
		if can.Trailers {
			r.Traits[traitTrailers] = "yes"
		}
	}
	return answers(ctx, c, space)
}

func (a *app) remoteList(ctx context.Context, s *session) error {
	list, err := s.Remotes(ctx)
	if err != nil {
		return err
	}
	return a.showRemotes(ctx, s, list, "")
}

func (a *app) remoteTest(ctx context.Context, s *session, name string) error {
	list, err := s.chosen(ctx, []string{name})
	if err != nil {
		return err
	}
	if err := s.tryRemote(ctx, list[0]); err != nil {
		return err
	}
	return a.showRemotes(ctx, s, list, "answers")
}

// tryRemote asks a remote whether it answers.
func (s *session) tryRemote(ctx context.Context, r local.Remote) error {
	c, err := openRemote(r)
	if err != nil {
		return err
	}
	defer c.Close()
	return answers(ctx, c, segment.Space(s.ID()))
}

func newRemoteObject(ctx context.Context, s *session, r local.Remote) (remoteObject, error) {
	n, err := s.Pending(ctx, r.ID)
	return remoteObject{Name: r.Name, URL: r.URL, Pin: r.Pin, Added: stamp(r.Added), Synced: stamp(r.Synced), Pending: n, State: r.Traits[traitState]}, err
}

// stateWords are the states of a remote for people.
var stateWords = map[string]string{"gone": "! went back", "forged": "! forges", "unreadable": "! gives damage", "fork": "! two histories",
	"restored_copy": "! nothing is sent: this copy is older", "ended": "! nothing is sent: keys replaced elsewhere", "integrity": "! damage here"}

func (a *app) showRemotes(ctx context.Context, s *session, list []local.Remote, state string) error {
	t := newTable(a.out, column{title: "NAME"}, column{title: "ADDRESS", shrink: 1}, column{title: "LAST SYNC"}, column{title: "PENDING", right: true}, column{title: "STATE"})
	for _, r := range list {
		o, err := newRemoteObject(ctx, s, r)
		if err != nil {
			return err
		}
		o.State = cmp.Or(state, o.State)
		if a.g.json {
			o.Schema = "phivault.remote.v1"
			err = a.emit(o)
		} else {
			err = t.row(o.Name, clean(o.URL), o.Synced, itoa(int64(o.Pending)), cmp.Or(stateWords[o.State], o.State))
		}
		if err != nil {
			return err
		}
	}
	if len(list) == 0 && !a.g.json {
		a.note("There is no remote yet: \"phivault remote add NAME ADDRESS\" adds one.")
	}
	return t.close()
}

// chosen are the remotes of these names, all without any.
func (s *session) chosen(ctx context.Context, names []string) ([]local.Remote, error) {
	all, err := s.Remotes(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, failed("no_remote", "the vault has no remote", `add one with "phivault remote add NAME URL"`)
	}
	if len(names) == 0 {
		return all, nil
	}
	var list []local.Remote
	for _, n := range names {
		i := slices.IndexFunc(all, func(r local.Remote) bool { return r.Name == n })
		if i < 0 {
			return nil, noRemote(n, all)
		}
		list = append(list, all[i])
	}
	return list, nil
}

// noRemote says which name was meant, and which there are.
func noRemote(name string, all []local.Remote) error {
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	if name = clean(name); len(name) > 40 {
		name = "that name"
	}
	return failed("no_remote", "there is no remote "+name, "there is "+strings.Join(names, ", ")+`; "phivault remote list" tells more`)
}
