package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
)

// sizeObject counts the objects of one size. Sizes are buckets' but for large
// attachments.
type sizeObject struct {
	Bytes   int64 `json:"bytes"`
	Objects int   `json:"objects"`
}

// linkedObject is a log as a host sees one: so many objects, one after the other.
type linkedObject struct {
	Segments int    `json:"segments"`
	Bytes    int64  `json:"bytes"`
	First    string `json:"first"` // about when they were put
	Last     string `json:"last"`
}

// leaksObject is phivault.leaks.v1: what whoever runs a remote can learn. Listed says
// that objects, bytes and sizes are what the remote itself lists; otherwise they are
// what this device knows to be there. Other counts the listed objects that this device
// does not know: of meetings, of other devices, of a doctor.
type leaksObject struct {
	Schema     string         `json:"schema"`
	Remote     string         `json:"remote"` // "": of a remote that has everything; there is none yet
	Kind       string         `json:"kind"`
	Listed     bool           `json:"listed"`
	Space      string         `json:"space"`
	Objects    int            `json:"objects"`
	Bytes      int64          `json:"bytes"`
	Sizes      []sizeObject   `json:"sizes"`
	Logs       []linkedObject `json:"logs"`
	Beside     int            `json:"beside"`
	Other      int            `json:"other"`
	Credential string         `json:"credential"`
	Synced     string         `json:"synced"`
	Learns     []string       `json:"learns"`
	Never      []string       `json:"never"`
}

// What a host learns beyond the numbers, and what it does not.
var (
	hostLearns = []string{
		"when and from which address each object is put, asked for and not found, and with which credential",
		"which objects follow each other in a log: whoever asks for one name after the other links them",
		"that a device joins: two objects at a meeting place, of a name that is used once",
		"about how many devices there are, and how often and how much each writes, within the sizes above",
	}
	hostNever = []string{
		"records, their number, types, codes, dates and texts",
		"names of patients, devices, files, sources and remotes",
		"clocks: when a record was written, edited, looked at",
		"searches, and what is opened: reading asks for nothing",
		"the passphrase or anything derived from it: nothing to crack, no cost to lower",
		"keys; which device holds which; what a device may do",
		"whether two attachments are the same, beyond the sizes above",
	}
)

func (a *app) leaksCommand() *cobra.Command {
	var at string
	c := &cobra.Command{
		Use:   "leaks",
		Short: "What whoever runs a remote can learn from it, in numbers",
		Long: `Leaks prints for each remote what its host can infer: how many objects lie there, of
which sizes, which of them it can link into logs, which credential it sees, and what
it never learns. The numbers are of this very vault, and come from this device alone.

With --remote the remote is asked for what it lists, and that is counted.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.leaks(ctx, s, at) })
		},
	}
	c.Flags().StringVar(&at, "remote", "", "ask this remote, by its `name`, for what lies there")
	return c
}

func (a *app) leaks(ctx context.Context, s *session, at string) error {
	list, err := s.Remotes(ctx)
	if err != nil {
		return err
	}
	if at != "" {
		if list, err = s.chosen(ctx, []string{at}); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		list = []local.Remote{{}}
	}
	j, err := s.ReadJournal(ctx)
	if err != nil {
		return err
	}
	for i, r := range list {
		o, err := exposed(ctx, s, j, r)
		if err == nil && at != "" {
			err = listedThere(ctx, s, j, r, &o)
		}
		if err == nil {
			err = a.showLeaks(o, i == len(list)-1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exposed counts what this device knows to lie at a remote.
func exposed(ctx context.Context, s *session, j *journal.Journal, r local.Remote) (o leaksObject, err error) {
	o = leaksObject{Schema: "phivault.leaks.v1", Remote: r.Name, Space: segment.Space(s.ID()).Path(), Sizes: []sizeObject{}, Logs: []linkedObject{},
		Credential: credentialSeen(r), Synced: stamp(r.Synced), Learns: hostLearns, Never: hostNever}
	if p, err := parsePlace(r.URL); err == nil {
		o.Kind = p.kind
	}
	all, err := j.Exposure(ctx, r.ID)
	if err != nil {
		return o, err
	}
	sizes, logs := map[int64]int{}, map[vault.LogID]*linkedObject{}
	for _, e := range all {
		o.Objects++
		o.Bytes += e.Size
		sizes[e.Size]++
		if !e.Linked {
			o.Beside++
			continue
		}
		l := logs[e.Log]
		if l == nil {
			l = &linkedObject{First: stamp(e.Put)}
			logs[e.Log] = l
		}
		l.Segments++
		l.Bytes += e.Size
		l.Last = stamp(e.Put)
	}
	for _, l := range logs {
		o.Logs = append(o.Logs, *l)
	}
	slices.SortFunc(o.Logs, func(a, b linkedObject) int { return b.Segments - a.Segments })
	o.Sizes = bySize(sizes)
	return o, nil
}

func bySize(sizes map[int64]int) []sizeObject {
	out := []sizeObject{}
	for _, size := range slices.Sorted(maps.Keys(sizes)) {
		out = append(out, sizeObject{size, sizes[size]})
	}
	return out
}

// listedThere replaces what is known by what the remote lists, if it lists.
func listedThere(ctx context.Context, s *session, j *journal.Journal, r local.Remote, o *leaksObject) error {
	c, err := openRemote(r)
	if err != nil {
		return because(err, r.Name)
	}
	defer c.Close()
	known := map[remote.Name]bool{}
	all, err := j.Exposure(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, e := range all {
		known[e.Name] = true
	}
	sizes, n, sum, other := map[int64]int{}, 0, int64(0), 0
	for e, err := range remote.List(ctx, c, segment.Space(s.ID())) {
		if errors.Is(err, remote.ErrUnsupported) {
			return nil
		}
		if err != nil {
			return because(err, r.Name)
		}
		n++
		sum += e.Size
		sizes[e.Size]++
		if !known[e.Name] {
			other++
		}
	}
	o.Listed, o.Objects, o.Bytes, o.Other, o.Sizes = true, n, sum, other, bySize(sizes)
	return nil
}

// credentialSeen says by what a host knows who comes: never a secret.
func credentialSeen(r local.Remote) string {
	seed, err := base64.RawStdEncoding.DecodeString(r.Secrets[secretAccess])
	switch {
	case err == nil && len(seed) == ed25519.SeedSize:
		public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		return "this device's host-access key " + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(public))
	case r.Secrets[secretKeyID] != "":
		return "an access key, the same for each device that was invited with it"
	case r.Secrets[secretUser] != "":
		return "a user name, the same for each device that was invited with it"
	}
	return "none of its own; the system's that reaches it"
}

func (a *app) showLeaks(o leaksObject, last bool) error {
	if a.g.json {
		return a.emit(o)
	}
	name := o.Remote
	if name == "" {
		name = "(none yet: what one that has everything would see)"
	}
	counted := "as this device knows it; --remote asks the remote"
	if o.Listed {
		counted = "as the remote lists it"
	}
	fields := [][2]string{{"remote", name}, {"counted", counted}, {"space", o.Space},
		{"objects", itoa(int64(o.Objects)) + ", " + sizeText(o.Bytes) + " together"}}
	for _, s := range o.Sizes {
		fields = append(fields, [2]string{"  of " + sizeText(s.Bytes), itoa(int64(s.Objects))})
	}
	for _, l := range o.Logs {
		fields = append(fields, [2]string{"log", count(l.Segments, "object", "objects") + " in order, " + sizeText(l.Bytes) + ", " + l.First + " to " + l.Last})
	}
	fields = append(fields, [2]string{"beside the logs", itoa(int64(o.Beside))})
	if o.Listed {
		fields = append(fields, [2]string{"not of this device's knowing", itoa(int64(o.Other))})
	}
	fields = append(fields, [2]string{"credential", o.Credential}, [2]string{"last sync", o.Synced})
	if err := writeFields(a.out, fields); err != nil {
		return err
	}
	text := "\n"
	if last {
		text += "A host also learns\n  - " + strings.Join(o.Learns, "\n  - ") + "\nIt never learns\n  - " + strings.Join(o.Never, "\n  - ") + "\n"
	}
	_, err := a.out.Write([]byte(text))
	return err
}
