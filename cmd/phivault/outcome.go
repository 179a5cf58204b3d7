package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/local"
	"phivault/vault/local/oskeyring"
	"phivault/vault/store"
)

// outcome is one way for a command to end. Code and exit are what scripts rely
// on and never change; hint says what to do when the error has nothing better.
type outcome struct {
	exit  int
	code  string
	about string // for the help; the first row of an exit code speaks for it
	why   string // said instead of the error's own text, when not empty
	hint  string
	match []error
}

// outcomes is the one table from which exit codes, error codes, the help and
// the documentation come. The first row that matches decides.
var outcomes = []outcome{
	{exit: 0, code: "ok", about: "ok"},
	{exit: 1, code: "failed", about: "error"},
	{exit: 1, code: "not_found", match: []error{vault.ErrNotFound}, hint: `"phivault list" shows the ids`},
	{exit: 1, code: "ambiguous", match: []error{vault.ErrAmbiguous}, hint: "give more of the id"},
	{exit: 1, code: "purged", match: []error{vault.ErrPurged}, hint: `"phivault history" tells who removed it, and when`},
	{exit: 1, code: "deleted", match: []error{vault.ErrDeleted}, hint: `"phivault show --version" reads what it was, "phivault rm --undo" brings it back`},
	{exit: 1, code: "changed", match: []error{vault.ErrChanged}, hint: "nothing was saved; read the record again and repeat the change"},
	{exit: 1, code: "remaking", match: []error{vault.ErrRemaking}, hint: "wait until that is done; when it broke off, opening the vault again finishes it"},
	{exit: 1, code: "limit", match: []error{vault.ErrLimit}, hint: "the input asks for more than the limits allow"},
	{exit: 1, code: "other_person", match: []error{vault.ErrPerson}, why: "a patient in it has the id of another person known here; nothing of this input was taken in",
		hint: "give this input a source of its own with --source NAME"},
	{exit: 1, code: "permission", match: []error{fs.ErrPermission}, hint: "check who may read and write there"},
	{exit: 1, code: "no_remote", match: []error{local.ErrRemote}, hint: `"phivault remote list" shows the remotes`},
	{exit: 1, code: "expired", hint: "make a new invitation and begin again"},
	{exit: 1, code: "not_owner", match: []error{journal.ErrNotMember}, hint: "do it on a device that is an owner; \"phivault device list\" shows which"},
	{exit: 1, code: "waiting", match: []error{journal.ErrWaiting}, hint: "sync again when the other devices have"},
	{exit: 1, code: "read_only", match: []error{vault.ErrReadOnly, syscall.EROFS}, hint: "it opens for reading alone; to change something, copy the folder to a disk that can be written, and open that"},
	{exit: 1, code: "output", hint: "it is not whole; what the command did in the vault before is done, and need not be repeated"},
	{exit: 1, code: "disk_full", match: []error{vault.ErrFull, syscall.ENOSPC}, hint: "free some space and run it again; what was finished is kept"},
	{exit: 1, code: "exists", match: []error{fs.ErrExist, local.ErrExists, local.ErrFileExists, local.ErrRemoteTaken}, hint: "choose another name"},
	{exit: 1, code: "missing", match: []error{fs.ErrNotExist}, hint: "check the name"},
	{exit: 1, code: "device_secret", match: []error{keyfile.ErrDeviceSecret}, why: "the vault is bound to a device secret that the keyring here does not give",
		hint: "give the printed one with --device-secret-file"},
	{exit: 1, code: "keyring", match: []error{local.ErrNoKeyring, oskeyring.ErrUnavailable, local.ErrBound, local.ErrUnbound, local.ErrCode, local.ErrStale},
		hint: `"phivault doctor" tells about the keyring`},
	{exit: 1, code: "unsupported", match: []error{keyfile.ErrVersion, store.ErrNewer}, hint: "use a newer phivault; nothing was derived or changed"},
	{exit: 1, code: "params", match: []error{keyfile.ErrParams}, hint: "the key derivation's costs or profile are not taken here; nothing was derived"},
	{exit: 1, code: "not_backup", match: []error{local.ErrNotBackup}, hint: "check the name"},
	{exit: 2, code: "usage", about: "usage", match: []error{vault.ErrUsage, keyfile.ErrUnusable}, hint: "see --help"},
	{exit: 2, code: "spare", match: []error{keyfile.ErrSpare}, hint: "copy it whole; it begins with PHVSPARE1:"},
	{exit: 2, code: "invitation", match: []error{identity.ErrInvitation}, hint: "copy it whole, or have a new one made"},
	{exit: 2, code: "no_passphrase", hint: "give a passphrase with --passphrase-fd, --passphrase-file or --passphrase-command, or run it on a terminal"},
	{exit: 2, code: "no_terminal", hint: "run it on a terminal"},
	{exit: 2, code: "needs_yes", hint: "repeat it with --yes"},
	{exit: 3, code: "partial", about: "partial: some input was refused", hint: "the refusals are listed with the result"},
	{exit: 3, code: "held_deletes", match: []error{journal.ErrDeletions}, hint: "look at it first; \"phivault sync --accept-deletes\" lets it pass"},
	{exit: 4, code: "cancelled", about: "cancelled", hint: "nothing was changed"},
	{exit: 4, code: "terminated", why: "asked to stop", hint: "what was finished is kept; run it again to continue"},
	{exit: 10, code: "no_vault", about: "no vault", match: []error{vault.ErrNoVault}, why: "no vault here",
		hint: `create one with "phivault init", or name its folder with --vault`},
	{exit: 11, code: "in_use", about: "in use by another process", match: []error{vault.ErrInUse}, hint: "wait for the other one, or give --wait 30s"},
	{exit: 1, code: "keys_changed", match: []error{local.ErrKeysChanged}, hint: "start it again with the passphrase that is in force"},
	{exit: 12, code: "wrong_passphrase", about: "wrong passphrase", match: []error{keyfile.ErrPassphrase}, why: "wrong passphrase or damaged key file", hint: "nobody can reset it; check keyboard layout and caps lock"},
	{exit: 13, code: "forged", about: "integrity failure: tampering, rollback or fork", match: []error{journal.ErrForged},
		hint: "the remote serves what no device of this vault may have written; nothing here was changed; do not trust this remote"},
	{exit: 13, code: "fork", match: []error{journal.ErrFork},
		hint: "two histories are signed in a device's name, or another device says so; \"phivault status\" tells which; its log stops here, others go on; an owner ends it with \"phivault device resolve-fork DEVICE\""},
	{exit: 13, code: "gone", match: []error{journal.ErrGone},
		hint: `your records are whole and nothing was sent; ask who runs it; "remote rm" and "remote add" fill it up again`},
	{exit: 13, code: "unreadable", match: []error{journal.ErrUnreadable},
		hint: "the remote damaged or swapped an object, or it is not whole yet; nothing here was changed; sync again, or use another remote"},
	{exit: 13, code: "restored_copy", match: []error{journal.ErrRestored},
		hint: "nothing is lost and nothing was sent; \"phivault device replace\" makes this copy a device of its own, then sync again"},
	{exit: 13, code: "ended", match: []error{journal.ErrEnded}, why: "the keys of this device were replaced with \"phivault rekey\", and not here; it sends nothing any more",
		hint: "nothing here was changed; if this is a backup or a copy from before, use the vault that has the new keys, or join anew; if nobody ran rekey, somebody else has this device's keys: have an owner remove the device that came of it, and join anew"},
	{exit: 13, code: "integrity", match: []error{vault.ErrIntegrity},
		hint: `keep the folder as it is; "phivault verify" lists what is hit, and "phivault restore FILE --vault NEW" brings a backup back`},
	{exit: 14, code: "conflicts", about: "unresolved conflicts, with --fail-on-conflict", hint: "decide them first"},
	{exit: 15, code: "remote", about: "remote unreachable or refused",
		match: []error{remote.ErrUnavailable, remote.ErrRefused, remote.ErrUntrusted, remote.ErrTooLarge, engine.ErrContradiction},
		hint:  "check the network and the remote"},
	{exit: 15, code: "removed", hint: hintRemoved},
	{exit: 130, code: "interrupted", about: "interrupted (SIGINT)", why: "interrupted", hint: "what was finished is kept; run it again to continue"},
}

// hintRemoved is for a device that was removed.
const hintRemoved = `what is here stays and can be read; what was changed since its last sync is here alone: "phivault export" writes it out, and "phivault import" on a device of the vault takes it in, with the --source that it had`

// exitIntegrity is the exit code of what shows tampering, rollback or a fork.
const exitIntegrity = 13

// outcomeOf gives the row of a code. Codes are written by this package alone, so
// an unknown one is a mistake in it.
func outcomeOf(code string) *outcome {
	for i := range outcomes {
		if outcomes[i].code == code {
			return &outcomes[i]
		}
	}
	panic("phivault: no outcome " + code)
}

// fault is an error made here: its code, and in its own words why and what to
// do. Nothing of records, names, queries or file names may be in it.
type fault struct {
	code, why, hint string
	cause           error
}

func (f *fault) Error() string { return f.why }
func (f *fault) Unwrap() error { return f.cause }

func failed(code, why, hint string) error { return &fault{code: code, why: why, hint: hint} }
func usage(why, hint string) error        { return &fault{code: "usage", why: why, hint: hint} }

// because keeps the kind of err and says in its place why.
func because(err error, why string) error {
	if err == nil {
		return nil
	}
	o, reason, hint := explain(err)
	return &fault{code: o.code, why: why + ": " + reason, hint: hint, cause: err}
}

var (
	errInterrupted = failed("interrupted", "interrupted", "")
	errTerminated  = failed("terminated", "asked to stop", "")
	errPipeClosed  = errors.New("the reader of the output went away")
)

// explain finds the row of an error, why it happened and what to do about it.
func explain(err error) (o *outcome, why, hint string) {
	var f *fault
	switch {
	case errors.As(err, &f):
		o = outcomeOf(f.code)
		why, hint = f.why, f.hint
	case errors.Is(err, context.Canceled):
		o = outcomeOf("interrupted")
	default:
		o = match(err)
	}
	if why == "" {
		why = o.why
		var p *vault.PersonError
		if errors.As(err, &p) && p.Place != "" {
			why = p.Place + ": " + why
		}
	}
	if why == "" {
		why = reason(err)
	}
	for _, b := range better {
		if hint == "" && errors.Is(err, b.match) {
			hint = b.hint
		}
	}
	if hint == "" {
		hint = o.hint
	}
	return o, why, hint
}

// olderHint names the deliberate way on: a rollback is no damage, and verify
// would find nothing.
const olderHint = `put the newer folder back if there is one; if you put this older one there on purpose, give --accept-older once`

// better are hints for causes that scripts need not tell apart and people do.
var better = []struct {
	match error
	hint  string
}{
	{local.ErrOlder, olderHint},
	{journal.ErrMistyped, "have it read out again; nothing was compared"},
	{remote.ErrToken, `it is good once and for a limited time; the host's operator makes another with "phivault-host token", and with --vault TAG for a vault that is there already`},
	{remote.ErrStranger, `"phivault device list" on another device tells whether this one was removed, or has had new keys since this copy of it was made; if neither, ask the host's operator for a token of "phivault-host token --vault TAG", and add the remote again`},
	{engine.ErrContradiction, "it says that an object is there and does not give it: it is damaged, or it cheats; nothing here was changed; ask who runs it, or use another bucket, prefix, folder or remote"},
	{remote.ErrUntrusted, "nothing was sent; of a phivault-host give --pin as it prints it at its start, of others have this system trust the certificate's issuer"},
}

func match(err error) *outcome {
	for i := range outcomes {
		for _, m := range outcomes[i].match {
			if errors.Is(err, m) {
				return &outcomes[i]
			}
		}
	}
	return outcomeOf("failed")
}

// reason is an error's own text without the names of files, which tell of
// patients as often as their contents do.
func reason(err error) string {
	var f *fault
	var ref *vault.Refusal
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &f):
		return f.why
	case errors.As(err, &ref):
		return strings.TrimPrefix(ref.Place+": "+ref.Reason, ": ")
	case errors.As(err, &path):
		return path.Op + ": " + path.Err.Error()
	case errors.As(err, &link):
		return link.Op + ": " + link.Err.Error()
	}
	return clean(err.Error())
}

// exitHelp is the table of exit codes as the help shows it.
func exitHelp() string {
	var b strings.Builder
	last := -1
	for _, o := range outcomes {
		if o.exit != last && o.about != "" {
			b.WriteString("  " + fit(strconv.Itoa(o.exit), 3, true) + "  " + o.about + "\n")
			last = o.exit
		}
	}
	return b.String()
}

// errorHelp is the table of error codes, for the help.
func errorHelp() string {
	var b strings.Builder
	b.WriteString("An error is one line on stderr, or with --json one phivault.error.v1 object. Its\ncode is stable:\n\n")
	for _, o := range outcomes {
		if o.exit > 0 {
			b.WriteString("  " + fit(strconv.Itoa(o.exit), 3, true) + "  " + fit(o.code, 17, false) + " " + o.hint + "\n")
		}
	}
	return b.String() + "\nExit codes:\n" + exitHelp()
}
