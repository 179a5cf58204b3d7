package host

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"

	"phivault/sync/remote"
)

// A ledger is a text file, one line a fact: kind, name, size, SHA-256 in hex, Unix
// time.
//
//	i  these bytes have come and are about to be kept
//	c  they are kept
//	a  they are not
//	d  they were deleted
//
// The i-line is written before an object can be visible, so that a process that
// dies in between leaves a question and not a stray: the next start asks the
// store. After a power cut the last second of lines may be missing; Check then
// reports objects as unrecorded.
type fact struct {
	kind byte
	name remote.Name
	size int64
	sum  [32]byte
	at   int64
}

func (f fact) line() string {
	return fmt.Sprintf("%c %s %d %x %d\n", f.kind, f.name, f.size, f.sum, f.at)
}

var errLedger = errors.New("a ledger has a line that is not one")

func parseFact(line string) (f fact, err error) {
	part := strings.Split(line, " ")
	if len(part) != 5 || len(part[0]) != 1 || !strings.Contains("icad", part[0]) {
		return fact{}, errLedger
	}
	f.kind = part[0][0]
	if f.name, err = remote.ParseName(part[1]); err != nil {
		return fact{}, errLedger
	}
	size, err1 := strconv.ParseInt(part[2], 10, 64)
	sum, err2 := hex.DecodeString(part[3])
	at, err3 := strconv.ParseInt(part[4], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || size < 0 || len(sum) != len(f.sum) {
		return fact{}, errLedger
	}
	f.size, f.sum, f.at = size, [32]byte(sum), at
	return f, nil
}

// vault is one vault as the serving process knows it.
type vault struct {
	space  remote.Space
	policy Policy

	mu       sync.Mutex
	used     int64 // bytes kept
	reserved int64 // bytes of puts under way
	limit    bucket
}

func ledgerFile(s remote.Space) string { return vaultDir(s) + "/ledger" }

// facts reads a ledger. A last line without its end, which a crash leaves, is
// passed over.
func (r *registry) facts(s remote.Space, visit func(fact) error) error {
	f, err := r.root.Open(ledgerFile(s))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return plain(err)
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 64<<10)
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return plain(err)
		}
		entry, err := parseFact(line[:len(line)-1])
		if err != nil {
			return err
		}
		if err := visit(entry); err != nil {
			return err
		}
	}
}

// mend cuts off a last line without its end.
func (r *registry) mend(s remote.Space) error {
	f, err := r.root.OpenFile(ledgerFile(s), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return plain(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return plain(err)
	}
	tail := make([]byte, min(info.Size(), 4096))
	if _, err := f.ReadAt(tail, info.Size()-int64(len(tail))); err != nil {
		return plain(err)
	}
	if torn := len(tail) - 1 - bytes.LastIndexByte(tail, '\n'); torn > 0 {
		return plain(f.Truncate(info.Size() - int64(torn)))
	}
	return nil
}

// append adds a line; the caller holds the vault's lock.
func (r *registry) append(s remote.Space, f fact) error {
	w, err := r.root.OpenFile(ledgerFile(s), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return plain(err)
	}
	_, err = w.WriteString(f.line())
	return plain(errors.Join(err, w.Close()))
}

// usage sums a ledger up: bytes kept, and the puts whose end is not known.
func (r *registry) usage(s remote.Space) (used, objects int64, open map[remote.Name]fact, err error) {
	open = map[remote.Name]fact{}
	err = r.facts(s, func(f fact) error {
		switch f.kind {
		case 'i':
			open[f.name] = f
		case 'c':
			delete(open, f.name)
			used += f.size
			objects++
		case 'a':
			delete(open, f.name)
		case 'd':
			used -= f.size
			objects--
		}
		return nil
	})
	return used, objects, open, err
}

// reserve makes room for a put, or says that there is none.
func (v *vault) reserve(size int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if size > v.policy.Quota-v.used-v.reserved {
		return false
	}
	v.reserved += size
	return true
}

// settle ends a reservation; kept tells whether the bytes are used now.
func (v *vault) settle(size int64, kept bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reserved -= size
	if kept {
		v.used += size
	}
}
