package secret

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// werNoHeap is WER_FAULT_REPORTING_FLAG_NOHEAP: a crash report carries no heap.
const werNoHeap = 1

func disableCoreDumps() error {
	windows.SetErrorMode(windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX)
	proc := windows.NewLazySystemDLL("kernel32.dll").NewProc("WerSetFlags")
	if err := proc.Find(); err != nil {
		return err
	}
	if hr, _, _ := proc.Call(werNoHeap); hr != 0 {
		return fmt.Errorf("WerSetFlags: result %#x", hr)
	}
	return nil
}

// denyInspection leaves this user three rights over the process: to wait for it,
// to ask for its exit code, and to end it. Reading its memory is not among them.
func denyInspection() error {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return err
	}
	acl, err := windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{{
		AccessPermissions: windows.SYNCHRONIZE | windows.PROCESS_QUERY_LIMITED_INFORMATION | windows.PROCESS_TERMINATE,
		AccessMode:        windows.SET_ACCESS,
		Inheritance:       windows.NO_INHERITANCE,
		Trustee: windows.TRUSTEE{
			TrusteeForm:  windows.TRUSTEE_IS_SID,
			TrusteeType:  windows.TRUSTEE_IS_USER,
			TrusteeValue: windows.TrusteeValueFromSID(user.User.Sid),
		},
	}}, nil)
	if err != nil {
		return err
	}
	return windows.SetSecurityInfo(windows.CurrentProcess(), windows.SE_KERNEL_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, acl, nil)
}
