package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"phivault/sync/host"
	"phivault/sync/remote"
)

func (a *app) serveCommand() *cobra.Command {
	var (
		store               storeFlags
		listen, cert, key   string
		names, domains      []string
		directory, logStyle string
		grace               time.Duration
		limits              host.Limits
	)
	cmd := &cobra.Command{Use: "serve", Short: "Serve until SIGTERM or SIGINT", Args: noArgs,
		Long: `Serves until SIGTERM or SIGINT, then lets requests finish.

The certificate is one of three: the host's own (default), whose pin is printed and
stays the same when the certificate is renewed; --cert and --key, read again when
they change; or --acme DOMAIN, from Let's Encrypt, which must reach this host at
port 443 of that domain. TLS ends here: no proxy in front may terminate it.

Every registered vault can only add objects, unless its token or "vaults set" said
otherwise.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.needDir(); err != nil {
				return err
			}
			var handler slog.Handler
			switch logStyle {
			case "json":
				handler = slog.NewJSONHandler(a.err, nil)
			case "text":
				handler = slog.NewTextHandler(a.err, nil)
			case "none":
				handler = slog.DiscardHandler
			default:
				return usageError{errors.New("--log is json, text or none")}
			}
			proof, err := a.proof(cert, key, domains, directory, names)
			if err != nil {
				return err
			}
			st, err := a.openStore(cmd.Context(), &store)
			if err != nil {
				return err
			}
			defer st.Close()
			h, err := host.New(host.Config{State: a.dir, Store: st, Log: slog.New(handler), Limits: limits})
			if err != nil {
				return err
			}
			l, err := net.Listen("tcp", listen)
			if err != nil {
				return errors.Join(fmt.Errorf("listen: %w", err), h.Close())
			}
			a.announce(l.Addr().String(), proof.Pin)
			return errors.Join(h.Serve(cmd.Context(), l, proof, grace), h.Close())
		}}
	f := cmd.Flags()
	store.add(cmd)
	f.StringVar(&listen, "listen", ":8443", "address to listen on")
	f.StringSliceVar(&names, "name", []string{"localhost"}, "names and addresses in the host's own certificate")
	f.StringVar(&cert, "cert", "", "certificate chain, PEM")
	f.StringVar(&key, "key", "", "its private key, PEM")
	f.StringSliceVar(&domains, "acme", nil, "get certificates for these domains")
	f.StringVar(&directory, "acme-directory", "", "another ACME issuer's directory")
	f.StringVar(&logStyle, "log", "json", "log on stderr: json, text or none")
	f.DurationVar(&grace, "grace", 15*time.Second, "how long requests may finish after a signal")
	f.Float64Var(&limits.Requests, "rate", 500, "requests a second and vault")
	f.IntVar(&limits.Connections, "connections", 4096, "connections at once")
	f.IntVar(&limits.PerAddress, "connections-per-address", 1024, "connections at once from one address")
	return cmd
}

// proof chooses the certificate.
func (a *app) proof(cert, key string, domains []string, directory string, names []string) (host.TLS, error) {
	switch {
	case (cert != "") != (key != ""):
		return host.TLS{}, usageError{errors.New("--cert and --key go together")}
	case cert != "" && len(domains) > 0:
		return host.TLS{}, usageError{errors.New("--cert or --acme, not both")}
	case cert != "":
		return host.FromFiles(cert, key)
	case len(domains) > 0:
		return host.ACME(filepath.Join(a.dir, "acme"), domains, directory), nil
	}
	return host.SelfSigned(filepath.Join(a.dir, "tls"), names, time.Now)
}

// announce says where the host listens and how it proves itself, as the first
// lines on stdout, for people and scripts.
func (a *app) announce(address string, pin remote.Pin) {
	shown := pin.String()
	if pin == (remote.Pin{}) {
		shown = "" // it changes with each certificate
	}
	if a.json {
		json.NewEncoder(a.out).Encode(map[string]string{"schema": "phivault-host.serve.v1", "address": address, "pin": shown})
		return
	}
	fmt.Fprintf(a.out, "address %s\n", address)
	if shown != "" {
		fmt.Fprintf(a.out, "pin %s\n", shown)
	}
}
