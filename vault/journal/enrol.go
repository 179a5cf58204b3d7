package journal

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"phivault/crypto/identity"
	"phivault/crypto/seal"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

const replyLabel = "phivault/join/reply/v1"

// Candidate is a device that asks to be admitted. The person who admits it
// compares Words with what that device shows; an invitation alone proves nothing.
type Candidate struct {
	Device  identity.DeviceID
	Name    string
	Words   string
	request segment.Request
	plain   []byte
	invite  identity.Invitation
}

// RequestName is where the answer to an invitation appears.
func RequestName(i identity.Invitation) remote.Name { return remote.Join.Name(i.RequestName()) }

// ReplyName is where the member's reply appears.
func ReplyName(i identity.Invitation) remote.Name { return remote.Join.Name(i.ReplyName()) }

// NewRequest makes a new device's request, and the words that it shows.
func NewRequest(i identity.Invitation, d *identity.Device, name string, nonce [32]byte) (*Joining, error) {
	if len(name) > segment.MaxName {
		return nil, fmt.Errorf("%w: a name of %d bytes", vault.ErrLimit, len(name))
	}
	plain := segment.Request{Public: d.Public(), Name: name, Nonce: nonce}.Encode()
	n, key := RequestName(i), i.RequestKey()
	defer key.Destroy()
	object, err := seal.Seal(plain, key, seal.Context{Kind: seal.KindRequest, Name: n.String()}, seal.Buckets)
	if err != nil {
		return nil, err
	}
	return &Joining{Envelope: whole(n, object), Words: i.CheckWords(plain), invite: i, device: d, plain: plain}, nil
}

// Joining is a device that has asked to join and waits for the reply.
type Joining struct {
	Envelope engine.Envelope // to put
	Words    string          // to show
	invite   identity.Invitation
	device   *identity.Device
	plain    []byte
}

// Joined is what a reply gives a new device: what its key file needs, and the
// Floors of Parts. The caller destroys the keys.
type Joined struct {
	Genesis []byte
	VaultID vault.Hash
	Epochs  []EpochKey
	Floors  []vault.Place
}

// Accept opens the reply. ErrForged when it is not the answer to this request.
func (w *Joining) Accept(e engine.Envelope) (*Joined, error) {
	object, err := read(e, segment.MaxSize)
	if err != nil {
		return nil, err
	}
	key := w.invite.ReplyKey()
	defer key.Destroy()
	plain, err := seal.Open(object, key, seal.Context{Kind: seal.KindReply, Name: e.Name.String()})
	if err != nil {
		return nil, unreadable(err, e.Name)
	}
	p, signed, sig, err := segment.DecodeReply(plain)
	if err != nil || p.Request != sha256.Sum256(w.plain) || p.Member.DeviceID() != identity.DeviceID(p.Inviter) ||
		!p.Member.Verify(replyLabel, signed, sig) {
		return nil, fmt.Errorf("%w: the reply", ErrForged)
	}
	if _, err := identity.ParseGenesis(p.Genesis); err != nil {
		return nil, fmt.Errorf("%w: the reply's genesis", ErrForged)
	}
	out := &Joined{Genesis: p.Genesis, VaultID: sha256.Sum256(p.Genesis), Floors: p.Places}
	for _, e := range p.Epochs {
		k, err := w.device.Unwrap(identity.Wrapping{VaultID: out.VaultID, Writer: p.Inviter, Recipient: w.device.ID(),
			Epoch: e.Device, Invitation: w.invite.Secret[:]}, e.Wrap)
		if err != nil {
			out.Destroy()
			return nil, fmt.Errorf("%w: an epoch's key in the reply", ErrForged)
		}
		out.Epochs = append(out.Epochs, EpochKey{segment.EpochID(e.Device), k})
	}
	return out, nil
}

// Destroy wipes the keys.
func (d *Joined) Destroy() {
	for _, e := range d.Epochs {
		e.Key.Destroy()
	}
}

// Candidate opens a request that was found under RequestName. Nothing is asked
// of a person before this succeeded.
func (j *Journal) Candidate(i identity.Invitation, e engine.Envelope) (*Candidate, error) {
	object, err := read(e, 64<<10)
	if err != nil {
		return nil, err
	}
	key := i.RequestKey()
	defer key.Destroy()
	plain, err := seal.Open(object, key, seal.Context{Kind: seal.KindRequest, Name: e.Name.String()})
	if err != nil {
		return nil, unreadable(err, e.Name)
	}
	q, err := segment.DecodeRequest(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: a request to join", ErrForged)
	}
	return &Candidate{Device: q.Public.DeviceID(), Name: q.Name, Words: i.CheckWords(plain), request: q, plain: plain, invite: i}, nil
}

// Admit makes a candidate a member and gives the reply to put, after a sync has
// carried the admission out. ErrNotMember unless this device is an owner.
func (j *Journal) Admit(ctx context.Context, c *Candidate, role uint8) (engine.Envelope, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.mayChange(ctx); err != nil {
		return engine.Envelope{}, err
	}
	if _, known := j.s.members(everything).find(c.Device); known {
		return engine.Envelope{}, fmt.Errorf("%w: the device was admitted before", vault.ErrUsage)
	}
	a := &segment.Admission{Public: c.request.Public, Role: role, Name: c.request.Name}
	ids := []segment.EpochID{j.first}
	for id := range j.keys {
		if id != j.first {
			ids = append(ids, id)
		}
	}
	a.Given = ids
	if err := j.change(ctx, segment.Member{Admit: a}); err != nil {
		return engine.Envelope{}, err
	}
	return j.reply(ctx, c, ids)
}

func (j *Journal) reply(ctx context.Context, c *Candidate, ids []segment.EpochID) (engine.Envelope, error) {
	p := segment.Reply{Request: sha256.Sum256(c.plain), Genesis: j.p.Genesis, Inviter: j.self, Member: j.p.Device.Public()}
	for _, id := range ids {
		w := j.wrapping(j.self, c.Device, id)
		w.Invitation = c.invite.Secret[:]
		b, err := identity.Wrap(c.request.Public, w, j.keys[id].Key())
		if err != nil {
			return engine.Envelope{}, err
		}
		p.Epochs = append(p.Epochs, segment.MintWrap{Device: id, Wrap: b})
	}
	var err error
	if p.Places, err = j.p.Ledger.Places(ctx); err != nil {
		return engine.Envelope{}, err
	}
	ms := j.s.members(everything)
	p.Places = slices.DeleteFunc(p.Places, func(l vault.Place) bool { return !ms.stands(l) })
	segment.SortPlaces(p.Places)
	plain := p.Signed(func(b []byte) []byte { return j.p.Device.Sign(replyLabel, b) })
	n, key := ReplyName(c.invite), c.invite.ReplyKey()
	defer key.Destroy()
	object, err := seal.Seal(plain, key, seal.Context{Kind: seal.KindReply, Name: n.String()}, seal.Buckets)
	return whole(n, object), err
}

// AdmitSpare makes a device a member whose keys, with those of the given epochs, the
// caller has put away. A sync carries it out. ErrNotMember unless this device is an
// owner; a spare is one, too, since it may be all that is left.
func (j *Journal) AdmitSpare(ctx context.Context, p identity.Public, name string, given []segment.EpochID) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(name) > segment.MaxName {
		return fmt.Errorf("%w: a name of %d bytes", vault.ErrLimit, len(name))
	}
	if err := j.mayChange(ctx); err != nil {
		return err
	}
	return j.change(ctx, segment.Member{Admit: &segment.Admission{Public: p, Role: segment.RoleOwner, Name: name, Given: given, Spare: true}})
}

// mayChange cuts what there is, so that a change of membership and its epoch stand
// in one segment.
func (j *Journal) mayChange(ctx context.Context) error {
	if err := j.mute(); err != nil {
		return err
	}
	if !j.s.members(everything).owner(j.self) {
		return ErrNotMember
	}
	if err := j.settle(ctx); err != nil {
		return err
	}
	return j.cut(ctx)
}

// change appends a change of membership with the epoch of those who remain, and
// cuts both.
func (j *Journal) change(ctx context.Context, m segment.Member) error {
	if m.Admit != nil {
		m.Admit.Rank = j.s.nextRank()
	}
	e := event{At: vault.Place{Log: j.own, Seq: j.s.next(j.own)}, By: j.self, Admit: m.Admit, Remove: m.Remove}
	n, minted, err := j.mint(e)
	if err != nil {
		return err
	}
	if err := j.append(ctx, minted, vault.Note{Kind: vault.KindMember, Payload: m.Encode()}, n); err != nil {
		return err
	}
	return j.cut(ctx)
}

// Remove ends a device's membership: what this device has of it stays, what it
// writes after that is quarantined everywhere. It can keep what it has read; its
// credentials at the remotes are to be changed by hand.
func (j *Journal) Remove(ctx context.Context, device identity.DeviceID) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.mayChange(ctx); err != nil {
		return err
	}
	if [16]byte(device) == j.self || !j.s.members(everything).is(device) {
		return fmt.Errorf("%w: it is no other member", vault.ErrUsage)
	}
	r := &segment.Removal{Device: device, None: true}
	for _, log := range j.logs() {
		if l := j.s.Logs[log]; l != nil && log.Device == [16]byte(device) {
			if !r.None {
				r.Lower = append(r.Lower, r.Keep)
			}
			r.None, r.Keep = false, l.Last
		}
	}
	return j.change(ctx, segment.Member{Remove: r})
}
