package observe_test

import (
	"fmt"
	"sync"
	"time"

	"sluice/scanner/observe"
)

// An I/O worker that reads three files and hands them to nobody.
func Example() {
	begin := time.Now()
	now := func() time.Duration { return time.Since(begin) }
	meter, tally := observe.NewIOMeter("read", 1), new(observe.Tally)
	probe := meter.Probe()
	monitor := observe.NewMonitor(observe.MonitorOptions{
		InFlight: func() (files, bytes int64) { return observe.InFlight([]*observe.Tally{tally}) },
	})
	worker := monitor.Worker("read", 0, observe.IO) // while the pool is made
	worker.HoldInto(probe.Hold)

	monitor.Start(now)
	var pool sync.WaitGroup
	pool.Go(func() {
		worker.Enter() // once, on the goroutine
		for _, path := range []string{"a.go", "b.go", "c.go"} {
			worker.Task(path)
			tally.Enter(1, 0)
			worker.Set(observe.Reading, now()) // open and read it
			worker.Set(observe.Computing, now())
			tally.Enter(0, 1000)
			worker.Set(observe.Waiting, now()) // hand it over
			tally.Leave(1, 1000)
			worker.Set(observe.Idle, now()) // take the next
		}
		worker.Leave(now())
	})
	pool.Wait()
	summary := monitor.Stop()

	probe.Flush()
	station := meter.Station(now())
	fmt.Println("holds:", station.HoldS.N)
	fmt.Println("reports:", len(summary.Reports))
	// Output:
	// holds: 3
	// reports: 0
}
