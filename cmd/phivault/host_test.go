package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"phivault/sync/host"
	"phivault/sync/remote/folder"
)

// host starts a phivault-host in this process until the script ends. HOST and PIN
// say where it is, and the file token holds a token for one vault.
func hostScript(ts *testscript.TestScript, _ bool, _ []string) {
	state := filepath.Join(ts.Getenv("WORK"), "host")
	store, err := folder.Create(filepath.Join(state, "objects"))
	ts.Check(err)
	proof, err := host.SelfSigned(state, []string{"localhost"}, time.Now)
	ts.Check(err)
	h, err := host.New(host.Config{State: state, Store: store})
	ts.Check(err)
	admin, err := host.OpenAdmin(state, time.Now)
	ts.Check(err)
	token, err := admin.Mint(host.Token{Quota: 1 << 30, Object: 1 << 30, Expires: time.Now().Add(time.Hour)})
	ts.Check(err)
	ts.Check(admin.Close())
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "token"), []byte("# from the operator\ntoken="+token+"\n"), 0o600))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, l, proof, time.Second) }()
	ts.Defer(func() {
		cancel()
		ts.Check(<-served)
		ts.Check(h.Close())
		ts.Check(store.Close())
	})
	ts.Setenv("HOST", l.Addr().String())
	ts.Setenv("PIN", proof.Pin.String())
}

// token writes another token into the file token, for the vault that is at the host.
func tokenScript(ts *testscript.TestScript, _ bool, _ []string) {
	admin, err := host.OpenAdmin(filepath.Join(ts.Getenv("WORK"), "host"), time.Now)
	ts.Check(err)
	defer admin.Close()
	vaults, err := admin.Vaults()
	ts.Check(err)
	token, err := admin.Mint(host.Token{Vault: vaults[0].Tag, Expires: time.Now().Add(time.Hour)})
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "token"), []byte("token="+token+"\n"), 0o600))
}
