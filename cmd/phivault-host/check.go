package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"phivault/sync/host"
)

func (a *app) checkCommand() *cobra.Command {
	var store storeFlags
	var adopt bool
	cmd := &cobra.Command{Use: "check", Short: "Read every object and compare it with what was acknowledged", Args: noArgs,
		Long: `Reads every object and compares its name, size and SHA-256 with the ledger, and
reports strays and vaults above their quota. Missing or changed objects end it with
13. "unrecorded" objects came shortly before a power cut; --adopt records them.
It may run beside a serving host.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.admin(func(admin *host.Admin) error {
				st, err := a.openStore(cmd.Context(), &store)
				if err != nil {
					return err
				}
				defer st.Close()
				damaged := false
				rep, err := host.Check(cmd.Context(), admin, st, adopt, func(p host.Problem) {
					damaged = damaged || p.Damage()
					a.printProblem(p)
				})
				if err != nil {
					return err
				}
				if a.json {
					err = json.NewEncoder(a.out).Encode(struct {
						Schema string `json:"schema"`
						OK     bool   `json:"ok"`
						host.Report
					}{"phivault-host.check.v1", !damaged, rep})
				} else {
					_, err = fmt.Fprintf(a.out, "%s, %s, %s read\n", counted(rep.Vaults, "vault"), counted(rep.Objects, "object"), counted(rep.Bytes, "byte"))
				}
				if err == nil && damaged {
					err = errDamage
				}
				return err
			})
		}}
	store.add(cmd)
	cmd.Flags().BoolVar(&adopt, "adopt", false, "record unrecorded objects")
	return cmd
}

// counted is a number of things.
func counted[T int | int64](n T, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprint(n, " ", thing)
}

func (a *app) printProblem(p host.Problem) {
	if a.json {
		json.NewEncoder(a.out).Encode(struct {
			Schema string `json:"schema"`
			host.Problem
		}{"phivault-host.problem.v1", p})
		return
	}
	fmt.Fprintf(a.out, "%s %s %s\n", p.Kind, p.Vault, p.Name)
}
