package keyfile

import (
	"encoding/binary"
	"fmt"
)

// Sizes and marks of the file's header. See crypto/SPEC.md.
const (
	magic      = "phvkeys\x00"
	version    = 1
	suite      = 1 // HKDF-SHA-512, SHA-256, package seal's suite 1
	headerSize = 92

	flagDeviceSecret = 1
)

// Info is what a key file says about itself, before anything is derived and
// therefore before anything is proven.
type Info struct {
	Version           int
	Suite             int
	Params            Params
	VaultID           [32]byte
	NeedsDeviceSecret bool
}

// Inspect reads a key file's header. Parameters outside the limits are
// reported as they are, together with ErrParams: the one error for which Info
// is filled.
func Inspect(file []byte) (Info, error) {
	h, _, err := parse(file)
	if err != nil {
		return Info{}, err
	}
	info := Info{Version: version, Suite: suite, Params: h.params, VaultID: h.vaultID, NeedsDeviceSecret: h.needsSecret}
	return info, h.params.Check()
}

type fileHeader struct {
	magic       string
	params      Params
	needsSecret bool
	salt        [saltSize]byte
	vaultID     [32]byte
	bodySize    uint32
}

// encode returns the one encoding of h. Unused fields are zero by the checks in
// parse and in Params.Check.
func (h fileHeader) encode() []byte {
	b := make([]byte, 0, headerSize)
	b = append(b, h.magic...)
	flags := byte(0)
	if h.needsSecret {
		flags |= flagDeviceSecret
	}
	b = append(b, version, suite, byte(h.params.Profile), flags)
	cost := h.params.Time
	if h.params.Profile == FIPS {
		cost = h.params.Iterations
	}
	b = binary.BigEndian.AppendUint32(b, h.params.Memory)
	b = binary.BigEndian.AppendUint32(b, cost)
	b = binary.BigEndian.AppendUint32(b, h.params.Threads)
	b = append(b, h.salt[:]...)
	b = append(b, h.vaultID[:]...)
	return binary.BigEndian.AppendUint32(b, h.bodySize)
}

// parse splits a file into its header and the sealed bundle. It does not check
// the parameters against the limits.
func parse(file []byte) (fileHeader, []byte, error) { return parseAs(magic, file) }

func parseAs(magic string, file []byte) (fileHeader, []byte, error) {
	if len(file) < len(magic)+4 || string(file[:len(magic)]) != magic {
		return fileHeader{}, nil, ErrFormat
	}
	f := file[len(magic):]
	if f[0] != version || f[1] != suite {
		return fileHeader{}, nil, fmt.Errorf("%w: version %d, suite %d", ErrVersion, f[0], f[1])
	}
	h := fileHeader{magic: magic, params: Params{Profile: Profile(f[2])}, needsSecret: f[3] == flagDeviceSecret}
	if p := h.params.Profile; p != Default && p != FIPS {
		return fileHeader{}, nil, fmt.Errorf("%w: %v", ErrVersion, p)
	}
	if f[3]&^flagDeviceSecret != 0 {
		return fileHeader{}, nil, fmt.Errorf("%w: flags %#x", ErrVersion, f[3])
	}
	if len(file) < headerSize {
		return fileHeader{}, nil, ErrFormat
	}
	h.params.Memory = binary.BigEndian.Uint32(file[12:])
	h.params.Time = binary.BigEndian.Uint32(file[16:])
	h.params.Threads = binary.BigEndian.Uint32(file[20:])
	if h.params.Profile == FIPS {
		h.params.Iterations, h.params.Time = h.params.Time, 0
	}
	copy(h.salt[:], file[24:])
	copy(h.vaultID[:], file[56:])
	h.bodySize = binary.BigEndian.Uint32(file[88:])
	body := file[headerSize:]
	if uint64(len(body)) != uint64(h.bodySize) {
		return fileHeader{}, nil, ErrFormat
	}
	return h, body, nil
}
