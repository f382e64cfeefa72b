package analyze

/*
#include <malloc.h>

// limit_arenas returns 0 where the C library has no such limit.
static int limit_arenas(int most) {
#ifdef M_ARENA_MAX
	return mallopt(M_ARENA_MAX, most);
#else
	(void)most;
	return 0;
#endif
}
*/
import "C"

import "errors"

// LimitArenas bounds the arenas that the C library's malloc keeps for the whole
// process; 0 is the library's own bound, eight for each core. It concerns engines
// WithMalloc, and threads that allocate for the first time after it.
func LimitArenas(most int) error {
	if C.limit_arenas(C.int(most)) == 0 {
		return errors.New("memory.arenas: this C library has no arenas to limit; use auto")
	}
	return nil
}
