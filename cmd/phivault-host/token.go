package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"phivault/sync/host"
	"phivault/sync/remote"
)

func (a *app) tokenCommand() *cobra.Command {
	var (
		t             host.Token
		valid         time.Duration
		quota, object = size(10 << 30), size(remote.MaxObject)
	)
	cmd := &cobra.Command{Use: "token", Short: "Print a one-time token that registers a vault", Args: noArgs,
		Long: `Prints a token that registers one vault, once. It is shown only now: the host keeps
its hash. The folder is the one that serve has made. With --vault TAG it adds one more access key to a vault that is registered
already, for a device that has lost its own.`,
		RunE: func(*cobra.Command, []string) error {
			return a.admin(func(admin *host.Admin) error {
				t.Quota, t.Object, t.Expires = int64(quota), int64(object), time.Now().Add(valid).UTC()
				token, err := admin.Mint(t)
				if err != nil {
					return err
				}
				if a.json {
					return json.NewEncoder(a.out).Encode(struct {
						Schema  string    `json:"schema"`
						Token   string    `json:"token"`
						Expires time.Time `json:"expires"`
					}{"phivault-host.token.v1", token, t.Expires})
				}
				_, err = fmt.Fprintln(a.out, token)
				return err
			})
		}}
	f := cmd.Flags()
	f.Var(&quota, "quota", "bytes the vault may keep, such as 500MiB")
	f.Var(&object, "object", "bytes of its largest object")
	f.DurationVar(&valid, "valid", 24*time.Hour, "how long the token is good")
	f.BoolVar(&t.Deletes, "deletes", false, "let members delete objects")
	f.StringVar(&t.Label, "label", "", "a word for your own lists")
	f.StringVar(&t.Vault, "vault", "", "another key for this registered vault")
	return cmd
}

// size is a number of bytes, written with or without a unit.
type size int64

var units = []struct {
	name string
	n    int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"B", 1}}

func (s *size) Set(text string) error {
	n := int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			text, n = rest, u.n
			break
		}
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < 1 || v > (1<<62)/n {
		return errors.New("a size is a number with B, KiB, MiB, GiB or TiB")
	}
	*s = size(v * n)
	return nil
}

func (s *size) String() string {
	for i := len(units) - 2; i >= 0; i-- {
		if u := units[i]; int64(*s)%u.n == 0 && *s > 0 {
			return strconv.FormatInt(int64(*s)/u.n, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(*s), 10) + "B"
}

func (s *size) Type() string { return "size" }
