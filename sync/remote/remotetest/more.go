package remotetest

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"testing"

	"phivault/sync/remote"
)

// stream gives size bytes that are cheap to make, and looks at the heap on the
// way.
type stream struct {
	left int64
	at   byte
	peak *uint64
	step int64
}

func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.left)]
	for i := range p {
		p[i] = s.at
		s.at = s.at*5 + 3
	}
	s.left -= int64(len(p))
	if s.step -= int64(len(p)); s.step <= 0 {
		s.step = 4 << 20
		observe(s.peak)
	}
	return len(p), nil
}

// observe notes the live heap after a collection, as a high-water mark.
func observe(peak *uint64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	*peak = max(*peak, m.HeapAlloc)
}

// big passes a body much larger than what may be held of it.
func big(t *testing.T, o Options, r remote.Remote) {
	size := int64(48 << 20)
	if os.Getenv("PHIVAULT_SLOW") != "" {
		size = 256 << 20
	}
	if o.Buffers {
		size = 12 << 20
	}
	const allowed = 24 << 20 // well below size, well above a few parts in flight
	var start, peak uint64
	observe(&start)
	n := Name()
	if err := r.Put(t.Context(), n, &stream{left: size, peak: &peak}, size); err != nil {
		t.Fatal(err)
	}
	body, got, err := r.Get(t.Context(), n)
	if err != nil || got != size {
		t.Fatalf("size %d, %v", got, err)
	}
	defer body.Close()
	sum, want := crc32.NewIEEE(), crc32.NewIEEE()
	if _, err := io.Copy(sum, body); err != nil {
		t.Fatal(err)
	}
	observe(&peak)
	io.Copy(want, &stream{left: size, peak: new(uint64), step: size})
	if sum.Sum32() != want.Sum32() {
		t.Error("another body came back")
	}
	if !o.Buffers && peak > start+allowed {
		t.Errorf("the heap grew by %d MiB for a body of %d MiB", (peak-start)>>20, size>>20)
	}
}

func companions(t *testing.T, o Options, r remote.Remote) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	held := map[remote.Name]int64{}
	for i := range 3 {
		n := Name()
		Put(t, r, n, Bytes(100+i))
		held[n] = int64(100 + i)
	}
	other := remote.VaultSpace([10]byte{8}).Name([32]byte(Bytes(32)))
	Put(t, r, other, Bytes(50))

	seen := map[remote.Name]int64{}
	var listErr error
	for e, err := range remote.List(ctx, r, Space()) {
		if err != nil {
			listErr = err
			break
		}
		seen[e.Name] = e.Size
	}
	if errors.Is(listErr, remote.ErrUnsupported) && !o.Lists {
		t.Log("this remote does not list")
	} else {
		if listErr != nil {
			t.Errorf("list: %v", listErr)
		}
		for n, size := range held {
			if seen[n] != size {
				t.Errorf("%s is listed with %d bytes, not %d", n, seen[n], size)
			}
		}
		if _, leaked := seen[other]; leaked {
			t.Error("the listing of a space names another space's object")
		}
		for range remote.List(ctx, r, remote.VaultSpace([10]byte{66})) {
			t.Error("an empty space lists something")
		}
	}

	if o.Watches {
		watch(t, r)
	}

	var gone remote.Name
	for n := range held {
		gone = n
		break
	}
	err := remote.Delete(ctx, r, gone)
	if errors.Is(err, remote.ErrUnsupported) && !o.Deletes {
		t.Log("this remote does not delete")
		return
	}
	if err != nil {
		t.Fatalf("delete: %v", err)
	}
	if err := remote.Delete(ctx, r, gone); err != nil {
		t.Errorf("deleting what is absent: %v", err)
	}
	wantAbsent(t, r, gone)
}

// watch wants to hear of a put that comes after the first sign.
func watch(t *testing.T, r remote.Remote) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, heard, first := Name(), false, true
	for got, err := range remote.Watch(ctx, r, Space()) {
		if err != nil {
			if !heard || !errors.Is(err, context.Canceled) {
				t.Errorf("watch: %v", err)
			}
			break
		}
		if first && !got.IsZero() {
			t.Error("a watch begins with another sign than: look")
		}
		if first {
			first = false
			b := Bytes(10)
			if err := r.Put(ctx, n, bytes.NewReader(b), 10); err != nil {
				t.Fatal(err)
			}
		}
		if got == n {
			heard = true
			cancel()
		}
	}
	if !heard {
		t.Error("a new object was not heard of")
	}
}

// Big is the measurement of Run alone, for an adapter before a Sink.
func Big(t *testing.T, r remote.Remote) { big(t, Options{}, r) }

// Sink is a server that keeps nothing of a put but its size, and gives a body of
// that size that Big accepts.
func Sink(size *string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.Method {
		case http.MethodPut:
			n, _ := io.Copy(io.Discard, req.Body)
			*size = strconv.FormatInt(n, 10)
			if decoded := req.Header.Get("X-Amz-Decoded-Content-Length"); decoded != "" {
				*size = decoded
			}
			w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
		case http.MethodGet:
			object(w, *size)
			n, _ := strconv.ParseInt(*size, 10, 64)
			io.Copy(w, &stream{left: n, peak: new(uint64), step: n})
		case http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		default:
			w.WriteHeader(http.StatusCreated)
		}
	})
}
