package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"phivault/sync/host"
)

func (a *app) vaultsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "vaults", Short: "List registered vaults; set limits; revoke keys", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.admin(func(admin *host.Admin) error {
				vaults, err := admin.Vaults()
				if err != nil {
					return err
				}
				return a.printVaults(vaults)
			})
		}}
	cmd.AddCommand(a.setCommand(), a.revokeCommand())
	return cmd
}

func (a *app) admin(use func(*host.Admin) error) error {
	if err := a.needDir(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(a.dir, "vaults")); errors.Is(err, fs.ErrNotExist) {
		return errNoState // and none is made: what is empty by mistake would look sound
	}
	admin, err := host.OpenAdmin(a.dir, time.Now)
	if err != nil {
		return err
	}
	defer admin.Close()
	return use(admin)
}

func (a *app) printVaults(vaults []host.Vault) error {
	if a.json {
		enc := json.NewEncoder(a.out)
		for _, v := range vaults {
			if err := enc.Encode(struct {
				Schema string `json:"schema"`
				host.Vault
			}{"phivault-host.vault.v1", v}); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NO\tTAG\tOBJECTS\tUSED\tQUOTA\tDELETES\tKEYS\tLABEL")
	for _, v := range vaults {
		used, quota := size(v.Used), size(v.Policy.Quota)
		fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%s\t%v\t%d\t%q\n", v.Policy.Number, v.Tag, v.Objects, used.String(), quota.String(),
			v.Policy.Deletes, len(v.Keys), v.Policy.Label)
	}
	return w.Flush()
}

func (a *app) setCommand() *cobra.Command {
	var quota, object size
	var deletes bool
	var label string
	cmd := &cobra.Command{Use: "set TAG", Short: "Change what a vault may have", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			changed := cmd.Flags().Changed
			if !changed("quota") && !changed("object") && !changed("deletes") && !changed("label") {
				return usageError{errors.New("nothing to set")}
			}
			return a.admin(func(admin *host.Admin) error {
				return admin.Change(args[0], func(p *host.Policy) {
					if changed("quota") {
						p.Quota = int64(quota)
					}
					if changed("object") {
						p.Object = int64(object)
					}
					if changed("deletes") {
						p.Deletes = deletes
					}
					if changed("label") {
						p.Label = label
					}
				})
			})
		}}
	f := cmd.Flags()
	f.Var(&quota, "quota", "bytes the vault may keep")
	f.Var(&object, "object", "bytes of its largest object")
	f.BoolVar(&deletes, "deletes", false, "let members delete objects")
	f.StringVar(&label, "label", "", "a word for your own lists")
	return cmd
}

func (a *app) revokeCommand() *cobra.Command {
	return &cobra.Command{Use: "revoke TAG KEY", Short: "Take an access key away, at once", Args: exactly(2),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.admin(func(admin *host.Admin) error { return admin.Revoke(args[0], args[1]) })
		}}
}
