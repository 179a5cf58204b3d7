package local

import (
	"context"
	"errors"
	"fmt"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
)

// Errors of binding.
var (
	ErrBound   = errors.New("the vault is bound to a device secret already")
	ErrUnbound = errors.New("the vault is not bound to a device secret")
	// ErrStale is the confirmation of a binding that was confirmed, replaced by
	// another, or ended by closing the vault.
	ErrStale = errors.New("this code is no longer waiting for its confirmation")
)

// binding waits for the code to be typed back. A nil binding is none.
type binding struct {
	passphrase, sk *secret.Bytes
}

func (b *binding) drop() {
	if b != nil {
		b.passphrase.Destroy()
		b.sk.Destroy()
	}
}

// BindKeyring prepares to bind the vault to a device secret in the keyring. The
// code is to be printed, once; confirm takes what the owner typed from the print
// and only then, when the keyring gives back what it was given, rewrites the key
// file. A wrong code is ErrCode and may be tried again; not calling confirm
// changes nothing. From then on the vault opens with the passphrase and the
// keyring, or with the passphrase and the code. After keyfile.ErrUnsynced it is
// bound, and a power cut may undo that.
func (v *Vault) BindKeyring(ctx context.Context, passphrase *secret.Bytes) (code string, confirm func(typed string) error, err error) {
	v.whole.Lock()
	defer v.whole.Unlock()
	if v.o.Keyring == nil {
		return "", nil, ErrNoKeyring
	}
	b, info, err := v.reopen(ctx, passphrase)
	if err != nil {
		return "", nil, err
	}
	b.Destroy()
	if info.NeedsDeviceSecret {
		return "", nil, ErrBound
	}
	sk, err := v.newSecret(ctx)
	if err != nil {
		return "", nil, err
	}
	v.pending.drop()
	p := &binding{passphrase.Clone(), sk}
	v.pending = p
	return formatCode(sk), func(typed string) error { return v.confirm(ctx, p, typed) }, nil
}

// newSecret is the secret this device holds for the vault, or a fresh one. A
// copy of the vault in another folder may be bound to it: replacing it would
// lock its owner out.
func (v *Vault) newSecret(ctx context.Context) (*secret.Bytes, error) {
	sk, err := loadSecret(ctx, v.o.Keyring, v.id)
	if errors.Is(err, ErrNoItem) {
		return secret.Random(deviceSecretSize), nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking the keyring: %w", err)
	}
	return sk, nil
}

func (v *Vault) confirm(ctx context.Context, p *binding, typed string) error {
	v.whole.Lock()
	defer v.whole.Unlock()
	if v.closed || v.pending != p {
		return ErrStale
	}
	t, err := ParseCode(typed)
	if err != nil {
		return err
	}
	defer t.Destroy()
	if !t.Equal(p.sk) {
		return ErrCode
	}
	if err := v.keep(ctx, p.sk); err != nil {
		return err
	}
	b, info, err := v.reopen(ctx, p.passphrase)
	if err != nil {
		return err
	}
	defer b.Destroy()
	err = v.rewrite(ctx, vault.ActionKeyring, b, p.passphrase, p.sk, info.Params, "the vault is bound")
	if err != nil && !errors.Is(err, keyfile.ErrUnsynced) {
		return err
	}
	v.sk = p.sk.Clone()
	v.pending = nil
	p.drop()
	return err
}

// keep puts the secret into the keyring and reads it back. A keyring that takes
// and does not give would cost the owner the vault, but for the code.
func (v *Vault) keep(ctx context.Context, sk *secret.Bytes) error {
	if err := v.o.Keyring.Set(ctx, secretItem(v.id), formatCode(sk)); err != nil {
		return fmt.Errorf("giving the device secret to the keyring: %w", err)
	}
	back, err := loadSecret(ctx, v.o.Keyring, v.id)
	if err != nil {
		return fmt.Errorf("reading the device secret back from the keyring: %w", err)
	}
	defer back.Destroy()
	if !back.Equal(sk) {
		return errors.New("the keyring gives back another device secret than it was given; the vault stays as it was")
	}
	return nil
}

// UnbindKeyring makes the vault open with the passphrase alone again, and then
// removes the secret from the keyring, if there is one. Copies of the vault on
// this device that are bound as well need their printed code from then on. After
// keyfile.ErrUnsynced it is unbound, and the keyring keeps the secret: a power cut
// may bring the bound key file back.
func (v *Vault) UnbindKeyring(ctx context.Context, passphrase *secret.Bytes) error {
	v.whole.Lock()
	defer v.whole.Unlock()
	b, info, err := v.reopen(ctx, passphrase)
	if err != nil {
		return err
	}
	defer b.Destroy()
	if !info.NeedsDeviceSecret {
		return ErrUnbound
	}
	err = v.rewrite(ctx, vault.ActionKeyring, b, passphrase, nil, info.Params, "the vault is unbound")
	if err != nil && !errors.Is(err, keyfile.ErrUnsynced) {
		return err
	}
	v.sk.Destroy()
	v.sk = nil
	if err != nil || v.o.Keyring == nil {
		return err
	}
	if err := v.o.Keyring.Delete(ctx, secretItem(v.id)); err != nil && !errors.Is(err, ErrNoItem) {
		v.o.Notice(Notice{NoticeKeyring, "the vault is unbound, but the keyring did not remove the device secret, which nothing needs any more"})
	}
	return nil
}
