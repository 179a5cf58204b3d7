package tui_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"phivault/crypto/keyfile"
	"phivault/crypto/keyfile/keyfiletest"
	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/tui/tuitest"
	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/fhirjson"
	"phivault/vault/fhir"
	"phivault/vault/local"
	"phivault/vault/synth"
)

const passphrase = "violin orchard lanterns"

func TestMain(m *testing.M) {
	time.Local = time.UTC // the screens show the reader's time
	keyfiletest.Cheap()
	os.Exit(m.Run())
}

// noon is when the tests take place.
func noon() time.Time { return time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC) }

// opener opens a real vault in a folder, without the program around it.
type opener struct {
	dir  string
	open *session // the last one
}

var _ tui.Opener = (*opener)(nil)

func (o *opener) options() local.Options {
	return local.Options{StateDir: o.dir + ".state", Clock: noon}
}

func (o *opener) Look(context.Context) (tui.Place, error) {
	_, err := local.Inspect(o.dir)
	if err != nil && !errors.Is(err, vault.ErrNoVault) {
		return tui.Place{}, err
	}
	return tui.Place{Dir: "~/vault", Exists: err == nil}, nil
}

func (o *opener) Open(ctx context.Context, p *secret.Bytes) (tui.Session, error) {
	v, err := local.Open(ctx, o.dir, p, o.options())
	if err != nil {
		return nil, err
	}
	o.open = &session{Vault: v}
	return o.open, nil
}

func (o *opener) Create(ctx context.Context, p *secret.Bytes) (tui.Session, error) {
	v, err := local.Create(ctx, o.dir, p, keyfile.DefaultParams(), o.options())
	if err != nil {
		return nil, err
	}
	o.open = &session{Vault: v}
	return o.open, nil
}

func (o *opener) Strength(p *secret.Bytes) (bool, string) {
	if p.Len() < 12 {
		return false, "This passphrase is weak."
	}
	return true, "This passphrase is good."
}

func (o *opener) Generate() (*secret.Bytes, error) {
	return secret.FromBytes([]byte("six words that were generated here")), nil
}

// session is an open vault with the codecs for FHIR JSON.
type session struct {
	*local.Vault
	closed bool
}

var _ tui.Session = (*session)(nil)

func (s *session) Records() tui.Records   { return s.Vault.Vault }
func (s *session) Survey() tui.Survey     { return s.Vault.Vault }
func (s *session) Editor() tui.Editor     { return editor{s} }
func (s *session) Exchange() tui.Exchange { return exchange{s} }
func (s *session) LastBackup(ctx context.Context) (time.Time, int64, error) {
	st, err := s.Vault.Status(ctx)
	if err != nil || st.Backup == nil {
		return time.Time{}, 0, err
	}
	return st.Backup.At, st.Backup.Behind, nil
}
func (s *session) Close(ctx context.Context) error {
	s.closed = true
	return s.Vault.Close(ctx)
}

type editor struct{ s *session }

func (e editor) Add(ctx context.Context, source string, json []byte) (vault.Record, error) {
	r, err := fhir.Parse(json, nil)
	if err != nil {
		return vault.Record{}, err
	}
	if source == "" {
		source = vault.LocalSource
	}
	return e.s.Vault.Add(ctx, source, &r)
}

func (e editor) Edit(ctx context.Context, old vault.Record, json []byte) (vault.Record, error) {
	r, err := fhir.Parse(json, nil)
	if err != nil {
		return vault.Record{}, err
	}
	return e.s.Vault.Edit(ctx, old, &r)
}

func (e editor) Delete(ctx context.Context, r vault.Record) error { return e.s.Vault.Delete(ctx, r) }

func hash(r *vault.Resource) (string, error) {
	h, err := fhir.ContentHash(r.JSON, r.Cuts)
	return h.String(), err
}

type exchange struct{ s *session }

func (x exchange) Import(ctx context.Context, in tui.Intake, progress func(int64)) (tui.Outcome, error) {
	from, err := codec.Open(in.Path, []vault.Codec{fhirjson.JSON(), fhirjson.NDJSON()})
	if err != nil {
		return tui.Outcome{}, err
	}
	var out tui.Outcome
	out.ImportResult, err = x.s.Import(ctx, from, vault.ImportOptions{Source: in.Source, DryRun: in.Review, Hash: hash,
		Refused:  func(r *vault.Refusal) { out.Refusals = append(out.Refusals, *r) },
		Progress: func(r vault.ImportResult) { progress(r.Records) }})
	return out, err
}

func (x exchange) Export(ctx context.Context, out tui.Outlet, progress func(int64)) (n int64, err error) {
	f, err := os.OpenFile(out.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	enc := fhirjson.NewNDJSON(f, x.s.Blobs())
	for r, err := range x.s.Find(ctx, vault.Query{Patient: out.Patient}) {
		if err == nil {
			err = enc.Encode(ctx, r)
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, enc.Close()
}

func (x exchange) Save(ctx context.Context, _ vault.RecordID, path string, a tui.Attachment) error {
	r, err := x.Open(ctx, a)
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func (x exchange) Open(ctx context.Context, a tui.Attachment) (io.ReadCloser, error) {
	if a.Data != nil {
		return io.NopCloser(bytes.NewReader(a.Data)), nil
	}
	return x.s.Blobs().OpenBlob(ctx, a.Blob)
}

func (x exchange) Check(ctx context.Context, p *secret.Bytes) error { return x.s.Vault.Check(ctx, p) }

// filled makes a vault of what write writes, one resource a line.
func filled(t testing.TB, write func(io.Writer)) *opener {
	t.Helper()
	o := &opener{dir: filepath.Join(t.TempDir(), "vault")}
	var b bytes.Buffer
	write(&b)
	load(t, o, codec.Stream("made up", func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil },
		[]vault.Codec{fhirjson.JSON(), fhirjson.NDJSON()}))
	return o
}

// load creates the vault and imports one input.
func load(t testing.TB, o *opener, in vault.Input) {
	t.Helper()
	ctx := t.Context()
	p := secret.FromBytes([]byte(passphrase))
	defer p.Destroy()
	v, err := local.Create(ctx, o.dir, p, keyfile.DefaultParams(), o.options())
	if err != nil {
		t.Fatal(err)
	}
	res, err := v.Import(ctx, in, vault.ImportOptions{Source: "clinic", Hash: hash})
	if err != nil || res.New == 0 {
		t.Fatal(res, err)
	}
	if err := v.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// practice is a vault with made-up patients.
func practice(t testing.TB, patients int) *opener {
	return filled(t, func(w io.Writer) {
		if _, err := synth.New(synth.Options{Seed: 2, Patients: patients}).WriteNDJSON(w); err != nil {
			t.Fatal(err)
		}
	})
}

// sit begins a session at the locked vault.
func sit(t testing.TB, o *opener) *tuitest.Session {
	return tuitest.New(t, tui.Options{Opener: o, Explain: func(err error) string { return err.Error() }})
}

func sitWith(t testing.TB, o *opener, set tui.Settings) *tuitest.Session {
	return tuitest.New(t, tui.Options{Opener: o, Settings: set, Explain: func(err error) string { return err.Error() }})
}

// sitSaving keeps in kept what the settings screen keeps.
func sitSaving(t testing.TB, o *opener, kept *tui.Settings) *tuitest.Session {
	return tuitest.New(t, tui.Options{Opener: o, Settings: tui.Settings{Idle: 5, Theme: "colour"}, Colours: true,
		Save: func(s tui.Settings) error { *kept = s; return nil }})
}
