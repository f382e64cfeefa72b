package interference

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Longest is the longest that a Tenant may stay: a day.
const Longest = 24 * time.Hour

// Tenant is a neighbour on the machine. All its workers are busy at the same
// times, those of its Schedule.
type Tenant struct {
	Seed   uint64
	Duty   float64       // share of the time that it is busy, 0 … 1; 1 is steadily
	Period time.Duration // of its pulses on average, 10 ms at least
	For    time.Duration // that it stays, > 0, at most Longest

	CPU         int    // threads that compute, ≥ 0
	Memory      int    // threads that copy memory, ≥ 0
	MemoryBytes int64  // each copies through, 1 MiB at least: more than the caches hold
	Disk        string // folder to write, sync and read a scratch file in; empty for none
	DiskBytes   int64  // of the scratch file at most, 1 MiB at least
}

// Default returns a tenant that stays for a minute, is busy half of the time in
// pulses of about half a second, and has no workers yet. MemoryBytes is beyond the
// last-level cache of most machines.
func Default() Tenant {
	return Tenant{Seed: 1, Duty: 0.5, Period: time.Second, For: time.Minute, MemoryBytes: 128 << 20, DiskBytes: 64 << 20}
}

// Account says what a Tenant did. CPUS is of its workers' threads, by the
// kernel's books.
type Account struct {
	ElapsedS         float64 `json:"elapsed_s"`
	Pulses           int     `json:"pulses"` // begun; 1 for a steady one
	CPUS             float64 `json:"cpu_s"`
	MemoryBytes      int64   `json:"memory_bytes"`       // copied; each was read once and written once
	DiskWrittenBytes int64   `json:"disk_written_bytes"` // and synced
	DiskReadBytes    int64   `json:"disk_read_bytes"`    // after the page cache was asked to forget them
	Seed             uint64  `json:"seed"`
}

// Validate reports every fault at once, each with the remedy.
func (t Tenant) Validate() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(!(t.Duty >= 0 && t.Duty <= 1), "duty is %v; use a share of 0 … 1", t.Duty)
	fault(t.Period < 10*time.Millisecond, "period is %v; use 10ms or more", t.Period)
	fault(t.For <= 0 || t.For > Longest, "the time to stay is %v; use a positive one, at most %v", t.For, Longest)
	fault(t.CPU < 0 || t.CPU > MostThreads, "cpu is %d; use 0 … %d threads", t.CPU, MostThreads)
	fault(t.Memory < 0 || t.Memory > MostThreads, "memory is %d; use 0 … %d threads", t.Memory, MostThreads)
	fault(t.Memory > 0 && (t.MemoryBytes < piece || t.MemoryBytes > MostRSS/int64(max(t.Memory, 1))),
		"memory bytes are %d for each of %d threads; use 1MiB or more, and 64GiB in all at most", t.MemoryBytes, t.Memory)
	fault(t.Disk != "" && t.DiskBytes < piece, "disk bytes are %d; use 1MiB or more", t.DiskBytes)
	fault(t.CPU == 0 && t.Memory == 0 && t.Disk == "", "it has nothing to do; give it threads that compute or copy memory, or a folder to write in")
	return errors.Join(faults...)
}

// worker does one kind of disturbance on a thread of its own.
type worker interface {
	// busy goes on until ctx ends or now is at or past until, and looks at both at
	// least each millisecond, unless the storage keeps it.
	busy(ctx context.Context, now func() time.Duration, until time.Duration) error
	// settle gives back what it holds and adds what it did.
	settle(a *Account) error
}

// Run disturbs until For has passed or ctx ends, neither of which is an error,
// and leaves nothing behind: its scratch file has no name from the start. It
// returns once every worker has stopped, within about a millisecond, or when the
// storage has answered. Give the process as many GOMAXPROCS as it has workers.
func (t Tenant) Run(ctx context.Context) (Account, error) {
	if err := t.Validate(); err != nil {
		return Account{}, err
	}
	workers, err := t.hire()
	if err != nil {
		return Account{}, errors.Join(err, dismiss(workers, &Account{}))
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, t.For)
	defer cancel()
	now := func() time.Duration { return time.Since(start) }
	schedule := Schedule{Seed: t.Seed, Period: t.Period, Duty: t.Duty}
	var all sync.WaitGroup
	used, errs := make([]time.Duration, len(workers)), make([]error, len(workers))
	for i, w := range workers {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			before := threadTime()
			if errs[i] = follow(ctx, schedule, now, w); errs[i] != nil {
				cancel() // half a disturbance is none that was asked for
			}
			used[i] = threadTime() - before
		})
	}
	all.Wait()
	account := Account{ElapsedS: now().Seconds(), Pulses: schedule.Pulses(now()), Seed: t.Seed}
	for _, d := range used {
		account.CPUS += d.Seconds()
	}
	errs = append(errs, dismiss(workers, &account))
	return account, errors.Join(errs...)
}

// hire makes the workers; on an error those made so far.
func (t Tenant) hire() ([]worker, error) {
	var workers []worker
	for i := range t.CPU {
		workers = append(workers, &computer{next: int64(i) << 32})
	}
	for range t.Memory {
		w, err := newCopier(t.MemoryBytes)
		if err != nil {
			return workers, err
		}
		workers = append(workers, w)
	}
	if t.Disk != "" {
		w, err := newScribe(t.Disk, t.DiskBytes)
		if err != nil {
			return workers, err
		}
		workers = append(workers, w)
	}
	return workers, nil
}

func dismiss(workers []worker, account *Account) error {
	var errs []error
	for _, w := range workers {
		errs = append(errs, w.settle(account))
	}
	return errors.Join(errs...)
}

// follow keeps one worker busy when the schedule says so.
func follow(ctx context.Context, s Schedule, now func() time.Duration, w worker) error {
	for ctx.Err() == nil {
		busy, until := s.At(now())
		if !busy {
			if err := wait(ctx, until-now()); err != nil && ctx.Err() == nil {
				return err
			}
			continue
		}
		if err := w.busy(ctx, now, until); err != nil {
			return err
		}
	}
	return nil
}
