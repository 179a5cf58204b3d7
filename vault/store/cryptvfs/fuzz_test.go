package cryptvfs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// script takes numbers off the fuzzer's bytes.
type script []byte

func (s *script) next(n int) int {
	if len(*s) == 0 {
		return 0
	}
	v := int((*s)[0])
	*s = (*s)[1:]
	return v % n
}

func (s *script) bytes(n int) []byte {
	b := bytes.Repeat([]byte{byte(s.next(256))}, n)
	b[0] = byte(s.next(256))
	return b
}

// FuzzLogAgainstAPlainOne does to our log and to a plain file what SQLite does
// to a log, in any order, with accesses of other shapes in between.
func FuzzLogAgainstAPlainOne(f *testing.F) {
	f.Add(false, []byte{0, 1, 1, 0, 7, 7, 1, 1, 8, 8, 4, 0, 4, 1, 3, 0, 9, 9, 4, 0, 6, 5, 1, 2, 3})
	f.Add(true, []byte{0, 1, 1, 0, 7, 7, 2, 0, 5, 5, 4, 0, 0, 2, 4, 0, 1, 0, 3, 3, 4, 0})
	f.Add(true, []byte{0, 9, 1, 0, 1, 1, 1, 1, 2, 2, 1, 2, 3, 3, 7, 1, 4, 0, 4, 1, 4, 2, 8})
	f.Fuzz(likeAPlainLog)
}

// TestTheLogIsLikeAPlainOne is the fuzz target with drawn scripts.
func TestTheLogIsLikeAPlainOne(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for i := range slow(150, 5000) {
		data := make([]byte, 300)
		for j := range data {
			data[j] = byte(r.Uint32())
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) { likeAPlainLog(t, i%2 == 0, data) })
	}
}

func likeAPlainLog(t *testing.T, big bool, data []byte) {
	page := pageSize(big)
	frame := frameHeaderSize + page
	h := frameHandle(t, page)
	s := script(data)
	model := make([]byte, headerSize+8*frame) // what SQLite believes is in the file
	var generation uint64
	valid := map[int]bool{} // frames of this generation
	begin := func(g uint64) {
		head := make([]byte, headerSize)
		binary.BigEndian.PutUint64(head[headerSalts:], g)
		if h.write(head, 0) != 0 {
			t.Fatal(h.vfs.LastError())
		}
		copy(model, head)
		generation = g
		clear(valid)
	}
	begin(1)
	offset := func(k int) int64 { return int64(headerSize + k*frame) }
	head := func() []byte {
		b := s.bytes(frameHeaderSize)
		binary.BigEndian.PutUint64(b[frameSalts:], generation)
		return b
	}
	paged := func() []byte { b := s.bytes(page); clear(b[page-overhead:]); return b }
	put := func(b []byte, off int64) {
		if h.write(b, off) != 0 {
			t.Fatalf("write of %d at %d: %v", len(b), off, h.vfs.LastError())
		}
		copy(model[off:], b)
	}
	// same reads and compares; where nothing valid lies, content must not appear.
	same := func(off int64, n int, known bool) {
		got := bytes.Repeat([]byte{0xee}, n)
		code := h.read(got, off)
		switch {
		case known && (code != 0 || !bytes.Equal(got, model[off:off+int64(n)])):
			t.Fatalf("read of %d at %d: code %d, %v", n, off, code, h.vfs.LastError())
		case !known && !allZero(got):
			t.Fatalf("read of %d at %d: content from nowhere", n, off)
		}
	}
	for len(s) > 0 {
		switch op, k := s.next(9), s.next(8); op {
		case 0:
			begin(uint64(k) + generation + 1)
		case 1:
			put(head(), offset(k))
			put(paged(), offset(k)+frameHeaderSize)
			valid[k] = true
		case 2:
			if valid[k] {
				put(paged(), offset(k)+frameHeaderSize)
			}
		case 3:
			same(offset(k), frame, valid[k])
			if valid[k] {
				put(head(), offset(k))
			}
		case 4:
			same(offset(k), frame, valid[k])
			same(offset(k)+frameHeaderSize, page, valid[k])
			same(offset(k)+frameChecksum, checksumSize, valid[k])
			same(0, headerSize, true)
			same(headerChecksum, checksumSize, true)
		case 5: // any shape at all: what is not known changes nothing
			off, n := offset(k)+int64(s.next(256)*s.next(32))-20, 1+s.next(256)*s.next(40)
			_, at := h.content.(*log).frameAt(off)
			header, inFrame := off == 0 && n == headerSize, func(from int64, length int) bool {
				return off >= headerSize && at == from && n == length
			}
			if header || inFrame(frameHeaderSize, page) {
				continue // known to read and write
			}
			if !inFrame(0, frameHeaderSize) && h.write(make([]byte, n), off) == 0 {
				t.Fatalf("a write of %d at %d was taken", n, off)
			}
			if inFrame(0, frame) || inFrame(frameChecksum, checksumSize) || off == headerChecksum && n == checksumSize {
				continue // known to read
			}
			got := bytes.Repeat([]byte{0xee}, n)
			if h.read(got, off) == 0 || !allZero(got) {
				t.Fatalf("a read of %d at %d was allowed, or left something", n, off)
			}
		case 6:
			if h.sync() != 0 {
				t.Fatal(h.vfs.LastError())
			}
		case 7:
			if h.truncate(offset(k)) != 0 {
				t.Fatal(h.vfs.LastError())
			}
			for j := k; j < 8; j++ {
				delete(valid, j)
			}
			if k == 0 { // the header goes too
				begin(generation + 1)
			}
		case 8:
			if n, code := h.size(); code != 0 || n < headerSize || (n-headerSize)%int64(frame) != 0 {
				t.Fatal(n, code)
			}
		}
	}
}

func pageSize(big bool) int {
	if big {
		return 8192
	}
	return 4096
}

// FuzzDatabaseShapes reads and writes the database at any place and length.
func FuzzDatabaseShapes(f *testing.F) {
	f.Add(false, int64(0), uint16(4096), byte(1))
	f.Add(false, int64(8192), uint16(4096), byte(1))
	f.Add(true, int64(16384), uint16(8192), byte(1))
	f.Add(true, int64(0), uint16(100), byte(1))
	f.Add(true, int64(24), uint16(16), byte(1))
	f.Add(true, int64(-1), uint16(1), byte(1))
	f.Add(true, int64(4095), uint16(2), byte(1))
	f.Fuzz(func(t *testing.T, big bool, off int64, n uint16, fill byte) {
		off %= 1 << 20 // no need for large files
		size := pageSize(big)
		h := pageHandle(t, size)
		content := bytes.Repeat([]byte{fill}, int(n))
		whole := int(n) == size && off >= 0 && off%int64(size) == 0
		if whole {
			clear(content[size-overhead:])
		}
		if took := h.write(content, off) == 0; took != whole {
			t.Fatalf("write of %d at %d: %v", n, off, took)
		}
		got := bytes.Repeat([]byte{0xee}, int(n))
		switch code := h.read(got, off); {
		case whole && (code != 0 || !bytes.Equal(got, content)):
			t.Fatalf("read back: code %d, %v", code, h.vfs.LastError())
		case code == 0 && !whole && !(off == 0 && n == headerPeek) && !(off == versionPeekOff && n == versionPeek):
			t.Fatalf("read of %d at %d was allowed", n, off)
		case code != 0 && !allZero(got):
			t.Fatalf("a failed read of %d at %d left something", n, off)
		}
		if whole && fill != 0 { // reserved bytes are not ours to lose
			if h.write(bytes.Repeat([]byte{fill}, size), off) == 0 {
				t.Fatal("content in the reserved bytes was taken")
			}
		}
	})
}

// FuzzHostileFiles lets anything lie on disk: no read may succeed or panic.
func FuzzHostileFiles(f *testing.F) {
	f.Add([]byte("SQLite format 3\x00"), []byte{0x37, 0x7f, 0x06, 0x82})
	f.Add(bytes.Repeat([]byte{1}, 9000), bytes.Repeat([]byte{2}, 9000))
	f.Add([]byte{}, make([]byte, 9000))
	f.Fuzz(func(t *testing.T, db, wal []byte) {
		h := frameHandle(t, 4096)
		main, code := h.vfs.open(h.node.path, openMain)
		if code != 0 {
			t.Fatal(code)
		}
		defer main.close(nil)
		if err := os.WriteFile(h.node.path, db, fileMode); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.node.path+logSuffix, wal, fileMode); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, frameHeaderSize+4096)
		for n := range int64(3) {
			if main.read(buf[:4096], n*4096) == 0 {
				t.Error("a page opened")
			}
			if h.read(buf[:4096], headerSize+frameHeaderSize+n*int64(len(buf))) == 0 {
				t.Error("a page of the log opened")
			}
			if h.read(buf, headerSize+n*int64(len(buf))) == 0 && !allZero(buf) {
				t.Error("a frame opened")
			}
		}
		if h.read(buf[:headerSize], 0) == 0 {
			t.Error("a log header opened")
		}
		if _, code := h.size(); code != 0 {
			t.Error(code)
		}
	})
}
