package store

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sluice/harness/record"
)

// role is the variable that makes this test binary play another process.
const role = "SLUICE_STORE_TEST_ROLE"

func TestMain(m *testing.M) {
	if name := os.Getenv(role); name != "" {
		if err := play(name, os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// play does what another process does to a store.
func play(name, dir, run string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	switch name {
	case "puts trials for ever", "puts 100 trials":
		for slot := 0; slot < 100 || name != "puts 100 trials"; slot++ {
			if err := s.PutTrial(aTrial(run, slot)); err != nil {
				return err
			}
			fmt.Println(slot)
		}
	case "locks":
		if _, err := s.Lock(run); err != nil {
			return err
		}
		fmt.Println("locked")
		fmt.Scanln() // until it is killed
	}
	return s.Close()
}

// began is when all runs of these tests began.
var began = time.Date(2026, 11, 21, 7, 18, 2, 5, time.UTC)

func aRun(id string) record.Run {
	return record.Run{
		ID: id, Kind: "tune", Name: "goroot", Question: "Which & why <fast>?", Command: "sluice tune", Seed: 1<<64 - 1, Started: began, State: "running",
		Machine: record.Machine{Class: "linux-amd64-2c-24g", UsableCores: 2, Detail: map[string]string{"kernel": "6.18"}},
	}
}

func aTrial(run string, slot int) record.Trial {
	return record.Trial{
		Run: run, Scenario: "goroot/local/2c", Phase: record.Search, Block: slot / 6, Slot: slot % 6, Arm: "c07",
		Config: record.Flat{"io.workers": int64(8), "channel.linger": 0.002, "memory.gogc": "off"},
		Sample: record.Sample{Seed: 3, Files: 10, Bytes: 1 << 40, Fidelity: 0.25}, Status: record.OK, Started: began.Add(time.Duration(slot) * time.Second),
		Metrics: map[string]float64{record.Wall: 1.25, record.RSS: 1 << 30}, Stats: json.RawMessage(`{"schema":"sluice.scan/v1"}`), Command: []string{"sluice", "scan"},
	}
}

func aScenario(name string) record.Scenario {
	return record.Scenario{Name: name, Corpus: "goroot", Root: "/src", Files: 10, Bytes: 100, Storage: "local", Cores: 2}
}

// opened makes an empty store.
func opened(t *testing.T) *Store {
	t.Helper()
	return reopened(t, t.TempDir())
}

func reopened(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// holding makes a store with one run.
func holding(t *testing.T, id string) *Store {
	t.Helper()
	s := opened(t)
	create(t, s, "key", aRun(id))
	return s
}

func create(t *testing.T, s *Store, key string, r record.Run) record.Run {
	t.Helper()
	r, err := s.CreateRun(key, r)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
