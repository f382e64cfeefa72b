package mapped

import (
	"errors"
	"runtime/debug"
	"unsafe"
)

// errFault says that a page of a mapping could not be had: the file ends before
// it now, or the disk did not yield it.
var errFault = errors.New("a page of the file could not be had")

// chunk is how many bytes are copied at a stretch. A copy can not be preempted,
// and a garbage collection would wait for the whole of a giant.
const chunk = 1 << 20

// copyGuarded copies a mapping and returns errFault where the bare copy would
// end the process by SIGBUS. The guard is this goroutine's alone and is put back
// as it was; a fault anywhere but in src is a bug and goes on as a panic.
func copyGuarded(dst, src []byte) (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		if cause := recover(); cause != nil {
			if !faultsIn(src, cause) {
				panic(cause)
			}
			err = errFault
		}
	}()
	for len(src) > 0 {
		n := copy(dst, src[:min(chunk, len(src))])
		dst, src = dst[n:], src[n:]
	}
	return nil
}

// faultsIn reports whether a recovered value is a fault at an address in b.
func faultsIn(b []byte, cause any) bool {
	fault, ok := cause.(interface{ Addr() uintptr })
	if !ok {
		return false
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return fault.Addr()-start < uintptr(len(b))
}
