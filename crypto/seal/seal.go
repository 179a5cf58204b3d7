package seal

import (
	"bytes"
	"io"

	"phivault/crypto/secret"
)

// Seal returns the object that holds plaintext, which stays the caller's.
func Seal(plaintext []byte, key *secret.Bytes, ctx Context, p Padding) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(int(Size(int64(len(plaintext)), p)))
	w, err := NewWriter(&out, key, ctx, p)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plaintext); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Open returns the plaintext of an object, or nil and an error; nothing of it is
// returned unless all of it verified. The slice is the caller's to wipe and the
// only copy made. It takes no more memory than the object.
func Open(object []byte, key *secret.Bytes, ctx Context) ([]byte, error) {
	r, err := NewReader(bytes.NewReader(object), key, ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	// Room for all, and for the read that finds the end: growing would leave
	// plaintext behind in the old array.
	plaintext := make([]byte, 0, max(Capacity(int64(len(object))), 0)+1)
	for {
		n, err := r.Read(plaintext[len(plaintext):cap(plaintext)])
		plaintext = plaintext[:len(plaintext)+n]
		if err == io.EOF {
			return plaintext, nil
		}
		if err != nil {
			secret.Wipe(plaintext)
			return nil, err
		}
	}
}
