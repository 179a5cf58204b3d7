package secret

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestLinuxProcessCannotBeDumped(t *testing.T) {
	HardenProcess()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("core limit %+v, %v", limit, err)
	}
	if v, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || v != 0 {
		t.Errorf("dumpable is %d, %v", v, err)
	}
}

// The kernel's own account of the mapping: locked ("lo") and left out of core
// dumps ("dd").
func TestLinuxMemoryIsLockedAndLeftOutOfDumps(t *testing.T) {
	for _, n := range []int{32, 5000} {
		s := Random(n)
		if !s.Locked() {
			t.Fatalf("%d bytes are not locked; is RLIMIT_MEMLOCK below %d?", n, regionSize)
		}
		flags := vmFlags(t, uintptr(unsafe.Pointer(&s.Bytes()[0])))
		for _, want := range []string{"lo", "dd"} {
			if !strings.Contains(" "+flags+" ", " "+want+" ") {
				t.Errorf("%d bytes: flags %q lack %q", n, flags, want)
			}
		}
		s.Destroy()
	}
}

func vmFlags(t *testing.T, addr uintptr) string {
	t.Helper()
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range bytes.Lines(smaps) {
		text := string(line)
		if lo, hi, ok := mapping(text); ok {
			inside = lo <= addr && addr < hi
		}
		if flags, ok := strings.CutPrefix(text, "VmFlags:"); ok && inside {
			return strings.TrimSpace(flags)
		}
	}
	t.Fatal("mapping not found")
	return ""
}

func mapping(line string) (lo, hi uintptr, ok bool) {
	span, _, _ := strings.Cut(line, " ")
	a, b, found := strings.Cut(span, "-")
	if !found {
		return 0, 0, false
	}
	for _, part := range []struct {
		text string
		into *uintptr
	}{{a, &lo}, {b, &hi}} {
		for _, c := range part.text {
			d := strings.IndexRune("0123456789abcdef", c)
			if d < 0 {
				return 0, 0, false
			}
			*part.into = *part.into<<4 | uintptr(d)
		}
	}
	return lo, hi, true
}

// Run in a child whose limit allows no locked page: everything works, and says
// that it is not locked.
func TestLinuxWorksWhereLockingIsRefused(t *testing.T) {
	const child = "PHIVAULT_TEST_NO_MEMLOCK"
	if os.Getenv(child) == "" {
		c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		c.Env = append(os.Environ(), child+"=1")
		out, err := c.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("child was here")) {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	runtime.LockOSThread()
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{}); err != nil {
		t.Fatal(err)
	}
	dropLockCapability(t)
	for _, n := range []int{32, 5000} {
		s := FromBytes(bytes.Repeat([]byte{7}, n))
		if s.Locked() {
			t.Errorf("%d bytes claim to be locked", n)
		}
		if !bytes.Equal(s.Bytes(), bytes.Repeat([]byte{7}, n)) {
			t.Errorf("%d bytes: others came back", n)
		}
		s.Destroy()
	}
	r := HardenProcess()
	if last := r.Steps[len(r.Steps)-1]; last.Done || r.Complete() {
		t.Errorf("the report hides it: %+v", last)
	}
	t.Log("child was here")
}

// dropLockCapability gives up CAP_IPC_LOCK, with which the limit does not count.
func dropLockCapability(t *testing.T) {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	data[unix.CAP_IPC_LOCK/32].Effective &^= 1 << (unix.CAP_IPC_LOCK % 32)
	data[unix.CAP_IPC_LOCK/32].Permitted &^= 1 << (unix.CAP_IPC_LOCK % 32)
	// On this thread, which the test keeps to itself.
	if err := unix.Capset(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
}
