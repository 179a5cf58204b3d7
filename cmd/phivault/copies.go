package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault/local"
)

func (a *app) replaceCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "replace",
		Short: "Give a restored copy fresh keys, so that it can sync as a device of its own",
		Long: `Replace is for a vault whose sync says "restored_copy": its folder was put back to an
older state, or copied. Two copies of one device must not both write, so this one
draws fresh keys and becomes a device of its own. What was saved here and never sent
goes with the next sync. The device that it was stays a member: if it is gone, remove
it with "phivault device remove". A vault made by "phivault restore" has fresh keys
from the start.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.withVault(c.Context(), a.deviceReplace) },
	}
}

func (a *app) deviceReplace(ctx context.Context, s *session) error {
	p, err := a.current(ctx, "Passphrase again: ")
	if err != nil {
		return err
	}
	defer p.Destroy()
	err = s.Replace(ctx, p)
	secret.Release()
	if errors.Is(err, local.ErrNotRestored) {
		return usage("nothing shows that this vault is a restored copy", `it can sync as it is`)
	}
	if errors.Is(err, keyfile.ErrUnsynced) {
		a.warn("phivault: warning: the disk did not confirm the fresh keys; look whether the vault opens before you go on")
	}
	if err != nil {
		return err
	}
	return a.done("phivault.device.replace.v1", "replaced", `This copy is a device of its own now. "phivault sync" tells the others.`)
}
