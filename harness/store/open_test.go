package store

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTheFolderMayHaveAnyNameAndIsHiddenFromGit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd name?x=1#100% ü", ".sluice")
	s := reopened(t, dir)
	if s.Dir() != dir {
		t.Errorf("folder %q, want %q", s.Dir(), dir)
	}
	if text, err := os.ReadFile(filepath.Join(dir, ".gitignore")); string(text) != "*\n" || err != nil {
		t.Errorf(".gitignore is %q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, fileName)); err != nil {
		t.Error(err)
	}
	t.Chdir(filepath.Dir(dir))
	reopened(t, ".sluice") // relative, and a second time
}

func TestWhatIsNotOursIsRefusedWithARemedyAndNotTouched(t *testing.T) {
	for name, row := range map[string]struct {
		make func(t *testing.T, path string)
		want string
	}{
		"a newer version": {
			make: func(t *testing.T, path string) {
				s, err := Open(filepath.Dir(path))
				must(t, err)
				_, err = s.db.Exec("PRAGMA user_version = 7")
				must(t, errors.Join(err, s.Close()))
			},
			want: "store.db has schema 7, written by a newer sluice, this one reads up to 2; use the newer one, or --store DIR for another store",
		},
		"another program's database": {
			make: func(t *testing.T, path string) {
				db, err := sql.Open("sqlite", path)
				must(t, err)
				_, err = db.Exec("CREATE TABLE bookmark (url TEXT)")
				must(t, errors.Join(err, db.Close()))
			},
			want: "it is a database of another program; move it away or use --store DIR",
		},
		"not a database": {
			make: func(t *testing.T, path string) {
				must(t, os.WriteFile(path, []byte(strings.Repeat("text\n", 500)), 0o644))
			},
			want: "it is not a store; move it away or use --store DIR",
		},
		"a folder in its place": {
			make: func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o755)) },
			want: "check the permissions of the folder, or use --store DIR",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), fileName)
			row.make(t, path)
			before, _ := os.ReadFile(path)
			s, err := Open(filepath.Dir(path))
			if err == nil {
				t.Fatal(errors.Join(errors.New("opened"), s.Close()))
			}
			if !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %q\nwant one naming %s, with %q", err, path, row.want)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestAFolderThatCannotBeWrittenIsNamed(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(blocked, nil, 0o644))
	locked := t.TempDir()
	must(t, os.Chmod(locked, 0o555))
	for name, dir := range map[string]string{
		"below a file":             filepath.Join(blocked, ".sluice"),
		"read-only":                locked,
		"below a read-only folder": filepath.Join(locked, ".sluice"),
	} {
		t.Run(name, func(t *testing.T) {
			asNobody(t, func() {
				s, err := Open(dir)
				if err == nil {
					t.Fatal(errors.Join(errors.New("opened"), s.Close()))
				}
				if !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "--store DIR") {
					t.Errorf("error %q does not name %s and the remedy", err, dir)
				}
			})
		})
	}
}

// asNobody runs f without the superuser's rights over files, which root would
// otherwise have in every folder. Only this thread changes its identity.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Getuid() != 0 {
		f()
		return
	}
	const nobody = 65534
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, err := unix.SetfsuidRetUid(nobody); err != nil {
		t.Skipf("access to files cannot be given up here (run as root on Linux): %v", err)
	}
	defer func() { _, _ = unix.SetfsuidRetUid(0) }()
	f()
}

func TestAFullDiskIsSaid(t *testing.T) {
	s := holding(t, "r1")
	_, err := s.db.Exec("PRAGMA max_page_count = 40")
	must(t, err)
	stored := 0
	for ; stored < 1000; stored++ {
		if err = s.PutTrial(aTrial("r1", stored)); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), s.Dir()) || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("after %d trials: %v, want an error naming the store and the cause", stored, err)
	}
	if trials, err := s.Trials("r1"); len(trials) != stored || err != nil {
		t.Errorf("%d trials, %v; want the %d that were acknowledged", len(trials), err, stored)
	}
}
