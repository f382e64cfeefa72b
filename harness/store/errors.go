package store

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// explain adds the remedy to what SQLite says, where there is one.
func explain(err error) error {
	remedy := ""
	switch code(err) & 0xff { // the upper bits refine the code
	case lib.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w (it is not a store; move it away or use --store DIR)", ErrForeign, err)
	case lib.SQLITE_CORRUPT:
		remedy = "the store is damaged; restore a copy, or move it away and run anew; sqlite3 STORE/store.db .recover reads what can still be read"
	case lib.SQLITE_FULL:
		remedy = "the disk is full; every trial until now is kept: make room and run the same command again"
	case lib.SQLITE_IOERR: // among others, no room for the index of the log
		remedy = "the disk may be full or failing; every trial until now is kept: make room and run the same command again, or see the system's log"
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		remedy = "check the permissions of the folder, or use --store DIR"
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		remedy = "another process has held the store for 10 s; try again"
	default:
		return err
	}
	return fmt.Errorf("%w (%s)", err, remedy)
}

// code is SQLite's extended result code, or 0 for an error of somebody else.
func code(err error) int {
	if failure, ok := errors.AsType[*sqlite.Error](err); ok {
		return failure.Code()
	}
	return 0
}

// violates tells whether a write broke the given kind of constraint.
func violates(err error, constraint int) bool { return code(err) == constraint }
