package limiter_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sluice/scanner/limiter"
)

// In front of a database: every statement takes a permit, and the limiter is told
// which errors mean that there is too much to do. Of SQLite that is a lock that
// somebody else holds; of others it is a full pool or a time-out. A row that is not
// there was looked for all the same, and is a success.
func Example_database() {
	dir, err := os.MkdirTemp("", "limiter")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", filepath.Join(dir, "accounts.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	l, err := limiter.New(limiter.Options{Algorithm: "aimd", Max: 32})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := limiter.Guard{Limiter: l, Classify: classify}
	exec := func(statement string) {
		if err := guard.Do(context.Background(), func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, statement)
			return err
		}); err != nil {
			fmt.Println(err)
		}
	}
	balance := func(owner string) {
		var cents int
		err := guard.Do(context.Background(), func(ctx context.Context) error {
			return db.QueryRowContext(ctx, "SELECT cents FROM accounts WHERE owner = ?", owner).Scan(&cents)
		})
		fmt.Println(owner, cents, err)
	}

	exec("CREATE TABLE accounts (owner TEXT PRIMARY KEY, cents INTEGER)")
	exec("INSERT INTO accounts VALUES ('ada', 1000)")
	balance("ada")
	balance("bob")

	other, err := db.Conn(context.Background()) // somebody who holds the lock
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := other.ExecContext(context.Background(), "BEGIN IMMEDIATE"); err != nil {
		fmt.Println(err)
	}
	exec("UPDATE accounts SET cents = 0")
	_, err = other.ExecContext(context.Background(), "ROLLBACK")
	if err := errors.Join(err, other.Close()); err != nil {
		fmt.Println(err)
	}
	exec("UPDATE accounts SET cents = cents + 1")
	balance("ada")

	s := l.Stats()
	fmt.Println("completed", s.Completed, "dropped", s.Dropped, "in flight", s.InFlight)
	// Output:
	// ada 1000 <nil>
	// bob 0 sql: no rows in result set
	// database is locked (5) (SQLITE_BUSY)
	// ada 1001 <nil>
	// completed 6 dropped 1 in flight 0
}

// classify says which errors of a database mean overload.
func classify(err error) limiter.Outcome {
	var e *sqlite.Error
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return limiter.Success
	case errors.As(err, &e) && e.Code() == sqlite3.SQLITE_BUSY:
		return limiter.Dropped
	}
	return limiter.OutcomeOf(err)
}
